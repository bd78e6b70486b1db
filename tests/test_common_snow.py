"""Snow: the whitening by hand, the flakes by their symmetry and size, and the reference's mean and spread."""

import numpy as np
import pytest

from probe.perturbations.common.snow import FAMILIES, snow

(FAMILY,) = FAMILIES
NO_FLAKES = {"mean": 0.0, "spread": 0.0, "threshold": 0.5}


def grey(level, height=224, width=224):
    return np.full((height, width, 3), level, np.uint8)


def made(severity, pixels, seed=0, **changed):
    return snow(pixels, np.random.default_rng(seed), **FAMILY.severities[severity] | changed)


def test_without_flakes_the_picture_is_whitened_by_its_grey():
    # grey = 0.299 * 10 + 0.587 * 20 + 0.114 * 250 = 43.23, white = 1.5 * 43.23 + 127.5 = 192.345
    # 0.8 * 10 + 0.2 * 192.345 = 46.469, 0.8 * 20 + 38.469 = 54.469; 250 is brighter than white and stays
    pixels = np.full((5, 4, 3), (10, 20, 250), np.uint8)
    assert np.all(made(1, pixels, **NO_FLAKES) == (46, 54, 250))


def test_a_black_picture_shows_the_flakes_and_the_same_upside_down():
    falling = made(3, grey(0, 90, 130), picture=1.0)
    assert 0 < falling.mean() < 100
    assert np.array_equal(falling, falling[::-1, ::-1])
    assert np.array_equal(falling[..., 0], falling[..., 1])
    assert np.array_equal(falling[..., 0], falling[..., 2])


def test_unblurred_flakes_are_dark_below_the_threshold_and_bright_above():
    flakes = made(5, grey(0), radius=0, picture=1.0)
    lit = flakes[flakes > 0]
    # a flake has at least 0.85 * 255 = 216.75
    assert lit.min() == 217
    assert 0.05 < lit.size / flakes.size < 0.6


@pytest.mark.parametrize("zoom", [1.0, 2.0, 2.5, 4.5, 7.3])
@pytest.mark.parametrize("size", [(224, 224), (33, 517), (101, 64), (1, 9), (2, 2)])
def test_noise_is_drawn_wherever_it_is_enlarged_from(size, zoom):
    # noise of 1 throughout: a place that was not drawn would be black
    assert np.all(made(4, grey(0, *size), mean=1.0, spread=0.0, zoom=zoom) == 255)


def test_a_larger_zoom_makes_larger_flakes():
    def edges(zoom):
        lit = made(5, grey(0), zoom=zoom, radius=0, picture=1.0)[..., 0] > 0
        return np.mean(lit[:, 1:] != lit[:, :-1])

    assert edges(2.0) > 1.5 * edges(4.0)


def test_the_flakes_fall_within_45_degrees_of_the_vertical():
    def sharpness(axis, seed):
        layer = made(3, grey(0), seed, picture=1.0)[..., 0].astype(float)
        return np.abs(np.diff(layer, axis=axis)).mean()

    # a line is smooth along itself: the steps down are smaller than those across
    assert all(sharpness(0, seed) < sharpness(1, seed) for seed in range(10))


@pytest.mark.parametrize("severity", FAMILY.severities)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (3, 3), (33, 517), (517, 33)])
def test_snow_takes_any_size(severity, size):
    assert made(severity, grey(99, *size)).shape == (*size, 3)


def test_snow_grows_with_severity():
    pixels = np.random.default_rng(1).integers(0, 200, (120, 160, 3), np.uint8)
    errors = [
        np.mean([np.mean((made(severity, pixels, seed).astype(float) - pixels) ** 2) for seed in range(10)])
        for severity in FAMILY.severities
    ]
    assert errors == sorted(errors)


# measured with the reference on this grey: mean level and standard deviation within a picture, over 400 seeds
@pytest.mark.parametrize(
    ("severity", "mean", "spread"),
    [(1, 142.23, 17.41), (2, 172.63, 25.45), (3, 172.24, 28.54), (4, 189.64, 32.65), (5, 208.71, 24.41)],
)
def test_snow_has_the_reference_s_mean_and_spread(severity, mean, spread):
    snowy = [made(severity, grey(100), seed) for seed in range(64)]
    # what is added within 1 %, and three standard errors of a mean over 64 seeds
    assert abs(np.mean(snowy) - mean) < 0.01 * (mean - 100) + 0.7
    assert abs(np.mean([one.std() for one in snowy]) - spread) < 0.01 * spread + 0.4
