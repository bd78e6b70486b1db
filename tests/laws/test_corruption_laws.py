"""Laws of the common corruptions and of the frequency suite, for pictures of any size, shape and content."""

import random
from itertools import pairwise

import numpy as np
import pytest
from corruption_facts import DETERMINISTIC, PHOTOGRAPHS, RANDOM, SQUARE, photograph
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.perturbations import FAMILIES, apply, generator
from probe.perturbations.frequency import FAMILIES as FREQUENCY
from probe.perturbations.frequency import banded_noise, basis

COMMON = tuple(family for family in FAMILIES.values() if family.paper == "IC")
ALL = (*COMMON, *FREQUENCY)
LOCAL = tuple(
    FAMILIES[name]
    for name in (
        "defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur", "elastic_transform", "pixelate",
    )
)  # fmt: skip
"""They mix or move neighbours and make nothing new."""

ORDERS = {
    # more displacement, but fewer rounds of it, at 2 and at 4
    "glass_blur": ((2, 1, 4, 3, 5),),
    # in truth it grows at every step, but from 3 to 4 by 1.5 % (over 2500 seeds), less than a few seeds resolve
    "fog": ((1, 2, 3, 5), (1, 2, 4, 5)),
    # 4 has less of the picture than 3 and no more of the frost, so that less of it is blown out to white
    "frost": ((1, 2, 3, 5), (1, 2, 4, 5)),
    # 1 and 2 shear and shift the whole picture by tens of px, 3 to 5 bend it finely
    "elastic_transform.imagenet_c": ((3, 4, 5, 1, 2),),
    # 1 and 2 are paler than the picture, 3 to 5 more colourful
    "saturate": ((1, 2), (3, 4, 5)),
}
"""Where the severities do not grow one by one, or not so that few seeds show it: the chains along which they do."""

PHOTOS = {name: photograph(name, SQUARE) for name in PHOTOGRAPHS}
SEEDS = st.integers(0, 2**32)


@st.composite
def pictures(draw, *, shortest=32, longest=256):
    """Any size and aspect ratio; noise, one colour, or a slope."""
    sides = draw(st.integers(shortest, 64)), draw(st.integers(shortest, longest))
    height, width = sides if draw(st.booleans()) else sides[::-1]
    rng = np.random.default_rng(draw(SEEDS))
    colour = rng.choice([0, 255, *rng.integers(0, 256, 3)], 3)
    plain = np.full((height, width, 3), colour)
    slope = np.linspace(0, 255, height * width * 3).reshape(height, width, 3)
    noise = rng.integers(0, 256, (height, width, 3))
    return draw(st.sampled_from([plain, slope, noise])).astype(np.uint8)


def conditions(family):
    return st.sampled_from(family.conditions())


def each(families):
    return pytest.mark.parametrize("family", families, ids=lambda family: family.name)


def test_all_corruptions_of_the_paper_are_held_to_these_laws():
    assert {*DETERMINISTIC, *RANDOM} <= {family.name for family in COMMON}


@each(ALL)
@given(data=st.data(), pixels=pictures())
@settings(max_examples=8, deadline=None)
def test_the_size_stays_and_the_pixels_are_contiguous_rgb(family, data, pixels):
    result = apply(data.draw(conditions(family)), pixels, image_id="i", seed=0)
    assert result.shape == pixels.shape
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous


@each(ALL)
@given(data=st.data(), pixels=pictures(longest=64), seed=SEEDS)
@settings(max_examples=4, deadline=None)
def test_every_picture_is_a_pure_function_of_pixels_seed_image_and_condition(family, data, pixels, seed):
    condition = data.draw(conditions(family))
    before, numpys, pythons = pixels.copy(), np.random.get_state(), random.getstate()  # noqa: NPY002
    first = apply(condition, pixels, image_id="i", seed=seed).copy()
    assert np.array_equal(np.random.get_state()[1], numpys[1])  # noqa: NPY002
    assert random.getstate() == pythons
    try:
        np.random.seed(7)  # noqa: NPY002
        random.seed(7)
        again = apply(condition, before, image_id="i", seed=seed)
    finally:
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(pythons)
    assert np.array_equal(first, again)
    assert np.array_equal(pixels, before)


@each(LOCAL)
@given(data=st.data(), grey=st.integers(0, 255), seed=SEEDS)
@settings(max_examples=8, deadline=None)
def test_one_colour_stays_that_colour_where_neighbours_are_mixed(family, data, grey, seed):
    plain = np.full((data.draw(st.integers(32, 64)), data.draw(st.integers(32, 64)), 3), grey, np.uint8)
    result = apply(data.draw(conditions(family)), plain, image_id="i", seed=seed)
    # values are cut off, not rounded, as in the reference: 99.9999 is 99; and its large discs sum to 1.013
    brighter = 0.013 * grey if family.name == "defocus_blur" else 0
    assert grey - 1 <= result.min() <= result.max() <= grey + 1 + brighter


# severity


def errors(family, chain):
    """Mean squared error against the clean photographs, for each condition of the chain.

    All conditions are given the same random numbers, so that chance hides no difference between them.
    """
    seeds = 1 if family.name in (*DETERMINISTIC, "low_pass", "high_pass") else 8

    def error(setting):
        return np.mean(
            [
                (family.function(pixels, generator(seed, name, "same"), **setting).astype(float) - pixels) ** 2
                for name, pixels in PHOTOS.items()
                for seed in range(seeds)
            ]
        )

    return [error(family.settings(condition)) for condition in chain]


@each(COMMON)
def test_the_error_grows_with_severity(family):
    found = dict(zip(family.severities, errors(family, family.conditions()), strict=True))
    assert sorted(found) == [1, 2, 3, 4, 5]
    for chain in ORDERS.get(family.name, ((1, 2, 3, 4, 5),)):
        assert all(found[mild] < found[strong] for mild, strong in pairwise((*chain,))), found


@pytest.mark.parametrize("name", ["low_pass", "high_pass", "band_noise:low", "band_noise:high"])
def test_the_error_grows_along_the_listed_frequency_conditions(name):
    family, _, band = name.partition(":")
    chain = [c for c in FAMILIES[family].conditions() if dict(c.parameters).get("band", "") == band]
    found = errors(FAMILIES[family], chain)
    assert all(mild < strong for mild, strong in pairwise(found)), found


# frequency


@given(pictures(shortest=1))
@settings(max_examples=25, deadline=None)
def test_the_whole_spectrum_is_the_clean_picture(pixels):
    for condition in (FAMILIES["low_pass"].condition(cutoff=1), FAMILIES["high_pass"].condition(cutoff=0)):
        assert apply(condition, pixels, image_id="i", seed=0) is pixels


@given(pictures(shortest=1, longest=64), st.floats(0, 1), st.integers(-9, 9), st.integers(-9, 9))
@settings(max_examples=40, deadline=None)
def test_filters_move_with_the_picture(pixels, cutoff, down, right):
    moved = np.roll(pixels, (down, right), axis=(0, 1))
    for name in ("low_pass", "high_pass"):
        condition = FAMILIES[name].condition(cutoff=cutoff)
        here, there = (apply(condition, one, image_id="i", seed=0) for one in (pixels, moved))
        assert np.array_equal(np.roll(here, (down, right), axis=(0, 1)), there)


@given(st.integers(0, 255), st.integers(1, 40), st.integers(1, 40), st.floats(0.01, 0.99))
@settings(max_examples=40, deadline=None)
def test_one_colour_is_all_low_and_nothing_high(grey, height, width, cutoff):
    plain = np.full((height, width, 3), grey, np.uint8)
    for name, parameters, left in (
        ("low_pass", {}, grey),
        ("high_pass", {}, 0),
        ("high_pass", {"keep_dc": True}, grey),
    ):
        condition = FAMILIES[name].condition(cutoff=cutoff, **parameters)
        assert np.all(apply(condition, plain, image_id="i", seed=0) == left)


@given(
    st.integers(2, 48), st.integers(2, 48), st.sampled_from(["low", "high"]), st.floats(0, 0.99), st.floats(0.1, 255),
    SEEDS,
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_band_noise_has_no_energy_outside_its_band_before_clipping(height, width, band, cut, epsilon, seed):
    noise = banded_noise(height, width, generator(seed, "i", "c"), band=band, epsilon=epsilon, cut=cut)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    radius /= radius.max()
    # a frequency on the very edge may be counted on either side
    outside = radius > cut + 1e-9 if band == "low" else radius < cut - 1e-9
    power = np.abs(np.fft.fft2(noise, axes=(0, 1))) ** 2
    assert power[outside].sum() <= 1e-20 * power.sum()
    assert np.abs(noise).max() == pytest.approx(epsilon)


@given(st.integers(1, 7), st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_the_waves_of_a_grid_are_an_orthonormal_basis(height, width):
    waves = np.stack([basis(height, width, i, j).ravel() for i in range(height) for j in range(width)])
    np.testing.assert_allclose(waves @ waves.T, np.eye(height * width), atol=1e-12)
