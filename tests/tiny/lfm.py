"""Small checkpoints of `hooks.families.lfm`."""

from pathlib import Path

from transformers import (
    Lfm2VlConfig,
    Lfm2VlForConditionalGeneration,
    Lfm2VlProcessor,
    Lfm3VlConfig,
    Lfm3VlForConditionalGeneration,
    Lfm3VlProcessor,
)
from transformers.models.lfm2_vl.image_processing_lfm2_vl import Lfm2VlImageProcessor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideoProcessor

from . import parts

SIDE, PATCH = 32, 8


def lfm2_vl(path: Path) -> None:
    """Tiles of 32 x 32 pixels, 2 x 2 patches a token; two layers of convolution to one of attention."""
    named = {
        "image_token": "<image>",
        "image_start_token": "<|image_start|>",
        "image_end_token": "<|image_end|>",
        "image_thumbnail": "<|img_thumbnail|>",
    }
    places = [f"<|img_row_{row}_col_{col}|>" for row in range(1, 5) for col in range(1, 5)]
    words = parts.tokenizer(*named.values(), *places, extra_special_tokens=named)
    config = Lfm2VlConfig(
        vision_config=parts.vision(
            model_type="siglip2_vision_model", patch_size=PATCH, num_patches=16, vision_use_head=False
        ),
        text_config=parts.text(
            len(words),
            model_type="lfm2",
            layer_types=["conv", "full_attention", "conv"],
            block_auto_adjust_ff_dim=False,
            conv_L_cache=3,
        ),
        projector_hidden_size=64,
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )
    images = Lfm2VlImageProcessor(
        tile_size=SIDE,
        encoder_patch_size=PATCH,
        min_image_tokens=4,
        max_image_tokens=16,
        min_tiles=2,
        max_tiles=4,
        max_pixels_tolerance=1.0,
    )
    template = parts.chat("<image>")
    parts.save(path, Lfm2VlForConditionalGeneration, config, Lfm2VlProcessor(images, words, chat_template=template))


def lfm3_vl(path: Path) -> None:
    """Packed patches, 2 x 2 a token; layers of convolution, of attention in a window, and of attention to all."""
    named = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}
    named |= {"vision_start_token": "<|vision_start|>", "vision_end_token": "<|vision_end|>"}
    words = parts.tokenizer(*named.values(), extra_special_tokens=named)
    seen = parts.vision(patch_size=PATCH, num_key_value_heads=2, spatial_merge_size=2)
    text = parts.text(
        len(words),
        model_type="lfm3",
        num_hidden_layers=4,
        layer_types=["conv", "sliding_attention", "conv", "full_attention"],
        head_dim=16,
        sliding_window=24,
    )
    config = Lfm3VlConfig(
        vision_config={name: seen[name] for name in seen if name != "image_size"},
        text_config=text,
        projector_hidden_size=64,
        image_token_id=words.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=words.convert_tokens_to_ids("<|video_pad|>"),
        vision_start_token_id=words.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=words.convert_tokens_to_ids("<|vision_end|>"),
    )
    size = {"shortest_edge": 4 * (2 * PATCH) ** 2, "longest_edge": 40 * (2 * PATCH) ** 2}
    images = Qwen2VLImageProcessorPil(patch_size=PATCH, merge_size=2, temporal_patch_size=2, size=size)
    template = parts.chat("<|vision_start|><|image_pad|><|vision_end|>")
    processor = Lfm3VlProcessor(images, words, Qwen3VLVideoProcessor(), chat_template=template)
    parts.save(path, Lfm3VlForConditionalGeneration, config, processor)


CASES: dict[str, parts.Save] = {"lfm2_vl": lfm2_vl, "lfm3_vl": lfm3_vl}
