"""Picture files that were made to do harm, or are larger than anybody thought: refused before they cost much."""

import os
import socket
import struct
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from picture_files import png, tiff
from PIL import Image as Pillow

from probe.datasets.own import PICTURES
from probe.datasets.pixels import FORMATS, UnreadableImage, count_pixels, read_rgb, read_size, read_values
from probe.datasets.registry import open_dataset

COLOURS = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)


def written(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def saved(folder: Path, name: str, **options: Any) -> Path:
    Pillow.fromarray(COLOURS).save(folder / name, **options)
    return folder / name


GIF_12K = b"GIF89a" + struct.pack("<HHBBB", 12_000, 12_000, 0x80, 0, 0) + b"\0" * 6 + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
"""A screen of 12,000x12,000 with one pixel on it."""


@pytest.mark.parametrize("read", [read_rgb, read_size, read_values, count_pixels])
@pytest.mark.parametrize(
    ("content", "size"),
    [
        (GIF_12K, "12,000x12,000 = 144,000,000"),
        (png(200_000_000, 1, 0, b""), "200,000,000x1 = 200,000,000"),
        (tiff(1, (8,), 1, b"\0").replace(struct.pack("<HHII", 257, 4, 1, 1), struct.pack("<HHII", 257, 4, 1, 10**8)),
         "1x100,000,000 = 100,000,000"),
        (b"P6 99999 99999 255\n", "99,999x99,999 = 9,999,800,001"),
        (b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 40_000, 40_000, 1, 24, 0, 0, 0, 0, 0, 0),
         "40,000x40,000 = 1,600,000,000"),
    ],
    ids=["GIF", "PNG", "TIFF", "PPM", "BMP"],
)  # fmt: skip
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(
    tmp_path: Path, read: Any, content: bytes, size: str
) -> None:
    path = written(tmp_path, "x", content)
    tracemalloc.start()
    with pytest.raises(UnreadableImage) as caught:
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    pixels = size.rpartition(" ")[2].replace(",", "")
    assert str(caught.value) == (
        f"image {str(path)!r}: it has {size} pixels, and 67,108,864 are allowed. Make it smaller, or allow it with "
        f"--max-pixels {pixels}."
    )
    assert peak < 4 << 20


def test_tiles_larger_than_their_tiff_are_refused_too(tmp_path: Path) -> None:
    content = tiff(1, (8,), 1, b"\0").replace(
        struct.pack("<HHII", 278, 4, 1, 1), struct.pack("<HHII", 322, 4, 1, 10**6)
    )
    content = content.replace(struct.pack("<HHII", 279, 4, 1, 2), struct.pack("<HHII", 323, 4, 1, 10**6))
    with pytest.raises(UnreadableImage, match=r"1,000,000x1,000,000 = 1,000,000,000,000 pixels"):
        read_rgb(written(tmp_path, "x.tiff", content))


def test_the_limit_is_ours_alone_and_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, "x.png")
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 5)  # of 12: half of it is a warning, the whole an error
    assert np.array_equal(read_rgb(path, max_pixels=12), COLOURS)
    assert Pillow.MAX_IMAGE_PIXELS == 5
    with pytest.raises(UnreadableImage, match=r"4x3 = 12 pixels, and 11 are allowed"):
        read_size(path, max_pixels=11)
    dataset, _ = open_dataset(tmp_path, max_pixels=11)
    with pytest.raises(UnreadableImage, match="11 are allowed"):
        dataset.pictures[0].read()
    with pytest.raises(UnreadableImage, match="11 are allowed"):
        dataset.pictures[0].size()
    assert open_dataset(tmp_path, max_pixels=12).dataset.pictures[0].size() == (3, 4)


def test_a_jpeg_that_goes_over_its_pixels_again_and_again_is_refused(tmp_path: Path) -> None:
    content = saved(tmp_path, "x.jpg", progressive=True).read_bytes()
    start = content.index(b"\xff\xda")
    scan = content[start : content.index(b"\xff\xc4", start)] if b"\xff\xc4" in content[start:] else content[start:-2]
    bomb = written(tmp_path, "bomb.jpg", content[:start] + scan * 501 + content[start:])
    with pytest.raises(UnreadableImage, match=r"it goes over its pixels 5\d\d times"):
        read_rgb(bomb)


@pytest.mark.parametrize(
    "content",
    [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", b"8BPS\0\1" + bytes(20), b"%PDF-1.4\n"],
    ids=["EPS", "PSD", "PDF"],
)
def test_no_other_program_is_started_whatever_a_file_calls_itself(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
    for name in ("x.png", "x.eps"):
        with pytest.raises(UnreadableImage, match="is not a picture of a known format"):
            read_rgb(written(tmp_path, name, content))


def test_every_ending_that_is_looked_for_is_one_of_the_formats() -> None:
    Pillow.init()
    endings = Pillow.registered_extensions()
    assert {endings[ending] for ending in PICTURES} == set(FORMATS)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.png"))
        for path, kind in (
            (tmp_path / "x.png", "a named pipe"),
            (tmp_path / "s.png", "a socket"),
            ("/dev/zero", "a device"),
        ):
            with pytest.raises(UnreadableImage) as caught:
                read_size(path)
            assert str(caught.value) == f"image {str(path)!r}: this is {kind}, no file. Give the path of a picture."
