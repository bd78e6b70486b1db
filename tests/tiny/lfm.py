"""A small checkpoint of `hooks.families.lfm`."""

from pathlib import Path

from transformers import Lfm2VlConfig, Lfm2VlForConditionalGeneration, Lfm2VlProcessor
from transformers.models.lfm2_vl.image_processing_lfm2_vl import Lfm2VlImageProcessor

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


CASES: dict[str, parts.Save] = {"lfm2_vl": lfm2_vl}
