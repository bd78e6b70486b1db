"""What a suite does to every image first, the clean one included, so that its pixel sizes mean the same everywhere."""

from collections.abc import Callable

from ..sample import Pixels
from .common.digital import jpeg
from .geometric import resized

LONGER_SIDE = 1024
JPEG_SIDE, JPEG_QUALITY = 224, 75


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


def jpeg_224(pixels: Pixels) -> Pixels:
    """224x224 px whatever the aspect, then written and read as JPEG (AC).

    AC gives neither filter nor quality: bicubic and 75, Pillow's default, are our choice.
    """
    return jpeg(resized(pixels, JPEG_SIDE, JPEG_SIDE), JPEG_QUALITY)


PREPARATIONS: dict[str, Callable[[Pixels], Pixels]] = {
    "none": as_read,
    "longer_side_1024": longer_side_1024,
    "jpeg_224": jpeg_224,
}


def prepared(pixels: Pixels, name: str) -> Pixels:
    """The picture after the named preparation; ValueError where there is none of that name."""
    if name not in PREPARATIONS:
        raise ValueError(f"preparation {name!r} is unknown. Choose one of: {', '.join(PREPARATIONS)}.")
    return PREPARATIONS[name](pixels)
