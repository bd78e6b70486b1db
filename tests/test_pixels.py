"""Picture files of every kind against what their numbers mean, worked out here; and pictures of every odd size.

`test_jsonl.py` has the plain cases: modes, transparency, missing and cut files.
"""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from picture_files import png, tiff
from PIL import Image as Pillow

from probe.datasets.pixels import UnreadableImage, read_rgb
from probe.perturbations import FAMILIES, Others, Skipped, apply
from probe.sample import Picture, Pixels

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (3, 4, 3), np.uint8)


def saved(folder: Path, picture: Pillow.Image, name: str, **options: Any) -> Path:
    picture.save(folder / name, **options)
    return folder / name


def written(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def exif(*entries: tuple[int, int, int, bytes]) -> bytes:
    """EXIF with these (tag, type, count, value of 4 bytes), little-endian."""
    packed = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + packed + b"\0" * 4


def turned(orientation: int) -> tuple[int, int, int, bytes]:
    return 0x0112, 3, 1, struct.pack("<HH", orientation, 0)


def near(found: Pixels, wanted: Any, *, within: float = 0) -> bool:
    wanted = np.asarray(wanted, np.float64)
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max() <= within)


# grey and depth


def test_greys_of_every_depth_become_three_equal_channels(tmp_path: Path) -> None:
    one = read_rgb(written(tmp_path, "1.png", png(8, 1, 0, b"\xa5")))
    two = read_rgb(written(tmp_path, "2.png", png(4, 2, 0, b"\x1b")))
    four = read_rgb(written(tmp_path, "4.png", png(2, 4, 0, b"\x3c")))
    # 0xa5 = 10100101; 0x1b = 0 1 2 3 of 3; 0x3c = 3 and 12 of 15
    assert one[0].T.tolist() == [[255, 0, 255, 0, 0, 255, 0, 255]] * 3
    assert two[0].T.tolist() == [[0, 85, 170, 255]] * 3
    assert four[0].T.tolist() == [[51, 204]] * 3


def test_12_and_16_bit_greys_of_tiff_keep_their_high_byte(tmp_path: Path) -> None:
    twelve = read_rgb(written(tmp_path, "12.tiff", tiff(2, (12,), 1, b"\xab\xc1\x23")))  # 0xabc 0x123
    assert twelve[0, :, 0].tolist() == [0xAB, 0x12]
    values = np.array([0x12FF, 0xAB00, 0xFFFF], "<u2").tobytes()
    assert read_rgb(written(tmp_path, "16.tiff", tiff(3, (16,), 1, values)))[0, :, 0].tolist() == [0x12, 0xAB, 0xFF]


def test_a_tiff_whose_white_is_zero_is_not_a_negative(tmp_path: Path) -> None:
    eight = read_rgb(written(tmp_path, "8.tiff", tiff(3, (8,), 0, bytes([0, 1, 255]))))
    assert eight[0, :, 0].tolist() == [255, 254, 0]
    values = np.array([0, 0x12FF, 0xFFFF], "<u2").tobytes()
    sixteen = read_rgb(written(tmp_path, "16.tiff", tiff(3, (16,), 0, values)))
    assert sixteen[0, :, 0].tolist() == [255, 0xED, 0]  # 0xffff - 0x12ff = 0xed00


def test_16_bit_colours_keep_their_high_byte(tmp_path: Path) -> None:
    values = np.array([0x12FF, 0xAB00, 0xFF80])
    for name, content in (
        ("x.png", png(1, 16, 2, values.astype(">u2").tobytes())),
        ("x.tiff", tiff(1, (16, 16, 16), 2, values.astype("<u2").tobytes())),
    ):
        assert read_rgb(written(tmp_path, name, content)).tolist() == [[[0x12, 0xAB, 0xFF]]]


# transparency


def test_16_bit_alpha_lies_on_white(tmp_path: Path) -> None:
    grey = np.array([[0x1200, 0x8000], [0x3400, 0xFFFF], [0x5600, 0]], ">u2")
    found = read_rgb(written(tmp_path, "la.png", png(3, 16, 4, grey.tobytes())))
    # 0x12 = 18 at 128 of 255: 18 x 0.502 + 255 x 0.498 = 136.0
    assert near(found, [[[136] * 3, [0x34] * 3, [255] * 3]], within=1)
    colour = np.array([0x1200, 0xAB00, 0xFF00, 0x8000], ">u2")
    assert near(read_rgb(written(tmp_path, "rgba.png", png(1, 16, 6, colour.tobytes()))), [[[136, 213, 255]]], within=1)


def test_half_transparent_colours_are_mixed_with_white(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (5, 6, 4), np.uint8)
    alpha = pixels[..., 3:] / 255
    wanted = pixels[..., :3] * alpha + 255 * (1 - alpha)
    assert near(read_rgb(saved(tmp_path, Pillow.fromarray(pixels), "x.png")), wanted, within=1)
    grey = pixels[..., [0, 3]]
    wanted = (grey[..., :1] * alpha + 255 * (1 - alpha)).repeat(3, axis=2)
    assert near(read_rgb(saved(tmp_path, Pillow.fromarray(grey), "la.png")), wanted, within=1)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (png(8, 1, 0, b"\xa5", struct.pack(">H", 0)), [255] * 8),
        (png(4, 2, 0, b"\x1b", struct.pack(">H", 1)), [0, 255, 170, 255]),
        (png(2, 4, 0, b"\x3c", struct.pack(">H", 3)), [255, 204]),
        (png(3, 8, 0, bytes([7, 8, 9]), struct.pack(">H", 8)), [7, 255, 9]),
        (png(2, 16, 0, b"\x12\x34\x12\x35", struct.pack(">H", 0x1235)), [0x12, 255]),
        (png(2, 8, 2, bytes([7, 8, 9, 7, 8, 8]), struct.pack(">3H", 7, 8, 9)), [255, 7]),
        (png(2, 16, 2, b"\7\1\x08\1\x09\1\1\7\1\x08\1\x09", struct.pack(">3H", 0x701, 0x801, 0x901)), [255, 1]),
    ],
    ids=["1 bit", "2 bits", "4 bits", "8 bits", "16 bits", "RGB", "16-bit RGB"],
)
def test_the_transparent_colour_of_a_png_lies_on_white(tmp_path: Path, content: bytes, wanted: list[int]) -> None:
    assert read_rgb(written(tmp_path, "x.png", content))[0, :, 0].tolist() == wanted


def test_a_palette_is_looked_up_and_its_alpha_lies_on_white(tmp_path: Path) -> None:
    palette = RNG.integers(0, 256, (4, 3), np.uint8)
    index = np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.uint8)
    picture = Pillow.fromarray(index).convert("P")
    picture.putdata(index.ravel().tolist())
    picture.putpalette(palette.ravel().tolist())
    assert near(read_rgb(saved(tmp_path, picture, "opaque.png")), palette[index])
    alpha = np.array([0, 100, 200, 255])[:, None] / 255
    wanted = (palette * alpha + 255 * (1 - alpha))[index]
    path = saved(tmp_path, picture, "clear.png", transparency=bytes([0, 100, 200, 255]))
    assert near(read_rgb(path), wanted, within=1)


@pytest.mark.parametrize("name", ["x.gif", "x.png", "x.webp"])
def test_the_first_frame_of_any_animation_is_taken(tmp_path: Path, name: str) -> None:
    frames = [Pillow.new("RGBA", (6, 5), colour) for colour in ((255, 0, 0, 0), (0, 0, 255, 255))]
    options = {} if name == "x.png" else {"lossless": True} if name == "x.webp" else {"disposal": 2}
    path = saved(tmp_path, frames[0], name, save_all=True, append_images=frames[1:], duration=100, **options)
    assert near(read_rgb(path), np.full((5, 6, 3), 255)), "clear, hence white"


# colour spaces


def on_paper(cmyk: Pixels) -> Any:
    """Each ink lets through what it does not cover, black covers all three."""
    inks = cmyk / 255
    return 255 * (1 - inks[..., :3]) * (1 - inks[..., 3:])


def test_cmyk_is_ink_on_paper_which_jpeg_holds_inverted(tmp_path: Path) -> None:
    inks = RNG.integers(0, 256, (1, 1, 4), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    picture = Pillow.frombytes("CMYK", (8, 8), inks.tobytes())
    assert near(read_rgb(saved(tmp_path, picture, "x.tiff")), on_paper(inks), within=1)
    adobe = saved(tmp_path, picture, "adobe.jpg", quality=100).read_bytes()
    assert near(read_rgb(tmp_path / "adobe.jpg"), on_paper(inks), within=3)
    # Adobe's files hold 255 - ink; all others are taken to follow them, as viewers do
    marker = adobe.index(b"\xff\xee")
    plain = adobe[:marker] + adobe[marker + 2 + int.from_bytes(adobe[marker + 2 : marker + 4], "big") :]
    assert near(read_rgb(written(tmp_path, "plain.jpg", plain)), on_paper(inks), within=3)


def test_luminance_and_chrominance_are_those_of_jpeg(tmp_path: Path) -> None:
    luma, blue, red = np.moveaxis(COLOURS.astype(np.float64), 2, 0)
    blue, red = blue - 128, red - 128
    wanted = np.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1)
    picture = Pillow.frombytes("YCbCr", (4, 3), COLOURS.tobytes())
    assert near(read_rgb(saved(tmp_path, picture, "x.tiff")), wanted.clip(0, 255), within=1)


def test_lab_is_cie_lab_under_d50(tmp_path: Path) -> None:
    lab = np.array([[50, 0, 0], [80, 20, 30], [40, -20, 10], [60, 10, -30], [100, 0, 0], [0, 0, 0]], np.float64)
    stored = np.stack([np.rint(lab[:, 0] * 2.55), lab[:, 1] % 256, lab[:, 2] % 256], axis=-1).astype(np.uint8)
    y = (lab[:, 0] + 16) / 116
    cubes = np.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], axis=-1)
    xyz = np.where(cubes > 6 / 29, cubes**3, 3 * (6 / 29) ** 2 * (cubes - 4 / 29)) * [0.9642, 1, 0.8249]
    to_linear = np.array(  # XYZ under D50 to sRGB, Bradford-adapted
        [[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.2290, 1.4052]]
    )
    linear = (xyz @ to_linear.T).clip(0, 1)
    wanted = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    found = read_rgb(written(tmp_path, "x.tiff", tiff(6, (8, 8, 8), 8, stored.tobytes())))
    assert near(found[0], wanted, within=3)


# orientation

BLOCKS = RNG.integers(0, 256, (2, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)[..., None].repeat(3, axis=2)
UPRIGHT = {
    1: BLOCKS,
    2: BLOCKS[:, ::-1],
    3: BLOCKS[::-1, ::-1],
    4: BLOCKS[::-1],
    5: BLOCKS.swapaxes(0, 1),
    6: np.rot90(BLOCKS, -1),
    7: BLOCKS[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90(BLOCKS),
}


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.webp", "x.tiff"])
def test_every_orientation_is_set_upright_once(tmp_path: Path, name: str, orientation: int) -> None:
    options = {"x.jpg": {"quality": 100}, "x.webp": {"lossless": True}}.get(name, {})
    tags = Pillow.Exif()
    tags[0x0112] = orientation
    found = read_rgb(saved(tmp_path, Pillow.fromarray(BLOCKS), name, exif=tags, **options))
    assert near(found, UPRIGHT.get(orientation, BLOCKS), within=2 if name == "x.jpg" else 0)


def test_a_16_bit_grey_is_set_upright_too(tmp_path: Path) -> None:
    tags = Pillow.Exif()
    tags[0x0112] = 6
    path = saved(tmp_path, Pillow.fromarray(BLOCKS[..., 0].astype(np.uint16) * 257), "x.png", exif=tags)
    assert near(read_rgb(path), UPRIGHT[6])


def test_odd_entries_beside_the_orientation_do_no_harm(tmp_path: Path) -> None:
    resolution_as_text = (0x011A, 2, 3, b"72\0\0")
    path = saved(tmp_path, Pillow.fromarray(BLOCKS), "x.png", exif=exif(turned(6), resolution_as_text))
    assert near(read_rgb(path), UPRIGHT[6])


@pytest.mark.parametrize("broken", [b"Exif\0\0not a header", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_exif_that_cannot_be_read_turns_nothing(tmp_path: Path, broken: bytes) -> None:
    path = saved(tmp_path, Pillow.fromarray(BLOCKS), "x.png", exif=broken)
    assert near(read_rgb(path), BLOCKS)


# what gives no pixels


@pytest.mark.parametrize("shape", [(1, 9, 3), (9, 1, 3), (1, 1, 3)])
def test_pictures_one_pixel_wide_or_high_are_read(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = RNG.integers(0, 256, shape, np.uint8)
    assert near(read_rgb(saved(tmp_path, Pillow.fromarray(pixels), "x.png")), pixels)


@pytest.mark.parametrize("highest", [255, 70_000])
def test_32_bit_numbers_are_refused_because_they_have_no_range(tmp_path: Path, highest: int) -> None:
    values = np.array([[0, highest]], np.int32)
    with pytest.raises(
        UnreadableImage, match=rf"32-bit numbers \(0 to {highest} here\) without a defined range\. Save"
    ):
        read_rgb(saved(tmp_path, Pillow.fromarray(values), "signed.tiff"))
    with pytest.raises(UnreadableImage, match="without a defined range"):
        read_rgb(written(tmp_path, "unsigned.tiff", tiff(2, (32,), 1, values.astype("<u4").tobytes())))


def test_greys_beyond_8_bits_of_a_pgm_are_brought_to_the_high_byte(tmp_path: Path) -> None:
    # of 65535: 0x12ff and 0xab00; of 1000: 500 is 127.5 of 255
    sixteen = written(tmp_path, "16.pgm", b"P5 2 1 65535\n\x12\xff\xab\x00")
    assert read_rgb(sixteen)[0, :, 0].tolist() == [0x12, 0xAB]
    assert read_rgb(written(tmp_path, "10.pgm", b"P5 2 1 1000\n\x01\xf4\x03\xe8"))[0, :, 0].tolist() == [0x80, 255]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file. Check the path, which in a dataset is relative to the dataset's file."),
        (lambda path: path.mkdir(), "this is a folder. Give the path of a picture."),
        (
            lambda path: path.write_text("hello"),
            "the file is not a picture of a known format (PNG, JPEG, GIF, BMP, PPM, WEBP, TIFF). Replace it with a "
            "file that an image viewer can open.",
        ),
        (
            lambda path: Pillow.fromarray(np.ones((2, 2), np.float32)).save(path, "TIFF"),
            "its pixels are floating-point numbers without a defined range. Save it with 8 bits.",
        ),
    ],
    ids=["missing", "folder", "text", "floating point"],
)
def test_each_error_is_a_sentence_with_one_cure(tmp_path: Path, make: Any, message: str) -> None:
    path = tmp_path / "x.png"
    make(path)
    with pytest.raises(UnreadableImage) as caught:
        read_rgb(path)
    assert str(caught.value) == f"image {str(path)!r}: {message}"


def test_a_path_that_the_system_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"cannot be opened \(File name too long\)\. Check the path\.$"):
        read_rgb(tmp_path / ("x" * 5000))


def damaged(ending: str) -> bytes:
    """A file whose beginning is that of a picture, and what follows is not."""
    content = io.BytesIO()
    Pillow.fromarray(BLOCKS).save(content, ending)
    whole = bytearray(content.getvalue())
    whole[len(whole) // 2 :] = bytes(len(whole) - len(whole) // 2)
    return bytes(whole)


@pytest.mark.parametrize("ending", ["GIF", "JPEG", "PNG"])
def test_a_damaged_picture_is_unreadable_whatever_its_decoder_raises(tmp_path: Path, ending: str) -> None:
    told = r"the file .*\. Replace it with a file that an image viewer can open\.$"
    with pytest.raises(UnreadableImage, match=told):
        read_rgb(written(tmp_path, "x", damaged(ending)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ending", ["BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"])
def test_changed_bytes_give_pixels_or_an_unreadable_image_and_nothing_else(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(0)
    content = io.BytesIO()
    options = {"exif": exif(turned(6), (0x011A, 2, 3, b"72\0\0"))} if ending in ("JPEG", "PNG", "WEBP") else {}
    Pillow.fromarray(BLOCKS).save(content, ending, **options)
    read = 0
    for _ in range(100):
        changed = bytearray(content.getvalue())
        for place in rng.integers(0, min(200, len(changed)), 3):
            changed[place] = rng.choice([0, 1, 127, 255, rng.integers(256)])
        try:
            pixels = read_rgb(written(tmp_path, "x", bytes(changed)))
        except UnreadableImage:
            continue
        read += 1
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
    assert read < 100, "some change must have mattered"


# odd sizes through every family


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (32, 32)], ids=["one pixel high", "one pixel wide", "32x32"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_takes_pictures_of_odd_sizes_or_skips_them(family: str, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (*shape, 3), np.uint8)
    before = pixels.copy()
    others = Others((Picture("other", lambda: COLOURS),), ("cat",))
    for condition in FAMILIES[family].conditions(labels=("A", "Yes")):
        try:
            result = apply(condition, pixels, image_id="cat", seed=0, others=others)
        except Skipped:
            continue
        assert np.array_equal(pixels, before), condition.id
        assert result.dtype == np.uint8
        assert result.ndim == 3
        assert result.shape[2] == 3
        assert result.size > 0
        assert result.flags.c_contiguous
