"""Picture files with flipped bits, cut, with other headers, put together from others, or of no kind that is read.

`run` reads each as a picture, its size and its label map: pixels within the limit, or one line that names the file.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from probe.datasets.pixels import UnreadableImage, read_rgb, read_size, read_values

from .judging import judged
from .outcome import Outcome

MAX_PIXELS = 1 << 20
"""So that the largest picture that is allowed is read in no time."""

FOREIGN = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n%%EndComments\nshowpage\n",
    b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + bytes(12),
    b"\0\0\1\0\1\0\0\0\0\0\1\0\x20\0\xff\xff\xff\xff\x16\0\0\0",
    b"<svg xmlns='http://www.w3.org/2000/svg' width='99999' height='99999'/>",
    b"%PDF-1.7\n1 0 obj\n",
    b"",
    b"\0",
)
"""Contents that no picture of ours has."""


def _saved(mode: str, kind: str, **options: object) -> bytes:
    noise = np.random.default_rng(7).integers(0, 256, (24, 20, 3), np.uint8)
    content = io.BytesIO()
    grey = np.arange(480, dtype=np.uint16).reshape(24, 20) * 100
    picture = Image.fromarray(grey) if mode == "I;16" else Image.fromarray(noise).convert(mode)
    picture.save(content, kind, **options)
    return content.getvalue()


@cache
def seeds() -> tuple[bytes, ...]:
    """Whole pictures of every kind that is read."""
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = [Image.new("RGB", (20, 24), colour) for colour in ("red", "blue", "green")]
    made = [
        *(_saved(mode, "PNG") for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")),
        _saved("P", "PNG", transparency=3),
        _saved("RGB", "PNG", exif=exif, icc_profile=b"profile" * 40),
        *(_saved(mode, "JPEG") for mode in ("RGB", "L", "CMYK")),
        _saved("RGB", "JPEG", exif=exif, progressive=True),
        _saved("P", "GIF"),
        *(_saved(mode, "BMP") for mode in ("RGB", "L", "1")),
        *(_saved(mode, "TIFF") for mode in ("RGB", "CMYK", "L", "I;16")),
        *(_saved("RGB", "TIFF", compression=each) for each in ("tiff_lzw", "tiff_deflate", "jpeg", "packbits")),
        *(_saved(mode, "PPM") for mode in ("RGB", "L", "1")),
        *(_saved(mode, "WEBP") for mode in ("RGB", "RGBA")),
        _saved("RGB", "WEBP", lossless=True, exif=exif),
        *(_saved("RGB", kind, save_all=True, append_images=frames) for kind in ("GIF", "PNG", "WEBP", "TIFF")),
    ]
    return tuple(made)


Change = Callable[[bytearray, np.random.Generator], bytearray]


def flipped(content: bytearray, rng: np.random.Generator) -> bytearray:
    """A few bits turned."""
    for place in rng.integers(0, max(len(content), 1), rng.integers(1, 9)):
        content[place : place + 1] = bytes(each ^ (1 << int(rng.integers(8))) for each in content[place : place + 1])
    return content


def cut(content: bytearray, rng: np.random.Generator) -> bytearray:
    """The end, or a piece within, gone."""
    start = int(rng.integers(0, len(content) + 1))
    return content[:start] + (b"" if rng.random() < 0.5 else content[start + int(rng.integers(1, 64)) :])


def headed(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Numbers of the header replaced by very large, negative or no ones."""
    numbers = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 30_000, 100_000)
    for _ in range(int(rng.integers(1, 4))):
        form = str(rng.choice(["<I", ">I", "<H", ">H", "<B"]))
        width = struct.calcsize(form)
        place = int(rng.integers(0, max(1, min(len(content) - width, 160))))
        content[place : place + width] = struct.pack(form, int(rng.choice(numbers)) & (256**width - 1))
    return _with_checksums(content) if rng.random() < 0.7 else content


def _with_checksums(content: bytearray) -> bytearray:
    """The chunks of a PNG with checksums that are right."""
    if content[:4] != b"\x89PNG":
        return content
    place = 8
    while place + 12 <= len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        end = place + 8 + length
        if end + 4 > len(content):
            break
        content[end : end + 4] = struct.pack(">I", zlib.crc32(bytes(content[place + 4 : end])))
        place = end + 4
    return content


def mixed(content: bytearray, rng: np.random.Generator) -> bytearray:
    """The beginning of one kind and the end of another."""
    other = seeds()[int(rng.integers(len(seeds())))]
    return content[: int(rng.integers(0, len(content) + 1))] + other[int(rng.integers(0, len(other))) :]


def repeated(content: bytearray, rng: np.random.Generator) -> bytearray:
    """A piece many times over, as in a bomb of chunks, frames or scans."""
    start = int(rng.integers(0, len(content)))
    piece = content[start : start + int(rng.integers(1, 200))]
    return content[:start] + piece * int(rng.integers(2, 500)) + content[start:]


def bombed(content: bytearray, rng: np.random.Generator) -> bytearray:
    """A PNG with a chunk of text or colours that unpacks to megabytes, or any other picture with its size made huge."""
    packed = zlib.compress(bytes(int(rng.choice([1 << 12, 1 << 22, 1 << 25]))), 9)
    kind = bytes(rng.choice([b"zTXt", b"iCCP", b"iTXt", b"eXIf", b"tRNS", b"PLTE", b"acTL", b"fcTL"]))
    body = b"key\0" + (b"\1\0\0\0" if kind == b"iTXt" else b"\0") + packed
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return content[:33] + chunk + content[33:] if content[:4] == b"\x89PNG" else headed(content, rng)


def foreign(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Something else, alone or before or after a picture."""
    other = FOREIGN[int(rng.integers(len(FOREIGN)))]
    return bytearray(other) if rng.random() < 0.5 else bytearray(other) + content


CHANGES: tuple[Change, ...] = (flipped, flipped, cut, headed, headed, mixed, repeated, bombed, foreign)


def mutated(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of so many changed pictures; `seed` and the number in the name make one again."""
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        kind = int(rng.integers(len(seeds())))
        content, names = bytearray(seeds()[kind]), []
        for change in rng.choice(len(CHANGES), int(rng.integers(1, 3))):
            if content:
                content = CHANGES[change](content, rng)
                names.append(CHANGES[change].__name__)
        yield f"picture {seed}/{number} (kind {kind}, {' '.join(names)})", bytes(content)


def attempt(path: Path) -> str:
    """Read a file in every way: "" or why it was refused. AssertionError for pixels that are none."""
    refused = ""
    for read in (read_size, read_rgb, read_values):
        try:
            found = read(path, max_pixels=MAX_PIXELS)
        except UnreadableImage as error:
            said = str(error)
            if str(path) not in said:
                raise AssertionError("the message names no file") from error
            refused = refused or (said if read is not read_values else "")
            continue
        if read is read_rgb:
            assert isinstance(found, np.ndarray)
            assert found.dtype == np.uint8
            assert found.ndim == 3
            assert found.shape[2] == 3
            assert 0 < found.shape[0] * found.shape[1] <= MAX_PIXELS
    return refused


def run(count: int, seed: int) -> Outcome:
    """Read so many changed pictures."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.png"

        def one(content: bytes) -> str:
            path.write_bytes(content)
            return attempt(path)

        return judged("pictures", ((name, lambda c=content: one(c)) for name, content in mutated(count, seed)))
