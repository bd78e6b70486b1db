"""How an image processor lays a picture out, seen by showing it two pictures: a ramp downwards and one to the right."""

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SHOWN = ((320, 480), (1344, 2016))
"""Heights and widths of the ramps, not square: the larger ones where the smaller ones are not cut into tiles."""
SIDES = (1, 2, 3, 4)
"""Sides of the blocks of patches that are tried."""
GRIDS = (
    "image_grid_thw",
    "grid_thw",
    "grid_thws",
    "spatial_shapes",
    "image_grid_hws",
    "grid_hws",
    "image_spatial_shapes",
)
"""Inputs that count a picture's patches: (picture, 3) with frames first, or (picture, 2)."""


@dataclass(frozen=True)
class Arrangement:
    """Packed patches come block by block of `block` x `block`; of several crops of a picture, one is the whole picture.

    `thumbnail` says which, empty where none is. `counted`: the input that counts a picture's patches, if one does.
    """

    block: int = 1
    thumbnail: Literal["", "first", "last"] = ""
    counted: str = ""


def counted(image: Any) -> tuple[int, int] | None:
    """The rows and columns of patches that an input counts, None where none does."""
    if "image_position_ids" in image:  # of each patch (column, row), -1 where it is padding
        cols, rows = (image["image_position_ids"].flatten(0, -2).amax(0) + 1).tolist()
        return rows, cols
    found = next((image[name] for name in GRIDS if name in image), None)
    if found is None:
        return None
    rows, cols = found.view(-1, found.shape[-1])[0, -2:].tolist()
    return rows, cols


def block_order(rows: int, cols: int, side: int) -> Tensor:
    """The row-major indices of a plane's places, block by block of side x side: (place), each once.

    Blocks are in row-major order, so are the places of each; those at the lower and right edges may be smaller.
    """
    places = torch.arange(rows * cols).view(rows, cols)
    bands = [block for band in places.split(side) for block in band.split(side, dim=1)]
    return torch.cat([block.flatten() for block in bands])


def arrangement(processor: Any) -> Arrangement:
    """What the ramps show; nothing special where the processor cannot be asked."""
    for height, width in SHOWN:
        down, right = (_shown(processor, ramp) for ramp in (_ramp(height, width), _ramp(width, height).T))
        if down is None or right is None:
            return Arrangement()
        if grid := counted(down):
            block = _block(*grid, *(_brightness(each, prod(grid)) for each in (down, right)))
            return Arrangement(block, counted=next((name for name in GRIDS if name in down), ""))
        crops = [each["pixel_values"].flatten(0, -4) for each in (down, right)]
        if len(crops[0]) > 1:
            return Arrangement(thumbnail=_thumbnail(*crops))
    return Arrangement()


def _ramp(height: int, width: int) -> np.ndarray:
    """Grey that rises downwards: (height, width) uint8."""
    return np.repeat(np.linspace(0, 255, height)[:, None], width, axis=1).astype(np.uint8)


def _shown(processor: Any, ramp: np.ndarray) -> Any:
    picture = Image.fromarray(np.stack([ramp] * 3, axis=-1))
    try:
        made = processor.image_processor(images=[picture], return_tensors="pt")
    except Exception:  # whatever a foreign processor raises for its picture alone, its prompts may still work
        return None
    return made if isinstance(made.get("pixel_values"), Tensor) and made["pixel_values"].ndim > 1 else None


def _brightness(made: Any, patches: int) -> Tensor:
    """Mean brightness of each packed patch: (patch)."""
    return (
        made["pixel_values"]
        .float()
        .reshape(-1)[: made["pixel_values"].numel() // patches * patches]
        .view(patches, -1)
        .mean(-1)
    )


def _block(rows: int, cols: int, down: Tensor, right: Tensor) -> int:
    """The side of the blocks in which brightness rises down and right: the first that fits, 1 where none does."""
    for side in SIDES:
        order = block_order(rows, cols, side).argsort()
        downwards, rightwards = (each[order].view(rows, cols) for each in (down, right))
        if (downwards.diff(dim=0) >= 0).all() and (rightwards.diff(dim=1) >= 0).all():
            return side
    return 1


def _thumbnail(down: Tensor, right: Tensor) -> Literal["", "first", "last"]:
    """The crop in which both ramps have their full range: (crop, channel, height, width)."""
    if len(down) < 3:
        return ""
    spans = [each.flatten(1).amax(-1) - each.flatten(1).amin(-1) for each in (down, right)]
    whole = [bool(all(span[k] > 0.9 * span.max() for span in spans)) for k in (0, -1)]
    inner = [bool(all(span[1] > 0.9 * span.max() for span in spans))]
    return "" if any(inner) or not any(whole) else "first" if whole[0] else "last"
