"""LLaVA: a ViT whose patches go through a small MLP into a causal language model, and its successors.

LLaVA-NeXT and LLaVA-OneVision read tiles of the picture and a thumbnail (`anyres`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from . import anyres
from .family import FIXED, Family, Limit, Modules, Reuse
from .tokens import ImageTokens, Inputs, cls_vit_towers, vit_grid, vit_leading, vit_towers


def towers(config: Any) -> dict[str, Tower]:
    """A ViT, with CLS or without, its projector and a language model."""
    return cls_vit_towers(config) if vit_leading(config) else vit_towers(config)


def entering_cls(config: Any) -> int:
    """How many CLS tokens go on to the language model: the vision tower's, where its features are used in full."""
    full = getattr(config, "vision_feature_select_strategy", "default") == "full"
    return vit_leading(config) if full else 0


def vision_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Each image's row, after the projector without CLS: (image, token, feature) -> per image (token, feature)."""
    return list(state[:, entering_cls(config) if tower == "projector" else 0 :].unbind(0))


def language_rows(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """Image positions without CLS: (position, feature) -> (token, feature)."""
    return state[entering_cls(config) :]


def images_grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The grid of a picture in the input that has pictures and no videos."""
    return vit_grid(config, {"pixel_values": image["pixel_values_images"]}, tower)


LLAVA = Family(
    name="llava",
    model_types=("llava",),
    modules=Modules(
        vision="model.vision_tower.encoder.layers",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(towers, vit_grid, leading=vit_leading, vision_rows=vision_rows, language_rows=language_rows),
    reuse=Reuse(image_prefix="causal"),
    limit=FIXED,
    vision_types=("clip_vision_model", "siglip_vision_model"),
    examples=(
        "llava-hf/llava-1.5-7b-hf",
        "llava-hf/llava-1.5-13b-hf",
        "llava-hf/llava-interleave-qwen-0.5b-hf",
        "llava-hf/llava-interleave-qwen-7b-hf",
    ),
)

VIPLLAVA = replace(
    LLAVA,
    name="vipllava",
    model_types=("vipllava",),
    examples=("llava-hf/vip-llava-7b-hf", "llava-hf/vip-llava-13b-hf"),
)

LLAVA_NEXT = replace(
    LLAVA,
    name="llava_next",
    model_types=("llava_next",),
    tokens=replace(LLAVA.tokens, grid=anyres.grid, vision_rows=anyres.tile_rows, language_rows=anyres.plane_rows),
    limit=Limit(anyres.limit_visual_tokens, "fewer tiles", shared_settings=("image_grid_pinpoints",)),
    examples=(
        "llava-hf/llava-v1.6-vicuna-7b-hf",
        "llava-hf/llava-v1.6-vicuna-13b-hf",
        "llava-hf/llava-v1.6-mistral-7b-hf",
        "llava-hf/llava-v1.6-34b-hf",
        "llava-hf/llama3-llava-next-8b-hf",
        "llava-hf/llava-next-72b-hf",
        "llava-hf/llava-next-110b-hf",
    ),
)

LLAVA_NEXT_VIDEO = replace(
    LLAVA_NEXT,
    name="llava_next_video",
    model_types=("llava_next_video",),
    examples=("llava-hf/LLaVA-NeXT-Video-7B-hf", "llava-hf/LLaVA-NeXT-Video-7B-DPO-hf"),
)

LLAVA_ONEVISION = replace(
    LLAVA_NEXT,
    name="llava_onevision",
    model_types=("llava_onevision",),
    tokens=replace(LLAVA_NEXT.tokens, split_pictures=anyres.split_pictures),
    examples=(
        "llava-hf/llava-onevision-qwen2-0.5b-ov-hf",
        "llava-hf/llava-onevision-qwen2-7b-ov-hf",
        "llava-hf/llava-onevision-qwen2-72b-ov-hf",
        "llava-hf/llava-onevision-qwen2-0.5b-si-hf",
        "llava-hf/llava-onevision-qwen2-7b-si-hf",
        "llava-hf/llava-onevision-qwen2-72b-si-hf",
        "llava-hf/llava-onevision-qwen2-7b-ov-chat-hf",
        "llava-hf/llava-onevision-qwen2-72b-ov-chat-hf",
    ),
)

VIDEO_LLAVA = replace(
    LLAVA,
    name="video_llava",  # its tower for pictures, not the one for videos
    model_types=("video_llava",),
    modules=replace(LLAVA.modules, vision="model.image_tower.encoder.layers"),
    tokens=replace(LLAVA.tokens, grid=images_grid),
    examples=("LanguageBind/Video-LLaVA-7B-hf",),
)

FAMILIES = (LLAVA, VIPLLAVA, LLAVA_NEXT, LLAVA_NEXT_VIDEO, LLAVA_ONEVISION, VIDEO_LLAVA)
