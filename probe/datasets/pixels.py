"""Reading a picture file as 8-bit RGB, the same way on every machine and for every kind of file."""

from os import PathLike, fspath

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from .sample import Pixels

_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, Pillow.DecompressionBombError)
"""What Pillow raises for files that are missing, no picture, broken or cut short."""


class UnreadableImage(ValueError):
    """A picture file that gives no pixels. Recorded in the run; the other images go on."""


def read_rgb(path: str | PathLike[str]) -> Pixels:
    """The picture in a file, (height, width, 3) uint8 RGB, turned as its EXIF orientation says.

    Grey becomes three equal channels. Transparent parts are laid on white. 16-bit greys keep their high byte, as
    Pillow does with 16-bit colours. Palettes and CMYK are converted without colour profiles. Of an animation the
    first frame is taken.

    Raises UnreadableImage where the file is missing, no picture, broken, cut short, or holds numbers without a range.
    """
    name = fspath(path)
    try:
        with Pillow.open(name) as picture:
            picture.load()
            return np.array(_rgb(ImageOps.exif_transpose(picture)))
    except FileNotFoundError:
        raise UnreadableImage(f"image {name!r}: no such file. Check the path; it is relative to the dataset.") from None
    except _UNREADABLE as error:
        reason = str(error).removesuffix(".").replace(repr(name), "the file")
        raise UnreadableImage(
            f"image {name!r}: {reason}. Replace the file by one that an image viewer can open, or remove its samples."
        ) from error


def _rgb(picture: Pillow.Image) -> Pillow.Image:
    if picture.mode == "I" or picture.mode.startswith("I;16"):
        return _sixteen_bit(picture)
    if picture.mode == "F":
        raise ValueError("its pixels are floating-point numbers without a defined range; save it with 8 bits")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Pillow.alpha_composite(Pillow.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def _sixteen_bit(picture: Pillow.Image) -> Pillow.Image:
    values = np.asarray(picture).astype(np.int64)
    if values.min() < 0 or values.max() > 0xFFFF:
        raise ValueError(f"its pixels lie in {values.min()}..{values.max()}, beyond 16 bits; save it with 8 bits")
    return Pillow.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
