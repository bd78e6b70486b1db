"""Small checkpoints of families that the table does not have, for `hooks.families.generic`."""

from pathlib import Path

from transformers import (
    AyaVisionConfig,
    AyaVisionForConditionalGeneration,
    AyaVisionProcessor,
    Idefics2Config,
    Idefics2ForConditionalGeneration,
    Idefics2Processor,
    JanusConfig,
    JanusForConditionalGeneration,
    JanusProcessor,
)
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.idefics2.image_processing_pil_idefics2 import Idefics2ImageProcessorPil
from transformers.models.janus.image_processing_pil_janus import JanusImageProcessorPil

from .parts import Save, chat, save, text, tokenizer, vision

PATCH, SIDE, QUERIES = 8, 64, 16


def aya_vision(path: Path, *, tiles: int = 1) -> None:
    """SigLIP, 2x2 patches a token, layers with and without a window; of one tile, or several and a thumbnail."""
    marks = ["<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>", "TILE_GLOBAL"]
    words = tokenizer("<image>", *marks, *(f"TILE_{tile}" for tile in range(1, tiles + 1)))
    config = AyaVisionConfig(
        vision_config=vision(
            model_type="siglip_vision_model", image_size=SIDE, patch_size=PATCH, vision_use_head=False
        ),
        text_config=text(len(words), model_type="cohere2", logit_scale=1.0, sliding_window_pattern=2),
        image_token_index=words.convert_tokens_to_ids("<|IMG_PATCH|>"),
    )
    size = {"height": SIDE, "width": SIDE}
    pictures = GotOcr2ImageProcessorPil(size=size, crop_to_patches=True, max_patches=tiles)
    settings = {"patch_size": PATCH, "img_size": SIDE, "downsample_factor": 2, "chat_template": chat("<image>")}
    save(path, AyaVisionForConditionalGeneration, config, AyaVisionProcessor(pictures, words, **settings))


def janus(path: Path) -> None:
    """A ViT with an aligner of its own, beside the parts that make images."""
    named = {"image_token": "<image_placeholder>", "boi_token": "<begin_of_image>", "eoi_token": "<end_of_image>"}
    words = tokenizer(*named.values(), extra_special_tokens=named)
    seen = vision(mlp_ratio=2, projection_dim=64, image_size=SIDE, patch_size=PATCH)
    config = JanusConfig(
        vision_config=seen,
        text_config=text(len(words), model_type="llama"),
        vq_config={
            "base_channels": 32,
            "latent_channels": 32,
            "channel_multiplier": [1, 1],
            "num_res_blocks": 1,
            "num_embeddings": 16,
            "projection_dim": 64,
            "image_token_embed_dim": 64,
        },
        image_token_id=words.convert_tokens_to_ids("<image_placeholder>"),
    )
    pictures = JanusImageProcessorPil(size={"height": SIDE, "width": SIDE})
    settings = {"num_image_tokens": (SIDE // PATCH) ** 2, "chat_template": chat("<image_placeholder>")}
    save(path, JanusForConditionalGeneration, config, JanusProcessor(pictures, words, **settings))


def idefics2(path: Path) -> None:
    """Pictures that keep their shape, and a perceiver that makes as many tokens of each."""
    words = tokenizer("<fake_token_around_image>", "<image>", "<end_of_utterance>")
    heads = {"resampler_n_heads": 4, "resampler_head_dim": 16, "num_key_value_heads": 2, "initializer_range": 0.1}
    config = Idefics2Config(
        vision_config={**vision(image_size=SIDE, patch_size=PATCH), "num_channels": 3},
        text_config=text(len(words), model_type="mistral"),
        perceiver_config={"hidden_size": 64, "resampler_n_latents": QUERIES, "resampler_depth": 2, **heads},
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )
    pictures = Idefics2ImageProcessorPil(size={"shortest_edge": 32, "longest_edge": SIDE})
    settings = {"image_seq_len": QUERIES, "chat_template": chat("<image>")}
    save(path, Idefics2ForConditionalGeneration, config, Idefics2Processor(pictures, words, **settings))


CASES: dict[str, Save] = {"aya_vision": aya_vision, "janus": janus, "idefics2": idefics2}
