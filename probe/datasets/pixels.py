"""Read a picture file as 8-bit RGB, in the same way on every machine and for every kind of file."""

import struct
from os import PathLike, fspath
from os.path import expanduser
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as Pillow
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

from ..sample import Pixels

_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    RuntimeError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
)
"""What Pillow's decoders raise for files that are not pictures, damaged or truncated."""

_TOO_LARGE = (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning)

_UPRIGHT = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
"""The transposition that sets each EXIF orientation upright."""

_SIDEWAYS = (5, 6, 7, 8)
"""Orientations that exchange width and height."""

_REPLACE = "Replace it with a file that an image viewer can open."

_MESSAGES = {
    FileNotFoundError: "no such file. Check the path, which in a dataset is relative to the dataset's file.",
    IsADirectoryError: "this is a folder. Give the path of a picture.",
    PermissionError: "the file cannot be read. Change its permissions.",
    UnidentifiedImageError: f"the file is not a picture of a known format. {_REPLACE}",
}
"""What is wrong and what to do, for errors whose type is enough to know it."""


class UnreadableImage(ValueError):
    """A picture file that cannot be read. The run records it and continues with the other images."""


class _NoRange(ValueError):
    """The file does not define which numbers are black and white."""


def read_rgb(path: str | PathLike[str]) -> Pixels:
    """The picture in a file, (height, width, 3) uint8 RGB, rotated as its EXIF orientation says.

    Grey becomes three equal channels. Transparent parts become white. Greys of 12 and 16 bits keep their high byte, as
    in Pillow's 16-bit colours; 32-bit numbers have no defined range and are refused. Palettes and CMYK are converted
    without colour profiles. The first frame of an animation is taken. Unreadable EXIF is ignored.

    Raises UnreadableImage where the file is missing, not a picture, damaged, truncated, larger than Pillow's limit of
    179 million pixels, or has pixels without a defined range.
    """
    name = expanduser(fspath(path))
    try:
        with Pillow.open(name) as picture:
            _scale_transparency(picture)
            picture.load()
            return np.array(_upright(_rgb(picture), _orientation(picture)))
    except (*_TOO_LARGE, *_BROKEN) as error:
        raise UnreadableImage(f"image {name!r}: {_message(error)}") from error


def read_size(path: str | PathLike[str]) -> tuple[int, int]:
    """The (height, width) of what `read_rgb` returns, from the file's header.

    Raises UnreadableImage where the header cannot be read.
    """
    name = expanduser(fspath(path))
    try:
        with Pillow.open(name) as picture:
            width, height = picture.size
            return (width, height) if _orientation(picture) in _SIDEWAYS else (height, width)
    except (*_TOO_LARGE, *_BROKEN) as error:
        raise UnreadableImage(f"image {name!r}: {_message(error)}") from error


def count_pixels(path: str | PathLike[str]) -> int:
    """The number of pixels of a picture file, from its header alone, which `read_size` of a PNG is not.

    Raises UnreadableImage where the header cannot be read.
    """
    name = expanduser(fspath(path))
    try:
        with Pillow.open(name) as picture:
            return picture.size[0] * picture.size[1]
    except (*_TOO_LARGE, *_BROKEN) as error:
        raise UnreadableImage(f"image {name!r}: {_message(error)}") from error


def read_values(path: str | PathLike[str]) -> NDArray[Any]:
    """The whole numbers of a file with one channel, such as a label map: (height, width), of a palette its indices.

    Raises UnreadableImage where it cannot be read, or has several channels.
    """
    name = expanduser(fspath(path))
    try:
        with Pillow.open(name) as picture:
            picture.load()
            if picture.mode not in ("L", "P", "I") and not picture.mode.startswith("I;16"):
                raise UnreadableImage(
                    f"image {name!r}: a label map has one whole number a pixel, this file is {picture.mode}. Give the "
                    "file of labels, not that of colours."
                )
            return np.array(picture)
    except UnreadableImage:
        raise
    except (*_TOO_LARGE, *_BROKEN) as error:
        raise UnreadableImage(f"image {name!r}: {_message(error)}") from error


def _message(error: Exception) -> str:
    if type(error) in _MESSAGES:
        return _MESSAGES[type(error)]
    if isinstance(error, _NoRange):
        return f"{error}. Save it with 8 bits."
    if isinstance(error, _TOO_LARGE):
        # Pillow warns at its limit and refuses at twice that; a warning is raised where warnings are errors
        limit = (Pillow.MAX_IMAGE_PIXELS or 0) * (2 if isinstance(error, Pillow.DecompressionBombError) else 1)
        return f"the picture has more than {limit:,} pixels, Pillow's limit. Make it smaller."
    if isinstance(error, OSError) and error.strerror:
        return f"the file cannot be opened ({error.strerror}). Check the path."
    reason = str(error).removesuffix(".") or type(error).__name__
    return f"the file cannot be decoded ({reason}). {_REPLACE}"


def _scale_transparency(picture: Pillow.Image) -> None:
    # a PNG gives its transparent colour in the file's bit depth, and Pillow compares it with 8-bit pixels
    colour = picture.info.get("transparency")
    stored = picture.tile[0][3] if picture.format == "PNG" and picture.tile else None  # type: ignore[attr-defined]
    if isinstance(colour, int) and stored in ("L;2", "L;4"):
        picture.info["transparency"] = colour * {"L;2": 85, "L;4": 17}[stored]
    elif isinstance(colour, tuple) and stored == "RGB;16B":
        picture.info["transparency"] = tuple(channel >> 8 for channel in colour)


def _orientation(picture: Pillow.Image) -> object:
    try:
        return picture.getexif().get(ExifTags.Base.Orientation)
    except _BROKEN:  # viewers do not rotate such a picture
        return None


def _upright(picture: Pillow.Image, orientation: object) -> Pillow.Image:
    # not ImageOps.exif_transpose: it also rewrites the EXIF, and fails where other entries are malformed
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return picture if turn is None else picture.transpose(turn)


def _rgb(picture: Pillow.Image) -> Pillow.Image:
    if picture.mode == "I" or picture.mode.startswith("I;16"):
        return _sixteen_bit(picture)
    if picture.mode == "F":
        raise _NoRange("its pixels are floating-point numbers without a defined range")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Pillow.alpha_composite(Pillow.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def _sixteen_bit(picture: Pillow.Image) -> Pillow.Image:
    values = np.asarray(picture).astype(np.int64)
    if not _has_range(picture):
        raise _NoRange(f"its pixels are 32-bit numbers ({values.min()} to {values.max()} here) without a defined range")
    if isinstance(picture, TiffImageFile) and picture.tag_v2.get(BITSPERSAMPLE) == (12,):
        values <<= 4
    if isinstance(picture, TiffImageFile) and picture.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0:
        values = 0xFFFF - values  # "white is zero", which Pillow applies up to 8 bits only
    if values.min() < 0 or values.max() > 0xFFFF:
        raise _NoRange(f"its pixels, {values.min()} to {values.max()}, are not within 0 to 65535")
    grey = np.where(values == picture.info.get("transparency"), 255, values >> 8)
    return Pillow.fromarray(grey.astype(np.uint8)).convert("RGB")


def _has_range(picture: Pillow.Image) -> bool:
    """Whether the greys have 16 bits or fewer by the file: Pillow's mode I is for these and for all 32-bit numbers."""
    if isinstance(picture, TiffImageFile):
        return max(picture.tag_v2.get(BITSPERSAMPLE, (1,))) <= 16
    return picture.mode != "I" or picture.format in ("PNG", "PPM")  # Pillow scales PPM to 16 bits
