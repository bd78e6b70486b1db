"""Glass blur against a loop that visits one pixel after another."""

import numpy as np
import pytest
from skimage import data

from probe.perturbations.common import glass
from probe.perturbations.common.blur import blurred

(FAMILY,) = glass.FAMILIES
SEVERITIES = {level: FAMILY.settings(FAMILY.at(level)) for level in FAMILY.severities}
SHARP = 0.1
"""A sigma whose blur changes nothing."""


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def squared_error(pixels, settings):
    return np.mean((FAMILY.function(pixels, np.random.default_rng(0), **settings) - pixels.astype(np.float32)) ** 2)


def visited(pixels, rng, *, reach, times):
    """From the bottom right, every pixel takes the present value of the one drawn for it."""
    pixels = pixels.copy()
    height, width = pixels.shape[:2]
    for _ in range(times):
        drawn = iter(rng.integers((2 * reach) ** 2, size=(height - 2 * reach) * (width - 2 * reach), dtype=np.uint16))
        for row in range(height - reach, reach, -1):
            for column in range(width - reach, reach, -1):
                right, down = divmod(int(next(drawn)), 2 * reach)
                pixels[row, column] = pixels[row + down - reach, column + right - reach]
    return pixels


@pytest.mark.parametrize("size", [(20, 31), (9, 40), (33, 12)])
@pytest.mark.parametrize(("reach", "times"), [(1, 2), (2, 1), (2, 3), (3, 2), (4, 2)])
def test_the_pixels_are_those_of_visiting_one_after_another(size, reach, times):
    pixels = noise(*size)
    found = FAMILY.function(pixels, np.random.default_rng(5), sigma=SHARP, reach=reach, times=times)
    assert np.array_equal(found, visited(pixels, np.random.default_rng(5), reach=reach, times=times))


@pytest.mark.parametrize("level", SEVERITIES)
def test_glass_blur_is_blur_then_visits_then_blur_with_fractions_cut_off(level):
    pixels, settings = noise(40, 50), SEVERITIES[level]
    sigma, reach, times = settings["sigma"], settings["reach"], settings["times"]
    moved = visited(blurred(pixels, sigma=sigma).astype(np.uint8), np.random.default_rng(1), reach=reach, times=times)
    found = FAMILY.function(pixels, np.random.default_rng(1), **settings)
    assert np.array_equal(found, np.floor(blurred(moved, sigma=sigma)))


def test_values_come_from_nearby_but_may_travel_far_to_the_top_left():
    # each pixel's value is its own row's number and column's number
    rows, columns = np.mgrid[:200, :250]
    places = np.stack([rows, columns, 0 * rows], axis=-1).astype(np.uint8)
    found = FAMILY.function(places, np.random.default_rng(0), sigma=SHARP, reach=4, times=1).astype(int)
    for travelled, limit in ((found[..., 0] - rows, 12), (found[..., 1] - columns, 12)):
        assert travelled.min() < -3
        assert travelled.max() > limit
        assert np.abs(np.median(travelled)) <= 2


@pytest.mark.parametrize("reach", [1, 4])
def test_a_border_stays_in_place(reach):
    pixels = noise(30, 40)
    found = FAMILY.function(pixels, np.random.default_rng(0), sigma=SHARP, reach=reach, times=3)
    changed = (found != pixels).any(axis=2)
    assert not changed[: reach + 1].any()
    assert not changed[:, : reach + 1].any()
    assert not changed[30 - reach + 1 :].any()
    assert not changed[:, 40 - reach + 1 :].any()
    assert changed.mean() > 0.3


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (8, 40), (40, 8)])
def test_a_picture_too_small_to_visit_is_only_blurred(size):
    pixels = noise(*size)
    twice = blurred(blurred(pixels, sigma=1.5).astype(np.uint8), sigma=1.5).astype(np.uint8)
    assert np.array_equal(FAMILY.function(pixels, np.random.default_rng(0), **SEVERITIES[5]), twice)


def test_pictures_differ_between_draws():
    pixels = noise(40, 50)
    first, again, other = (FAMILY.function(pixels, np.random.default_rng(seed), **SEVERITIES[3]) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_change_grows_with_severity_but_for_the_reference_s_fewer_rounds_at_the_second_and_fourth():
    photographs = data.astronaut(), data.coffee(), data.chelsea()
    errors = {level: np.mean([squared_error(each, SEVERITIES[level]) for each in photographs]) for level in SEVERITIES}
    assert sorted(errors, key=errors.__getitem__) == [2, 1, 4, 3, 5]
