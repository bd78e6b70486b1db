"""LLaVA-NeXT's layout of a picture of any shape: a thumbnail and tiles, which become one plane.

The picture is scaled into one of the allowed sizes (`image_grid_pinpoints`), padded and cut into tiles; the thumbnail
comes first. After the projector the tiles become one plane without the padding, which LLaVA-OneVision interpolates
where it is too large. A newline ends each row of the plane.

LLaVA-OneVision does not cut pictures that share a view: each is padded to a square, and has one newline at its end.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt, sqrt
from typing import Any

import torch
from torch import Tensor
from transformers.image_processing_utils import select_best_resolution
from transformers.models.llava_next.modeling_llava_next import unpad_image

from ..reading import Grid
from .tokens import Inputs, vit_grid, vit_leading

SLACK = 1.1
"""How many times the largest plane's side LLaVA-OneVision accepts before it interpolates."""


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """Tiles without the thumbnail, as one plane in the language model; a picture that is not cut is one tile."""
    if tower == "language":
        return (1, *plane(config, image))
    _, rows, cols = vit_grid(config, image, tower)
    if tower == "projector":
        rows, cols = _kept(config, rows), _kept(config, cols)
    return (max(1, image["pixel_values"].shape[1] - 1), rows, cols)


def uncut(image: Inputs) -> bool:
    """Whether the picture is not cut into tiles: it is one of several in a view."""
    return image["pixel_values"].shape[1] == 1


def split_pictures(config: Any, view: Inputs) -> list[Inputs]:
    """Pictures lie along the first axis of the pixels, none of them cut."""
    parts = zip(view["pixel_values"].split(1), view["image_sizes"].split(1), strict=True)
    return [{"pixel_values": pixels, "image_sizes": size} for pixels, size in parts]


def plane(config: Any, image: Inputs) -> tuple[int, int]:
    """Rows and columns of the plane that tiles become: unpadded, and interpolated where they are too many."""
    vision, size = config.vision_config, image["image_sizes"][0].tolist()
    side = _kept(config, vision.image_size // vision.patch_size)
    if uncut(image):
        return side, side
    height, width = select_best_resolution(tuple(size), config.image_grid_pinpoints)
    padded = torch.empty(1, height // vision.image_size * side, width // vision.image_size * side, device="meta")
    rows, cols = unpad_image(padded, size).shape[1:]
    if not rows or not cols:
        raise ValueError(f"a picture of {size[1]}x{size[0]} px is so long that none of its tokens is left.")
    ratio = sqrt(rows * cols / (_tiles(config) * side**2))
    return (int(rows // ratio), int(cols // ratio)) if ratio > SLACK else (rows, cols)


def tile_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Of each image the thumbnail's CLS and all tiles' patches: (tile of all images, token, feature) -> per image."""
    cls = vit_leading(config) if tower == "vision" else 0
    split = state.split([image["pixel_values"].shape[1] for image in images])
    first = [0 if uncut(image) else 1 for image in images]
    return [torch.cat([part[0, :cls], part[k:, cls:].flatten(0, 1)]) for part, k in zip(split, first, strict=True)]


def plane_rows(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """The plane after the thumbnail, without newlines: (position, feature) -> (token, feature).

    A picture that is not cut has no thumbnail, and one newline at its end.
    """
    rows, cols = plane(config, image)
    if uncut(image):
        return state[: rows * cols]
    return state[-rows * (cols + 1) :].view(rows, cols + 1, -1)[:, :-1].flatten(0, 1)


def limit_visual_tokens(processor: Any, count: int) -> None:
    """Offer only sizes of at most `count` tokens, with thumbnail and newlines, or one tile where those have more.

    Raises ValueError where one tile has more.
    """
    images = processor.image_processor
    tile = images.size.height or images.size.shortest_edge
    fitting = [size for size in images.image_grid_pinpoints if _most(processor, size, tile) <= count]
    images.image_grid_pinpoints = fitting or [[tile, tile]]
    if (least := _most(processor, images.image_grid_pinpoints[0], tile)) > count:
        raise ValueError(f"an image has at least {least} visual tokens, not {count}: a thumbnail and one tile.")


def _most(processor: Any, size: Sequence[int], tile: int) -> int:
    """The most tokens of a picture scaled into a size: thumbnail, plane and newlines."""
    thumbnail = getattr(processor, "num_image_tokens", None) or _kept(processor, tile // processor.patch_size) ** 2
    rows, cols = (length // tile * isqrt(thumbnail) for length in size)
    return thumbnail + int(min(rows * cols, SLACK**2 * _tiles(processor) * thumbnail)) + rows


def _tiles(holder: Any) -> float:
    """How many tiles' tokens a plane may have: the number in "anyres_max_9" of a config or processor that has one."""
    named = getattr(holder, "vision_aspect_ratio", None)
    return int(named.rpartition("_")[2]) if named else float("inf")


def _kept(holder: Any, side: int) -> int:
    """The tokens a side that a tile has after the projector: all, or the share that a config or processor names."""
    return int(side * Fraction(getattr(holder, "downsample_rate", None) or 1))
