"""Gaussian and defocus blur against scipy's correlations with the kernels that they are."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from probe.perturbations.common import blur
from probe.perturbations.common.blur import blurred

FAMILIES = {family.name: family for family in blur.FAMILIES}
SIGMAS = tuple(enumerate((1, 2, 3, 4, 6), 1))
DISCS = tuple(enumerate(((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)), 1))
SIZES = [(1, 1), (1, 40), (32, 32), (33, 200)]


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def severity(name, level):
    return FAMILIES[name].settings(FAMILIES[name].at(level))


def made(name, pixels, level):
    return FAMILIES[name].function(pixels, np.random.default_rng(0), **severity(name, level))


def disc(radius, edge):
    """The mean over a disc in a square of at least 17 px, its rim softened, the square's own border mirrored."""
    side, reach = (8, 1) if radius <= 8 else (radius, 2)
    down, across = np.mgrid[-side : side + 1, -side : side + 1]
    inside = (down**2 + across**2 <= radius**2).astype(float)
    gaussian = np.exp(-(np.arange(-reach, reach + 1.0) ** 2) / (2 * edge**2))
    for axis in (0, 1):
        inside = ndimage.correlate1d(inside, gaussian / gaussian.sum(), axis=axis, mode="mirror")
    return inside / (down**2 + across**2 <= radius**2).sum()


@pytest.mark.parametrize(("level", "sigma"), SIGMAS)
def test_gaussian_blur_is_a_gaussian_with_its_fractions_cut_off(level, sigma):
    assert severity("gaussian_blur", level) == {"sigma": sigma}
    pixels = noise(60, 75)
    exact = ndimage.gaussian_filter(pixels.astype(float), (sigma, sigma, 0), mode="nearest", truncate=4)
    assert np.abs(blurred(pixels, sigma=sigma) - exact).max() < 1e-3
    assert np.array_equal(made("gaussian_blur", pixels, level), np.floor(blurred(pixels, sigma=sigma)))


@pytest.mark.parametrize("sigma", [0.7, 1.5, 6, 40])
def test_sums_of_bytes_are_exact_so_that_no_machine_rounds_them_otherwise(sigma):
    pixels = noise(50, 60)
    parts = blurred(pixels, sigma=sigma) * blur.UNIT**2
    assert np.array_equal(parts, np.rint(parts))
    turned = blurred(np.ascontiguousarray(pixels.transpose(1, 0, 2)[::-1]), sigma=sigma)
    assert np.array_equal(turned, blurred(pixels, sigma=sigma).transpose(1, 0, 2)[::-1])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sigma", [0.1, 6, 100])
def test_a_gaussian_keeps_a_flat_picture_however_small_it_is(size, sigma):
    flat = np.full((*size, 3), 165, np.uint8)
    assert np.array_equal(blurred(flat, sigma=sigma), flat)


@pytest.mark.parametrize(("level", "settings"), DISCS)
def test_defocus_blur_is_the_mean_over_a_disc_with_its_fractions_cut_off(level, settings):
    radius, edge = settings
    assert severity("defocus_blur", level) == {"radius": radius, "edge": edge}
    pixels = noise(60, 75)
    exact = ndimage.correlate(pixels.astype(float), disc(radius, edge)[..., None], mode="mirror")
    difference = made("defocus_blur", pixels, level) - np.minimum(exact, 255)
    assert difference.max() < 1e-4
    assert difference.min() > -1 - 1e-4


def test_a_sharp_disc_of_3_px_is_the_mean_of_its_29_pixels():
    # rows of 1 + 5 + 5 + 7 + 5 + 5 + 1 = 29 pixels within 3 px; 2900 / 29 = 100 at each of them
    dot = np.zeros((21, 21, 3), np.uint8)
    dot[10, 10] = 250
    lit = made("defocus_blur", dot, 1)[..., 0]
    assert (lit > 0).sum(axis=1)[7:14].tolist() == [1, 5, 5, 7, 5, 5, 1]
    # 250 / 29 = 8.6
    assert set(np.unique(lit)) == {0, 8}


@pytest.mark.parametrize(("level", "grey"), [(2, 99), (3, 99), (4, 101), (5, 101)])
def test_defocus_blur_brightens_where_the_reference_mirrors_the_rim(level, grey):
    # the kernels sum to just under 1, and to 1.0130 and 1.0108
    assert np.all(made("defocus_blur", np.full((40, 50, 3), 100, np.uint8), level) == grey)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_white_stays_white_to_within_a_level_and_never_wraps_around(size, level):
    assert made("defocus_blur", np.full((*size, 3), 255, np.uint8), level).min() >= 254


@pytest.mark.parametrize("name", FAMILIES)
def test_the_change_grows_with_severity(name):
    photographs = data.astronaut(), data.coffee(), data.chelsea()
    errors = [
        np.mean([np.mean((made(name, each, level) - each.astype(np.float32)) ** 2) for each in photographs])
        for level in range(1, 6)
    ]
    assert errors == sorted(errors)
