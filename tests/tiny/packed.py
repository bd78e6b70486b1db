"""Small checkpoints of families that pack the patches of pictures of any shape, merge block by merge block."""

from functools import partial
from pathlib import Path
from typing import Any

import transformers

from . import parts
from .parts import Save, chat

SIDE = 8
"""Pixels of a patch."""

LEAST, MOST = 4, 40
"""Merged tokens of an image."""

GLM = ("<|image|>", "<|video|>", "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>")
QWEN = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
PADDLE = ("<|IMAGE_PLACEHOLDER|>", "<|video_pad|>", "<|IMAGE_START|>", "<|IMAGE_END|>")
ROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
"""The 8 rotations of a head of 16 features, split between time, row and column."""

BLOCKS = {"depth": 3, "num_heads": 4, "out_hidden_size": 64, "spatial_merge_size": 2, "temporal_patch_size": 2}
TOWER = {"hidden_size": 32, "intermediate_size": 48, "patch_size": SIDE, "initializer_range": 0.1}
LAYERS = {"num_hidden_layers": 3, "num_attention_heads": 4}


def pictures(processor_class: str, *, temporal: int = 1, merge: int = 2, **settings: Any) -> Any:
    """An image processor that keeps a picture's shape, from `LEAST` to `MOST` tokens."""
    area = temporal * (merge * SIDE) ** 2
    return getattr(transformers, processor_class)(
        patch_size=SIDE,
        merge_size=merge,
        image_mean=[0.5] * 3,
        image_std=[0.25] * 3,
        **{"size": {"shortest_edge": LEAST * area, "longest_edge": MOST * area}, **settings},
    )


def save(
    path: Path,
    *,
    model_type: str,
    specials: tuple[str, ...],
    images: Any,
    processor: str,
    mark: str,
    vision: dict[str, Any],
    text: dict[str, Any] | None = None,
    named: dict[str, str] | None = None,
    **config: Any,
) -> None:
    """One type: its tower, its language model, and a chat template that writes `mark` where the image is."""
    words = parts.tokenizer(*specials, **({"extra_special_tokens": named} if named else {}))
    ids = {
        "image_token_id": words.convert_tokens_to_ids(specials[0]),
        "video_token_id": words.convert_tokens_to_ids(specials[1]),
    }
    parts.save_type(
        path,
        model_type,
        processor,
        images(),
        words,
        template=chat(mark),
        vision_config=TOWER | vision,
        text_config=parts.text(len(words), **(text or {})),
        **ids,
        **{
            name: words.convert_tokens_to_ids(value) if isinstance(value, str) else value
            for name, value in config.items()
        },
    )


glm = partial(
    save,
    specials=GLM,
    images=partial(pictures, "Glm4vImageProcessor", temporal=2, temporal_patch_size=2),
    processor="Glm4vProcessor",
    mark="<|begin_of_image|><|image|><|end_of_image|>",
    vision=BLOCKS | {"image_size": 64},
    text={"rope_parameters": ROPE},
)
glm46 = partial(
    glm,
    images=partial(pictures, "Glm46VImageProcessor", temporal=2, temporal_patch_size=2),
    processor="Glm46VProcessor",
)
EXPERTS = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "n_shared_experts": 1}
qwen_like = partial(save, specials=QWEN, mark="<|vision_start|><|image_pad|><|vision_end|>")

CASES: dict[str, Save] = {
    "glm4v": partial(glm, model_type="glm4v"),
    "glm46v": partial(glm46, model_type="glm46v"),
    "glmga": partial(
        glm46, model_type="glmga", images=partial(pictures, "GlmgaImageProcessor", temporal=2, temporal_patch_size=2)
    ),
    "glm4v_moe": partial(
        glm, model_type="glm4v_moe", text={"rope_parameters": ROPE | {"partial_rotary_factor": 1.0}, **EXPERTS}
    ),
    "glm_ocr": partial(glm46, model_type="glm_ocr", text={"rope_parameters": ROPE, "head_dim": 16}),
    "exaone4_5": partial(
        qwen_like,
        model_type="exaone4_5",
        images=partial(pictures, "Qwen2VLImageProcessor", temporal_patch_size=2),
        processor="Exaone4_5_Processor",
        vision=BLOCKS | {"hidden_size": 64, "window_size": 32, "fullatt_block_indexes": [1], "num_key_value_heads": 2},
        text={"model_type": "exaone4", "sliding_window": 2000, "sliding_window_pattern": 4},
    ),
    "paddleocr_vl": partial(
        save,
        model_type="paddleocr_vl",
        specials=PADDLE,
        named={"image_token": PADDLE[0], "video_token": PADDLE[1], "start": PADDLE[2], "end": PADDLE[3]},
        mark="<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>",
        images=partial(pictures, "PaddleOCRVLImageProcessor"),
        processor="PaddleOCRVLProcessor",
        vision=LAYERS | {"image_size": 64},
        text={"rope_parameters": ROPE, "head_dim": 16},
    ),
    "video_llama_3": partial(
        qwen_like,
        model_type="video_llama_3",
        images=partial(pictures, "VideoLlama3ImageProcessor"),
        processor="VideoLlama3Processor",
        vision=LAYERS,
        text={"model_type": "qwen2"},
    ),
}
