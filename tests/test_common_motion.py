"""Motion blur against the sum of moved pictures that it is, and the directions that it draws."""

import math

import numpy as np
import pytest
from skimage import data

from probe.perturbations.common import motion
from probe.perturbations.common.motion import line_blur

(FAMILY,) = motion.FAMILIES
SEVERITIES = {level: FAMILY.settings(FAMILY.at(level)) for level in FAMILY.severities}


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def squared_error(pixels, seed, settings):
    return np.mean((FAMILY.function(pixels, np.random.default_rng(seed), **settings) - pixels.astype(np.float32)) ** 2)


def moved_sum(values, radius, sigma, angle):
    """Step by step: the k-th picture is read k px further along the line, borders repeated, and weighs exp(-k²/2σ²)."""
    height, width = values.shape[:2]
    total, weights = np.zeros(values.shape), 0.0
    for step in range(2 * radius + 1):
        down = math.ceil(step * math.sin(math.radians(angle)) - 0.5)
        right = math.ceil(step * math.cos(math.radians(angle)) - 0.5)
        if abs(down) >= height or abs(right) >= width:
            break
        rows = np.clip(np.arange(height) + down, 0, height - 1)
        columns = np.clip(np.arange(width) + right, 0, width - 1)
        weight = math.exp(-(step**2) / (2 * sigma**2))
        total, weights = total + weight * values[rows][:, columns], weights + weight
    return total / weights


@pytest.mark.parametrize("angle", [0, 30.5, 45, -44.9, -90, -100, -135, 179])
@pytest.mark.parametrize("settings", [{"radius": 10, "sigma": 3.0}, {"radius": 20, "sigma": 15.0}])
def test_a_line_blur_is_the_weighted_sum_of_pictures_moved_along_the_line(angle, settings):
    pixels = noise(60, 75)
    found = line_blur(pixels.astype(np.float32), angle=angle, **settings)
    # 41 weights rounded to 1/65536: at most 41 * 255 / 131072 = 0.08
    assert np.abs(found - moved_sum(pixels, angle=angle, **settings)).max() < 0.08


def test_a_line_blur_by_hand():
    # weights 1, exp(-1/2) = 0.6065, exp(-2) = 0.1353, sum 1.7419: shares 0.5741, 0.3482, 0.0777
    row = np.array([[0, 0, 0, 100, 0]], np.float32)
    found = line_blur(row, radius=1, sigma=1, angle=0)
    # each value takes those that follow it to the right, so that light is drawn out to the left
    assert found[0].tolist() == pytest.approx([0, 7.77, 34.82, 57.41, 0], abs=0.01)
    assert line_blur(row.T, radius=1, sigma=1, angle=90)[:, 0].tolist() == pytest.approx(found[0].tolist())


@pytest.mark.parametrize("angle", [0, 20, 45, -70])
def test_sums_of_bytes_are_exact_so_that_no_machine_rounds_them_otherwise(angle):
    pixels = noise(50, 60)
    single = line_blur(pixels.astype(np.float32), radius=20, sigma=15, angle=angle)
    double = line_blur(pixels.astype(np.float64), radius=20, sigma=15, angle=angle)
    assert single.dtype == np.float32
    assert double.dtype == np.float64
    assert np.array_equal(single, double)


def test_a_grey_picture_is_blurred_like_a_channel_of_a_coloured_one():
    values = noise(40, 50).astype(np.float32)
    coloured = line_blur(values, radius=5, sigma=2, angle=-30)
    assert np.array_equal(line_blur(values[..., 1], radius=5, sigma=2, angle=-30), coloured[..., 1])
    assert np.array_equal(line_blur(values[..., 1:2], radius=5, sigma=2, angle=-30), coloured[..., 1:2])


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (3, 3), (12, 40), (33, 100)])
@pytest.mark.parametrize("angle", [0, 44, -45])
def test_a_flat_picture_stays_flat_however_small_it_is(size, angle):
    flat = np.full((*size, 3), 165, np.float32)
    assert np.array_equal(line_blur(flat, radius=20, sigma=15, angle=angle), flat)


def test_a_line_longer_than_the_picture_ends_within_it():
    pixels = noise(8, 12)
    found = line_blur(pixels.astype(np.float32), radius=20, sigma=15, angle=10)
    assert np.abs(found - moved_sum(pixels, radius=20, sigma=15, angle=10)).max() < 0.08


@pytest.mark.parametrize("level", SEVERITIES)
def test_motion_blur_draws_one_angle_within_45_degrees_and_cuts_fractions_off(level):
    pixels = noise(60, 70)
    angle = np.random.default_rng(level).uniform(-45, 45)
    blurred = line_blur(pixels.astype(np.float32), angle=angle, **SEVERITIES[level])
    found = FAMILY.function(pixels, np.random.default_rng(level), **SEVERITIES[level])
    assert np.array_equal(found, np.floor(blurred))


def test_directions_differ_between_draws_and_lie_on_both_sides_of_the_horizontal():
    # a bright column stays straight up and down only where the line is horizontal; a bright dot shows the direction
    dot = np.zeros((81, 81, 3), np.uint8)
    dot[40, 40] = 255
    rises = []
    for seed in range(40):
        rows, _, _ = np.nonzero(FAMILY.function(dot, np.random.default_rng(seed), radius=20, sigma=15.0))
        rises.append(40 - rows.min() if rows.min() < 40 else 40 - rows.max())
    # 30 px along, of which 0.707 at 45 degrees; the fainter end is cut off
    assert min(rises) < -14
    assert max(rises) > 14
    assert len(set(rises)) > 15


def test_the_change_grows_with_severity():
    photographs = data.astronaut(), data.coffee(), data.chelsea()
    errors = [
        np.mean([squared_error(each, seed, settings) for each in photographs for seed in range(4)])
        for settings in SEVERITIES.values()
    ]
    assert errors == sorted(errors)
