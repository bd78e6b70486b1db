"""JPEG compression and pixelation against Pillow's own reading and against means of blocks."""

from io import BytesIO

import numpy as np
import PIL.Image
import pytest

from probe.perturbations import Skipped
from probe.perturbations.common import digital

FAMILIES = {family.name: family for family in digital.FAMILIES}
QUALITIES = tuple(enumerate((25, 18, 15, 10, 7), 1))
FRACTIONS = tuple(enumerate((0.6, 0.5, 0.4, 0.3, 0.25), 1))
SHAPES = [(1, 1), (2, 3), (32, 32), (33, 517), (517, 33), (1, 40), (224, 224)]


def picture(height=90, width=121):
    """Colour slopes, edges and no symmetry."""
    y, x = np.mgrid[:height, :width]
    return np.stack([(2 * y + x) % 256, (x * y) // 32 % 256, 255 * ((x // 9 + y // 7) % 2)], axis=-1).astype(np.uint8)


def made(name, pixels, severity):
    family = FAMILIES[name]
    return family.function(pixels, np.random.default_rng(0), **family.settings(family.at(severity)))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_size_is_kept_and_the_argument_unchanged(name, shape):
    pixels = picture(*shape)
    pixels.flags.writeable = False
    for severity in range(1, 6):
        result = made(name, pixels, severity)
        assert result.shape == pixels.shape
        assert result.dtype == np.uint8
        assert result.flags.c_contiguous
        assert result.flags.writeable


@pytest.mark.parametrize("name", FAMILIES)
def test_the_change_grows_with_the_severity(name):
    y, x = np.mgrid[:200, :240]
    smooth = 127 + 60 * np.sin(x / 9 + y / 17) + 60 * np.cos(y / 6)
    pixels = np.stack([smooth, smooth.T[:200, :200].repeat(2, axis=1)[:, :240], 255 - smooth], -1).astype(np.uint8)
    errors = [np.square(made(name, pixels, s).astype(float) - pixels).mean() for s in range(1, 6)]
    assert np.all(np.diff(errors) > 0), errors


@pytest.mark.parametrize(("severity", "quality"), QUALITIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_jpeg_compression_is_what_pillow_writes_and_reads(severity, quality, shape):
    file = BytesIO()
    PIL.Image.fromarray(picture(*shape)).save(file, "JPEG", quality=quality)
    with PIL.Image.open(file) as read:
        assert np.array_equal(made("jpeg_compression", picture(*shape), severity), np.asarray(read))


@pytest.mark.parametrize("shape", [(1, 65_501), (65_501, 1)])
def test_a_picture_too_long_for_a_jpeg_is_skipped(shape):
    long = np.zeros((*shape, 3), np.uint8)
    with pytest.raises(Skipped, match=f"{shape[1]}x{shape[0]} px does not fit into a JPEG: 65500 px a side"):
        digital.jpeg(long, 75)
    assert np.array_equal(digital.jpeg(long[:65_500, :65_500], 75), long[:65_500, :65_500])


def test_pixelate_at_a_half_repeats_the_means_of_two_by_two_pixels():
    pixels = picture(90, 120)
    means = pixels.reshape(45, 2, 60, 2, 3).mean(axis=(1, 3))
    repeated = means.repeat(2, axis=0).repeat(2, axis=1)
    # rounded twice: along the rows, then along the columns
    assert np.abs(made("pixelate", pixels, 2) - repeated).max() <= 1


@pytest.mark.parametrize(("severity", "fraction"), FRACTIONS)
@pytest.mark.parametrize(("height", "width"), [(90, 121), (33, 517)])
def test_pixelate_leaves_this_share_of_rows_and_columns_cut_to_whole_ones(severity, fraction, height, width):
    result = made("pixelate", picture(height, width), severity).astype(int)
    rows = 1 + np.any(np.diff(result, axis=0), axis=(1, 2)).sum()
    columns = 1 + np.any(np.diff(result, axis=1), axis=(0, 2)).sum()
    assert (rows, columns) == (int(height * fraction), int(width * fraction))


def test_pixelate_leaves_one_pixel_at_least_and_all_of_them_at_one():
    rng = np.random.default_rng(0)
    flat = digital.pixelate(picture(), rng, fraction=0.0)
    assert np.all(flat == flat[0, 0])
    assert np.abs(flat[0, 0] - picture().mean((0, 1))).max() <= 1
    assert np.array_equal(digital.pixelate(picture(), rng, fraction=1.0), picture())


@pytest.mark.parametrize("quality", [1, 100])
def test_jpeg_takes_either_end_of_its_range(quality):
    assert FAMILIES["jpeg_compression"].condition(quality=quality).id == f"jpeg_compression:quality={quality}"
    assert digital.jpeg(picture(), quality).shape == picture().shape
