"""Read a picture file as 8-bit RGB, in the same way on every machine and for every kind of file."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from os import PathLike, fspath, fstat
from os.path import expanduser
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as Pillow
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TILELENGTH, TILEWIDTH, TiffImageFile

from ..regular_files import NotRegular, open_regular
from ..sample import Picture, Pixels

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP", "TIFF")
"""What a file can be, by its content and whatever its name: no other decoder sees it, nor a program that one starts."""

MAX_PIXELS = 1 << 26
"""Most pixels of a picture where nothing else is asked for, 8192x8192: photographs have up to 50 million."""

MOST_BYTES, BYTES_A_PIXEL = 1 << 30, 16
"""Most bytes of a file, and where that is more, for each pixel that is allowed: some files are read as a whole."""

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

_SCANS = 500
"""Most passes of a progressive JPEG over its pixels, of which encoders make ten or so: each costs time, few bytes."""

_MESSAGES = {
    FileNotFoundError: "no such file. Check the path, which in a dataset is relative to the dataset's file.",
    IsADirectoryError: "this is a folder. Give the path of a picture.",
    PermissionError: "the file cannot be read. Change its permissions.",
    UnidentifiedImageError: f"the file is not a picture of a known format ({', '.join(FORMATS)}). {_REPLACE}",
    MemoryError: "it takes more memory than there is. Make it smaller.",
}
"""What is wrong and what to do, for errors whose type is enough to know it."""


class UnreadableImage(ValueError):
    """A picture file that cannot be read. The run records it and continues with the other images."""


class _NoRange(ValueError):
    """The file does not define which numbers are black and white."""


def read_rgb(path: str | PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """The picture in a file, (height, width, 3) uint8 RGB, rotated as its EXIF orientation says.

    Grey becomes three equal channels. Transparent parts become white. Greys of 12 and 16 bits keep their high byte, as
    in Pillow's 16-bit colours; 32-bit numbers have no defined range and are refused. Palettes and CMYK are converted
    without colour profiles. The first frame of an animation is taken. Unreadable EXIF is ignored.

    Raises UnreadableImage where the file is missing, not a regular file, not a picture in one of `FORMATS`, damaged,
    truncated, has more than `max_pixels` (nothing is decoded then), or has pixels without a defined range.
    """
    with _opened(path, max_pixels) as picture:
        _scale_transparency(picture)
        picture.load()
        return np.array(_upright(_rgb(picture), _orientation(picture)))


def read_size(path: str | PathLike[str], *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """The (height, width) of what `read_rgb` returns, from the file's header.

    Raises UnreadableImage where the header cannot be read, or has more than `max_pixels`.
    """
    with _opened(path, max_pixels) as picture:
        width, height = picture.size
        return (width, height) if _orientation(picture) in _SIDEWAYS else (height, width)


def count_pixels(path: str | PathLike[str], *, max_pixels: int = MAX_PIXELS) -> int:
    """The number of pixels of a picture file, from its header alone, which `read_size` of a PNG is not.

    Raises UnreadableImage where the header cannot be read, or has more than `max_pixels`.
    """
    with _opened(path, max_pixels) as picture:
        return picture.size[0] * picture.size[1]


def read_values(path: str | PathLike[str], *, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
    """The whole numbers of a file with one channel, such as a label map: (height, width), of a palette its indices.

    Raises UnreadableImage where it cannot be read, has more than `max_pixels`, or several channels.
    """
    with _opened(path, max_pixels) as picture:
        if picture.mode not in ("L", "P", "I") and not picture.mode.startswith("I;16"):
            raise UnreadableImage(
                f"image {_name(path)!r}: a label map has one whole number a pixel, this file is {picture.mode}. Give "
                "the file of labels, not that of colours."
            )
        picture.load()
        return np.array(picture)


def picture(name: str, path: str | PathLike[str], *, max_pixels: int = MAX_PIXELS, file: str = "") -> Picture:
    """The picture in a file under this id, read when asked. `file` as in `Picture`."""
    read, size = partial(read_rgb, path, max_pixels=max_pixels), partial(read_size, path, max_pixels=max_pixels)
    return Picture(name, read, read_size=size, file=file)


def _name(path: str | PathLike[str]) -> str:
    return expanduser(fspath(path))


@contextmanager
def _opened(path: str | PathLike[str], max_pixels: int) -> Iterator[Pillow.Image]:
    """A picture whose header was read, of a size that is allowed. Whatever goes wrong with it is an UnreadableImage."""
    name = _name(path)
    try:
        with open_regular(name) as file, _own_limit():
            _check_bytes(fstat(file.fileno()).st_size, max_pixels)
            with Pillow.open(file, formats=FORMATS) as picture:
                _check_size(picture, max_pixels)
                yield picture
    except UnreadableImage:
        raise
    except Exception as error:  # a damaged file can make its decoder raise anything
        raise UnreadableImage(f"image {name!r}: {_message(error)}") from error


class _TooLarge(ValueError):
    """A header that says more than is allowed."""


def _check_bytes(size: int, max_pixels: int) -> None:
    if size > (most := max(MOST_BYTES, BYTES_A_PIXEL * max_pixels)):
        raise _TooLarge(
            f"the file has {size:,} bytes, and {most:,} are allowed. Make it smaller, or allow more with --max-pixels "
            f"{-(-size // BYTES_A_PIXEL)}"
        )


def _check_size(picture: Pillow.Image, max_pixels: int) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise ValueError(f"it has {width}x{height} pixels")
    sizes = [(width, height)]
    if isinstance(picture, TiffImageFile):  # whose tiles are unpacked whole, whatever the picture's own size
        sizes.append((_number(picture.tag_v2.get(TILEWIDTH)), _number(picture.tag_v2.get(TILELENGTH))))
    for across, down in sizes:
        if across * down > max_pixels:
            raise _TooLarge(
                f"it has {across:,}x{down:,} = {across * down:,} pixels, and {max_pixels:,} are allowed. Make it "
                f"smaller, or allow it with --max-pixels {across * down}"
            )
    if isinstance(picture, JpegImageFile) and "progressive" in picture.info:
        _check_scans(picture)


def _check_scans(picture: JpegImageFile) -> None:
    file = picture.fp
    assert file is not None
    place = file.tell()
    file.seek(0)
    scans = sum(piece.count(b"\xff\xda") for piece in iter(lambda: file.read(1 << 20), b""))
    file.seek(place)
    if scans > _SCANS:
        raise ValueError(f"it goes over its pixels {scans:,} times")


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) and value == value and abs(value) < 1 << 62 else 0


_limits = Lock()
_users: list[int | None] = []
"""Pillow's own limit, once for each reading that is under way."""


@contextmanager
def _own_limit() -> Iterator[None]:
    """Pillow's limit, which is one for the whole process and half a warning, gives way to ours while we read."""
    with _limits:
        _users.append(Pillow.MAX_IMAGE_PIXELS if not _users else _users[0])
        Pillow.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        with _limits:
            before = _users.pop()
            if not _users:
                Pillow.MAX_IMAGE_PIXELS = before


def _message(error: Exception) -> str:
    if type(error) in _MESSAGES:
        return _MESSAGES[type(error)]
    if isinstance(error, _TooLarge):
        return f"{error}."
    if isinstance(error, _NoRange):
        return f"{error}. Save it with 8 bits."
    if isinstance(error, NotRegular):
        return f"{error.strerror}. Give the path of a picture."
    if isinstance(error, OSError) and error.strerror:
        return f"the file cannot be opened ({error.strerror}). Check the path."
    reason = " ".join(str(error).split())[:200].removesuffix(".") or type(error).__name__
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
    except Exception:  # viewers do not rotate such a picture
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
    values = np.asarray(picture).astype(np.int32)
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
