"""Small checkpoints of families that cut a picture into crops of one size, or see it as one frame."""

from functools import partial
from pathlib import Path
from typing import Any

import transformers

from . import parts
from .parts import Save, chat

CROP, PATCH = 32, 8
SIZE = {"height": CROP, "width": CROP}
SIGLIP = parts.vision(model_type="siglip_vision_model", image_size=CROP, patch_size=PATCH, vision_use_head=False)


def pictures(processor_class: str, **settings: Any) -> Any:
    """An image processor that makes crops of `CROP` x `CROP` pixels."""
    normal = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    return getattr(transformers, processor_class)(**{"size": SIZE, **normal, **settings})


def save(
    path: Path,
    *,
    model_type: str,
    named: dict[str, str],
    images: Any,
    processor: str,
    mark: str = "",
    vision: dict[str, Any] = SIGLIP,
    language: str | None = None,
    text: dict[str, Any] | None = None,
    token: str = "image_token",
    specials: tuple[str, ...] = (),
    **config: Any,
) -> None:
    """One type: `named` are its special tokens by name, `token` the name of the one at an image's positions."""
    words = parts.tokenizer(*named.values(), *specials, extra_special_tokens=named)
    chosen = {"model_type": language} if language else {}
    parts.save_type(
        path,
        model_type,
        processor,
        images(),
        words,
        template=chat(mark or named[token]),
        **{
            "vision_config": vision,
            "text_config": parts.text(len(words), **chosen, **(text or {})),
            "image_token_id": words.convert_tokens_to_ids(named[token]),
            **config,
        },
    )


CONTEXT = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "mark": "<image>",
}
COHERE = {
    "image_token": "<|IMG_PATCH|>",
    "boi_token": "<|START_OF_IMG|>",
    "eoi_token": "<|END_OF_IMG|>",
    "img_line_break_token": "<|IMG_LINE_BREAK|>",
}
GEMMA4 = {
    "image_token": "<|image|>",
    "boi_token": "<|image>",
    "eoi_token": "<image|>",
    "audio_token": "<|audio|>",
    "boa_token": "<|audio>",
    "eoa_token": "<audio|>",
}

CASES: dict[str, Save] = {
    "qianfan_ocr": partial(
        save,
        model_type="qianfan_ocr",
        named=CONTEXT,
        token="context_image_token",
        mark="<image>",
        images=partial(pictures, "GotOcr2ImageProcessor", crop_to_patches=True, min_patches=1, max_patches=6),
        processor="QianfanOCRProcessor",
        vision=parts.vision(image_size=CROP, patch_size=PATCH, layer_scale_init_value=1.0),
        language="qwen3",
        text={"head_dim": 16},
        image_seq_length=4,
        processor_image_seq_length=4,
    ),
    "cohere2_vision": partial(
        save,
        model_type="cohere2_vision",
        named=COHERE,
        images=partial(pictures, "Cohere2VisionImageProcessor", patch_size=2, max_patches=6),
        processor="Cohere2VisionProcessor",
        language="cohere2",
        text={"logit_scale": 1.0},
        alignment_intermediate_size=64,
    ),
    "gemma4": partial(
        save,
        model_type="gemma4",
        named=GEMMA4,
        specials=("<|video|>",),
        images=partial(pictures, "Gemma4ImageProcessor", patch_size=4, max_soft_tokens=70, pooling_kernel_size=3),
        processor="Gemma4Processor",
        vision=parts.vision(patch_size=4, num_key_value_heads=4, head_dim=8),
        text={
            "head_dim": 16,
            "global_head_dim": 16,
            "vocab_size_per_layer_input": 400,
            "hidden_size_per_layer_input": 8,
        },
        processor_image_seq_length=70,
        processor_feature_extractor=None,
        processor_video_processor=None,
    ),
}
