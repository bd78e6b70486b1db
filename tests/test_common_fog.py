"""Fog against its definition, computed point by point, and against the reference's mean and spread."""

import tracemalloc

import numpy as np
import pytest

from probe.perturbations.common import fog as module
from probe.perturbations.common.fog import FAMILIES, fog, plasma

(FAMILY,) = FAMILIES


def grey(level, height=224, width=224):
    return np.full((height, width, 3), level, np.uint8)


def made(severity, pixels, seed=0):
    return fog(pixels, np.random.default_rng(seed), **FAMILY.severities[severity])


def plasma_point_by_point(side, rng, decay):
    """The definition, in floating point: middles of squares, then middles of sides, on a torus."""
    levels = side.bit_length() - 1
    unit = module.LARGEST / (1.5 * sum(decay ** (-2 * level) for level in range(levels)))
    values = np.zeros((side, side))
    for level in range(levels):
        step, half = side >> level, side >> (level + 1)
        amplitude = round(unit * decay ** (-2 * level))
        places = [(half, half), (0, half), (half, 0)]
        for first_row, first_column in places:
            count = side // step
            noise = np.zeros((count, count))
            if amplitude:
                noise = rng.integers(-amplitude, amplitude, (count, count), np.int16, endpoint=True)
            # corners lie diagonally around a square's middle, and straight around a side's
            diagonal = first_row == first_column
            around = [(-half, -half), (-half, half), (half, -half), (half, half)]
            around = around if diagonal else [(-half, 0), (half, 0), (0, -half), (0, half)]
            for i in range(count):
                for j in range(count):
                    row, column = first_row + i * step, first_column + j * step
                    four = [values[(row + down) % side, (column + right) % side] for down, right in around]
                    values[row, column] = sum(four) / 4 + noise[i, j]
    return values


@pytest.mark.parametrize("decay", [1.4, 2.0, 30.0])
def test_the_plasma_is_made_of_means_of_four_neighbours_and_of_noise(decay):
    exact = plasma_point_by_point(32, np.random.default_rng(5), decay)
    found = plasma(32, np.random.default_rng(5), decay=decay)
    # each level rounds by at most 2 units; the whole spans tens of thousands
    assert np.abs(found - exact).max() <= 8


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("decay", [1.0, 1.4, 100.0])
def test_the_plasma_stays_inside_16_bits(decay, seed):
    values = plasma(64, np.random.default_rng(seed), decay=decay).astype(int)
    exact = plasma_point_by_point(64, np.random.default_rng(seed), decay)
    assert np.abs(values - exact).max() <= 12, "a sum that wrapped around would be 65,536 off"


def test_fog_over_white_runs_from_the_dimmed_white_to_white():
    # f is 0 and 1 somewhere: 255 (1 + 0) / (1 + 1.5) = 102 and 255 (1 + 1.5) / (1 + 1.5) = 255
    foggy = made(1, grey(255, 256, 256))
    assert foggy.min() == 102
    assert foggy.max() in (254, 255)


def test_fog_is_the_same_grey_on_all_three_channels():
    foggy = made(3, grey(100))
    assert np.array_equal(foggy[..., 0], foggy[..., 1])
    assert np.array_equal(foggy[..., 0], foggy[..., 2])


def test_the_picture_keeps_its_share_under_the_fog():
    pixels = np.random.default_rng(1).integers(0, 256, (64, 80, 3), np.uint8)
    pixels[0, 0] = 255
    # the same cloud over both, the brightest level is 255 in both: v / (1 + 2) of the difference stays, +- truncation
    other = np.full_like(pixels, 255)
    difference = made(2, other).astype(int) - made(2, pixels)
    assert np.abs(difference - (other.astype(int) - pixels) / 3).max() <= 1.01


def test_a_black_picture_stays_black_as_in_the_reference():
    assert np.array_equal(made(5, grey(0)), grey(0))


def test_no_fog_leaves_the_picture():
    pixels = np.random.default_rng(1).integers(0, 256, (70, 40, 3), np.uint8)
    assert np.array_equal(fog(pixels, np.random.default_rng(0), amount=0.0, decay=2.0), pixels)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (33, 517), (517, 33), (129, 64)])
def test_fog_takes_any_size(size):
    pixels = np.random.default_rng(1).integers(1, 256, (*size, 3), np.uint8)
    assert made(4, pixels).shape == pixels.shape


@pytest.mark.parametrize("size", [(20, 300), (300, 20), (200, 300), (64, 65)])
def test_a_picture_longer_than_the_largest_map_sees_it_again_without_a_seam(size, monkeypatch):
    monkeypatch.setattr(module, "WIDEST", 64)
    long = made(3, grey(200, *size))
    # all of the map: the same draws, over a picture of its own size
    whole = made(3, grey(200, 64, 64))
    assert np.array_equal(long, np.tile(whole, (5, 5, 1))[: size[0], : size[1]])


@pytest.mark.parametrize(("longer", "side"), [(4096, 4096), (4097, 4096), (20_000, 4096), (300, 512)])
def test_no_map_is_larger_than_the_largest_however_long_the_picture(longer, side, monkeypatch):
    asked = []

    def small(side, rng, *, decay):
        asked.append(side)
        return np.tile(plasma(64, rng, decay=decay), (side // 64, side // 64))

    monkeypatch.setattr(module, "plasma", small)
    assert made(1, grey(200, 32, longer)).shape == (32, longer, 3)
    assert asked == [side]


def test_fog_over_a_very_long_picture_takes_seconds_and_megabytes():
    tracemalloc.start()
    try:
        assert made(1, grey(200, 32, 20_000)).shape == (32, 20_000, 3)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 200e6, "a map as long as the picture takes 5 GB"


# measured with the reference on this grey: mean level and standard deviation within a picture, over 400 seeds
@pytest.mark.parametrize(
    ("severity", "mean", "spread"),
    [(1, 59.8, 11.8), (2, 57.7, 12.5), (3, 56.2, 14.1), (4, 56.2, 15.1), (5, 55.2, 15.9)],
)
def test_fog_has_the_reference_s_mean_and_spread(severity, mean, spread):
    foggy = [made(severity, grey(100), seed) for seed in range(64)]
    # 3 %, and three standard errors of a mean over 64 seeds
    assert abs(np.mean(foggy) - mean) < 0.03 * mean + 2.9
    assert abs(np.mean([one.std() for one in foggy]) - spread) < 0.03 * spread + 0.9
