"""What a suite does to every image first, the clean one included, so that its pixel sizes mean the same everywhere."""

from collections.abc import Callable

from ..datasets.sample import Pixels
from .geometric import resized

LONGER_SIDE = 1024


def as_read(pixels: Pixels) -> Pixels:
    """The picture as it is."""
    return pixels


def longer_side_1024(pixels: Pixels) -> Pixels:
    """Bicubic, so that the longer side is at most 1024 px (HI); smaller pictures stay as they are."""
    height, width = pixels.shape[:2]
    longer = max(height, width)
    if longer <= LONGER_SIDE:
        return pixels
    return resized(pixels, max(1, round(height * LONGER_SIDE / longer)), max(1, round(width * LONGER_SIDE / longer)))


PREPARATIONS: dict[str, Callable[[Pixels], Pixels]] = {"none": as_read, "longer_side_1024": longer_side_1024}


def prepared(pixels: Pixels, name: str) -> Pixels:
    """The picture after the named preparation; ValueError where there is none of that name."""
    if name not in PREPARATIONS:
        raise ValueError(f"preparation {name!r} is unknown. Choose one of: {', '.join(PREPARATIONS)}.")
    return PREPARATIONS[name](pixels)
