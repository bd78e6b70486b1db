"""ALIGN: an EfficientNet and a BERT, compared by a cosine.

The blocks of the EfficientNet have maps of different sizes and widths. The one that has a site is the last: what the
image's embedding is the mean of.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from torch import Tensor
from transformers.models.align.modeling_align import round_filters

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of
from .clip import CLIP
from .contrast import Contrast, tempered_cosine
from .family import Modules
from .tokens import ImageTokens, Inputs


def towers(config: Any) -> dict[str, Tower]:
    """The image tower with its last map; its pooled output is the map's mean."""
    width = round_filters(config.vision_config, config.vision_config.out_channels[-1])
    return {"vision": Tower("vision", 0, width, kinds_of("vision", without=("cls",)), pooled=width)}


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of the last map."""
    vision, (height, width) = config.vision_config, image["pixel_values"].shape[-2:]
    rows, cols, block = height // 2, width // 2, 0  # after the first convolution
    for stride, repeats in zip(vision.strides, vision.num_block_repeats, strict=True):
        if stride > 1:  # padded on both sides where the block is named, else on one
            more = stride - 1 if block in vision.depthwise_padding else 0
            rows, cols = (rows + more) // stride, (cols + more) // stride
        block += ceil(vision.depth_coefficient * repeats)
    return (1, rows, cols)


def map_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """The cells of each image's map: (image, feature, row, column) -> per image (cell, feature)."""
    return list(state.flatten(2).transpose(1, 2).unbind(0))


ALIGN = replace(
    CLIP,
    name="align",
    model_types=("align",),
    modules=Modules(vision="vision_model.encoder"),
    tokens=ImageTokens(towers, grid, vision_rows=map_rows),
    contrast=Contrast(similarity=tempered_cosine),
    examples=("kakaobrain/align-base",),
)

FAMILIES = (ALIGN,)
