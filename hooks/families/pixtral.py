"""Pixtral and Mistral 3: a vision tower for any size, rows ended by separators.

Its tower packs the patches of all images of a batch into one sequence, in which each image attends only to itself. In
the prompt `[IMG_BREAK]` ends a row and `[IMG_END]` the last one; both have ids of their own, so image positions are
those of patches alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import isqrt
from typing import Any

from torch import Tensor

from ..reading import Grid
from .family import Family, Limit, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs, vit_towers


def merge(config: Any, tower: str) -> int:
    """How many patches a side one token covers: Mistral 3 merges 2x2 in its projector, Pixtral none."""
    return 1 if tower == "vision" else getattr(config, "spatial_merge_size", 1)


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of a picture that keeps its shape; ValueError where merging would leave a single token."""
    height, width = image["image_sizes"][0].tolist()
    side = config.vision_config.patch_size * merge(config, tower)
    rows, cols = height // side, width // side
    if rows * cols == 1 < merge(config, tower):
        raise ValueError("it is a single token, and the model's own code needs two.")
    return (1, rows, cols)


def unpacked(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Cut the one packed sequence by image: (1, token of all images, feature) -> per image (token, feature)."""
    grids = [grid(config, image, tower) for image in images]
    return list(state.flatten(0, -2).split([rows * cols for _, rows, cols in grids]))


def limit_visual_tokens(processor: Any, count: int) -> None:
    """Shrink an image's longest side to that of a square of `count` tokens."""
    least = 1 if processor.spatial_merge_size == 1 else 4  # merged to a single token, pictures cannot be read
    if count < least:
        raise ValueError(f"an image has at least {least} visual token(s), not {count}. Give at least {least}.")
    side = isqrt(count) * processor.patch_size * processor.spatial_merge_size
    longest = min(side, processor.image_processor.size["longest_edge"])
    processor.image_processor.size = {"longest_edge": longest}


PIXTRAL = Family(
    name="pixtral",
    model_types=("llava/pixtral",),
    modules=Modules(
        vision="model.vision_tower.transformer.layers",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(vit_towers, grid, vision_rows=unpacked),
    reuse=Reuse(image_prefix="causal"),
    limit=Limit(limit_visual_tokens, "longest side"),
    examples=("mistral-community/pixtral-12b",),
)

MISTRAL3 = replace(
    PIXTRAL,
    name="mistral3",
    model_types=("mistral3",),
    # files saved before transformers 5 split text by a wrong pattern; this option corrects it
    prompt=Prompt(processor_settings={"fix_mistral_regex": True}),
    examples=(
        "mistralai/Mistral-Small-3.1-24B-Instruct-2503",
        "mistralai/Ministral-3-8B-Instruct-2512-BF16",
    ),
)

FAMILIES = (PIXTRAL, MISTRAL3)
