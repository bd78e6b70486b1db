"""Zoom blur against scipy's enlargement of the picture's centre."""

import math

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from probe.perturbations.common import zoom
from probe.perturbations.common.zoom import clipped_zoom

(FAMILY,) = zoom.FAMILIES
SEVERITIES = {level: FAMILY.settings(FAMILY.at(level)) for level in FAMILY.severities}
LAYERS = {1: (12, 1.11), 2: (16, 1.15), 3: (11, 1.2), 4: (13, 1.24), 5: (11, 1.3)}


def noise(height, width, *channels):
    return np.random.default_rng(0).integers(0, 256, (height, width, *channels)).astype(np.uint8)


def made(pixels, level):
    return FAMILY.function(pixels, np.random.default_rng(0), **SEVERITIES[level])


def enlarged(values, factor):
    """The centre cut out, enlarged by scipy, and what is too much cut evenly from both ends."""
    cuts = [math.ceil(size / factor) for size in values.shape[:2]]
    first = [(size - cut) // 2 for size, cut in zip(values.shape[:2], cuts, strict=True)]
    centre = values[first[0] : first[0] + cuts[0], first[1] : first[1] + cuts[1]].astype(np.float64)
    large = ndimage.zoom(centre, (factor, factor) + (1,) * (values.ndim - 2), order=1, mode="nearest")
    trims = [(got - size) // 2 for got, size in zip(large.shape, values.shape[:2], strict=False)]
    return large[trims[0] : trims[0] + values.shape[0], trims[1] : trims[1] + values.shape[1]]


@pytest.mark.parametrize("factor", [1, 1.01, 1.11, 1.3, 2, 2.5, 3, 4.5])
@pytest.mark.parametrize("shape", [(224, 224), (97, 33), (60, 131, 3)])
def test_clipped_zoom_is_the_centre_enlarged_linearly(shape, factor):
    values = noise(*shape).astype(np.float32)
    found = clipped_zoom(values, factor)
    assert found.dtype == np.float32
    assert found.shape == shape
    assert np.abs(found - enlarged(values, factor)).max() < 1e-3


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (2, 3), (31, 32), (33, 517)])
@pytest.mark.parametrize("factor", [1, 1.02, 1.29, 3.7, 10])
def test_clipped_zoom_keeps_every_shape_and_a_flat_picture(size, factor):
    flat = np.full((*size, 3), 165, np.float32)
    assert np.array_equal(clipped_zoom(flat, factor), flat)


def test_clipped_zoom_by_one_is_the_picture():
    values = noise(40, 30).astype(np.float32)
    assert np.array_equal(clipped_zoom(values, 1), values)


def test_clipped_zoom_by_hand():
    # 5 px by 2: the middle ceil(5 / 2) = 3 px [1, 2, 3] on 6 places 0, 0.4, 0.8, 1.2, 1.6, 2, of which 5 are kept
    row = np.tile(np.array([0, 10, 20, 30, 40], np.float32), (5, 1))
    assert clipped_zoom(row, 2)[0].tolist() == pytest.approx([10, 14, 18, 22, 26])


@pytest.mark.parametrize("level", SEVERITIES)
def test_zoom_blur_is_the_mean_of_the_picture_and_its_enlargements(level):
    count, largest = LAYERS[level]
    factors = np.linspace(1, largest, count)
    pixels = noise(90, 70, 3)
    mean = (pixels + sum(enlarged(pixels, factor) for factor in factors)) / (count + 1)
    difference = made(pixels, level) - mean
    # fractions are cut off
    assert difference.max() < 1e-3
    assert difference.min() > -1 - 1e-3


def test_zoom_blur_is_the_same_in_blocks_of_any_size(monkeypatch):
    pixels = noise(90, 70, 3)
    whole = made(pixels, 5)
    monkeypatch.setattr(zoom, "BLOCK", 500)
    assert np.array_equal(made(pixels, 5), whole)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (32, 32), (517, 33)])
@pytest.mark.parametrize("level", SEVERITIES)
def test_a_flat_picture_stays_flat_however_small_it_is(size, level):
    flat = np.full((*size, 3), 165, np.uint8)
    assert np.array_equal(made(flat, level), flat)


def test_the_change_grows_with_severity():
    photographs = data.astronaut(), data.coffee(), data.chelsea()
    errors = [
        np.mean([np.mean((made(each, level) - each.astype(np.float32)) ** 2) for each in photographs])
        for level in SEVERITIES
    ]
    assert errors == sorted(errors)
