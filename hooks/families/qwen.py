"""Qwen's vision-language models: packed patches in merge blocks, some in windows, and positions in three dimensions."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from .arrangement import block_order
from .family import Family, Limit, Modules, Prompt, Reuse
from .layout import split_packed
from .tokens import ImageTokens, Inputs, three_towers

MARK = "<|vision_start|><|image_pad|><|vision_end|>"


def towers(config: Any) -> dict[str, Tower]:
    """A ViT, the merger that makes one token of 2 x 2 patches, and a language model."""
    vision, text = config.vision_config, config.get_text_config()
    width = vision.embed_dim if hasattr(vision, "embed_dim") else vision.hidden_size
    return three_towers(vision.depth, width, text)


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The processor's count of patches; every merge block of them is one token after the vision tower."""
    merge = 1 if tower == "vision" else config.vision_config.spatial_merge_size
    frames, rows, cols = image["image_grid_thw"][0].tolist()
    return (frames, rows // merge, cols // merge)


def merged_order(config: Any, rows: int, cols: int) -> Tensor:
    """Merged tokens leave the merger row by row."""
    return torch.arange(rows * cols)


def window_order(config: Any, rows: int, cols: int) -> Tensor:
    """Merged tokens are ordered window by window, from before the first block to after the merger."""
    vision = config.vision_config
    return block_order(rows, cols, vision.window_size // vision.patch_size // vision.spatial_merge_size)


def packed_rows(
    order: Callable[[Any, int, int], Tensor], config: Any, state: Tensor, images: Sequence[Inputs], tower: str
) -> list[Tensor]:
    """Split packed tokens (token, feature) by image and lay each image's out row by row.

    `order(config, rows, cols)` are the row-major indices of merged tokens in the model's order; patches come in their
    merge blocks, which follow the same order.
    """
    merge = config.vision_config.spatial_merge_size
    grids = [grid(config, image, tower) for image in images]
    made = []
    for part, (_, rows, cols) in zip(state.split([rows * cols for _, rows, cols in grids]), grids, strict=True):
        if tower == "vision":
            blocks = order(config, rows // merge, cols // merge)
            lying = block_order(rows, cols, merge).view(-1, merge**2)[blocks].flatten()
        else:
            lying = order(config, rows, cols)
        made.append(part[lying.argsort().to(part.device)])
    return made


def limit_visual_tokens(processor: Any, count: int, *, frames: int = 1) -> None:
    """Cap the pixels of an image; the least pixels stay, or go down to a quarter, as small images are rounded up.

    Applies to images at most `count` times as long as wide; longer ones still get a whole row from the processor.
    `frames`: how many of a picture's frames the processor counts the pixels of.
    """
    if count < 1:
        raise ValueError(f"{count} visual tokens: an image has at least 1. Give a positive number.")
    images = processor.image_processor
    most = frames * count * (images.patch_size * images.merge_size) ** 2
    least = min(images.size["shortest_edge"], most // 4)
    images.size = {"shortest_edge": least, "longest_edge": most}


def entry(name: str, *examples: str, order: Callable[[Any, int, int], Tensor] = merged_order) -> Family:
    """One generation: they share module paths, prompts and positions."""
    return Family(
        name=name,
        model_types=(name,),
        modules=Modules(
            vision="model.visual.blocks",
            projector="model.visual.merger",
            language="model.language_model.layers",
            final_norm="model.language_model.norm",
        ),
        tokens=ImageTokens(towers, grid, vision_rows=partial(packed_rows, order), split_pictures=split_packed),
        reuse=Reuse(image_prefix="causal", rope_deltas="model.rope_deltas"),
        prompt=Prompt(placeholder=MARK),
        limit=Limit(limit_visual_tokens, "max pixels"),
        examples=examples,
    )


QWEN2_VL = entry("qwen2_vl", "Qwen/Qwen2-VL-2B", "Qwen/Qwen2-VL-2B-Instruct", "Qwen/Qwen2-VL-7B-Instruct")
QWEN2_5_VL = entry("qwen2_5_vl", "Qwen/Qwen2.5-VL-3B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct", order=window_order)
# deepstack features are added to image tokens after a language block, so its output does not include them
QWEN3_VL = entry("qwen3_vl", "Qwen/Qwen3-VL-2B-Instruct", "Qwen/Qwen3-VL-4B-Instruct", "Qwen/Qwen3-VL-8B-Instruct")
QWEN3_VL_MOE = entry("qwen3_vl_moe", "Qwen/Qwen3-VL-30B-A3B-Instruct")
# three of four language blocks are linear attention
QWEN3_5 = entry("qwen3_5", "Qwen/Qwen3.5-0.8B", "Qwen/Qwen3.5-4B", "Qwen/Qwen3.5-9B", "Qwen/Qwen3.5-27B")
QWEN3_5_MOE = entry("qwen3_5_moe", "Qwen/Qwen3.5-35B-A3B", "Qwen/Qwen3.5-122B-A10B")

FAMILIES = (QWEN2_VL, QWEN2_5_VL, QWEN3_VL, QWEN3_VL_MOE, QWEN3_5, QWEN3_5_MOE)
