"""The frequency suite against the discrete Fourier transform written out, and against what its docstrings promise."""

import cmath
from itertools import product

import numpy as np
import pytest
from corruption_facts import PHOTOGRAPHS, SQUARE, photograph

from probe.perturbations import Skipped, generator
from probe.perturbations.frequency import FAMILIES, banded_noise, basis, radii

BY_NAME = {family.name: family for family in FAMILIES}
SIZES = [(8, 8), (9, 14), (14, 9), (33, 40), (1, 6), (5, 1)]
PHOTOS = [photograph(name, SQUARE) for name in PHOTOGRAPHS]


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def made(name, pixels, *, image_id="a", seed=0, **parameters):
    family = BY_NAME[name]
    condition = family.condition(**parameters)
    return family.function(pixels, generator(seed, image_id, condition.id), **family.settings(condition))


def rho(height, width):
    """The definition on numpy's full grid of frequencies."""
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    return radius / radius.max()


def kept(pixels, mask):
    """The frequencies of the mask, by numpy's complex transform, channel after channel."""
    planes = [np.fft.ifft2(np.fft.fft2(plane) * mask) for plane in np.moveaxis(pixels.astype(float), -1, 0)]
    assert max(np.abs(plane.imag).max() for plane in planes) < 1e-9
    return np.stack([plane.real for plane in planes], axis=-1)


def assert_nearest(levels, values):
    """The levels are the values, clipped and rounded to the nearest (a half may go either way)."""
    assert levels.dtype == np.uint8
    assert np.abs(levels - np.clip(values, 0, 255)).max() <= 0.5 + 1e-5


def power(values):
    return np.abs(np.fft.fft2(values, axes=(0, 1))) ** 2


# low_pass and high_pass


@pytest.mark.parametrize("size", SIZES)
def test_radii_are_the_definition_on_the_half_of_the_spectrum_that_a_real_picture_needs(size):
    np.testing.assert_allclose(radii(*size), rho(*size)[:, : size[1] // 2 + 1], atol=1e-12)
    assert radii(*size).max() == 1


def test_radii_of_a_frequency_do_not_depend_on_rounding():
    # a quarter of the sampling rate both ways is half way to the corner: 0.5 exactly, so that it is on both sides of it
    for side in (4, 12, 20, 28, 100, 224):
        assert radii(side, side)[side // 4, side // 4] == 0.5


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cutoff", [0, 0.11, 0.3, 0.5, 0.87])
def test_low_pass_keeps_the_frequencies_up_to_the_cutoff(size, cutoff):
    pixels = picture(*size)
    # 1e-12: on the side that equality is kept
    assert_nearest(made("low_pass", pixels, cutoff=cutoff), kept(pixels, rho(*size) <= cutoff + 1e-12))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cutoff", [0.11, 0.3, 0.5, 0.87, 1])
def test_high_pass_keeps_the_frequencies_from_the_cutoff_on(size, cutoff):
    pixels = picture(*size)
    mask = rho(*size) >= cutoff - 1e-12
    assert_nearest(made("high_pass", pixels, cutoff=cutoff), kept(pixels, mask))
    mask[0, 0] = True
    assert_nearest(made("high_pass", pixels, cutoff=cutoff, keep_dc=True), kept(pixels, mask))


def test_low_pass_agrees_with_the_transform_written_as_a_sum():
    height, width, cutoff = 4, 5, 0.6
    pixels = picture(height, width)
    plane = pixels[..., 1].astype(float)
    cells = list(product(range(height), range(width)))
    result = np.zeros((height, width))
    for k, m in cells:
        fy, fx = min(k, height - k) / height, min(m, width - m) / width
        # the farthest frequency of 4 x 5: 2/4 down and 2/5 across
        if (fy**2 + fx**2) ** 0.5 > cutoff * (0.5**2 + 0.4**2) ** 0.5:
            continue
        turn = {(y, x): cmath.exp(2j * cmath.pi * (k * y / height + m * x / width)) for y, x in cells}
        coefficient = sum(plane[cell] / turn[cell] for cell in cells) / (height * width)
        for cell in cells:
            result[cell] += (coefficient * turn[cell]).real
    assert_nearest(made("low_pass", pixels, cutoff=cutoff)[..., 1], result)


def test_the_open_ends_are_the_clean_picture_and_the_closed_ones_its_mean_and_its_corner():
    pixels = picture(12, 14)
    assert made("low_pass", pixels, cutoff=1) is pixels
    assert made("high_pass", pixels, cutoff=0) is pixels
    assert_nearest(made("low_pass", pixels, cutoff=0), np.broadcast_to(pixels.mean(axis=(0, 1)), pixels.shape))
    checks = (-1.0) ** np.add.outer(np.arange(12), np.arange(14))[..., None]
    assert_nearest(made("high_pass", pixels, cutoff=1), checks * (checks * pixels).mean(axis=(0, 1)))


@pytest.mark.parametrize("cutoff", [0.11, 0.33, 0.67])
def test_low_pass_takes_away_the_energy_of_the_frequencies_it_drops(cutoff):
    for photo in PHOTOS:
        pixels = photo // 2 + 64  # nothing is clipped
        difference = pixels.astype(float) - made("low_pass", pixels, cutoff=cutoff)
        dropped = (power(pixels) * (rho(*pixels.shape[:2]) > cutoff)[..., None]).sum() / (224 * 224)  # Parseval
        rounding = difference.size / 12
        assert (difference**2).sum() == pytest.approx(dropped + rounding, rel=0.03)


def test_high_pass_puts_energy_back_below_the_cutoff_unless_it_keeps_the_mean():
    def below(pixels, cutoff):
        spectrum = power(pixels - pixels.mean(axis=(0, 1)))
        return (spectrum * (rho(*SQUARE) < cutoff)[..., None]).sum() / spectrum.sum()

    for cutoff in (0.11, 0.33, 0.67):
        for pixels in PHOTOS:
            assert 0.15 < below(made("high_pass", pixels, cutoff=cutoff), cutoff) < 0.4
            assert below(made("high_pass", pixels, cutoff=cutoff, keep_dc=True), cutoff) < 0.03


def test_halves_are_rounded_up():
    # 0 and 1 have the mean 0.5, 2 and 3 have 2.5
    pixels = np.array([[[0, 2, 255], [1, 3, 254]]], np.uint8)
    assert made("low_pass", pixels, cutoff=0).tolist() == [[[1, 3, 255], [1, 3, 255]]]


def test_listed_cutoffs_go_from_the_clean_picture_to_the_least_that_is_left():
    low = [condition.id for condition in BY_NAME["low_pass"].conditions()]
    high = [condition.id for condition in BY_NAME["high_pass"].conditions()]
    numbers = ["0", "0.11", "0.22", "0.33", "0.44", "0.56", "0.67", "0.78", "0.89", "1"]
    assert low == [f"low_pass:cutoff={number}" for number in reversed(numbers)]
    assert high == [f"high_pass:cutoff={number}" for number in numbers]


# band_noise


@pytest.mark.parametrize("size", [(8, 8), (33, 40), (14, 9)])
@pytest.mark.parametrize("cut", [0.25, 0.6])
@pytest.mark.parametrize("band", ["low", "high"])
def test_banded_noise_has_energy_in_every_frequency_of_its_band_and_in_no_other(size, cut, band):
    noise = banded_noise(*size, np.random.default_rng(0), band=band, epsilon=8, cut=cut)
    edge = cut + 1e-12  # equality is low
    inside = rho(*size) <= edge if band == "low" else rho(*size) > edge
    assert power(noise)[~inside].max() < 1e-20 * power(noise).max()
    assert power(noise)[inside].min() > 1e-9 * power(noise).max()


@pytest.mark.parametrize("band", ["low", "high"])
def test_banded_noise_reaches_epsilon_and_is_white_within_its_band(band):
    ratios = []
    for seed in range(20):
        noise = banded_noise(64, 96, np.random.default_rng(seed), band=band, epsilon=4, cut=0.25)
        assert np.abs(noise).max() == pytest.approx(4)
        radius = rho(64, 96)
        halves = (radius < 0.17, (radius > 0.17) & (radius <= 0.25))
        if band == "high":
            halves = ((radius > 0.25) & (radius < 0.6), radius > 0.6)
        inner, outer = (power(noise)[half].mean() for half in halves)
        ratios.append(inner / outer)
    # some 200 frequencies, 3 channels and 20 draws in the smaller half: about 1 % of sampling error
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)


def test_banded_noise_is_another_in_each_channel_and_gaussian():
    noise = banded_noise(200, 200, np.random.default_rng(0), band="high", epsilon=1, cut=0.25)
    correlation = np.corrcoef(noise.reshape(-1, 3).T)
    assert np.abs(correlation[np.triu_indices(3, 1)]).max() < 0.02
    standardized = noise / noise.std()
    assert np.mean(standardized**4) == pytest.approx(3, abs=0.1)  # a uniform one has 1.8


@pytest.mark.parametrize("band", ["low", "high"])
@pytest.mark.parametrize("epsilon", [1, 2, 4, 8, 16])
def test_band_noise_is_the_picture_plus_the_noise(band, epsilon):
    pixels = picture(40, 30)
    condition = BY_NAME["band_noise"].condition(band=band, epsilon=epsilon)
    assert condition.id == f"band_noise:band={band},epsilon={epsilon}"
    noise = banded_noise(40, 30, generator(0, "a", condition.id), band=band, epsilon=epsilon, cut=0.25)
    noisy = made("band_noise", pixels, band=band, epsilon=epsilon)
    assert_nearest(noisy, pixels + noise)
    assert np.abs(noisy.astype(int) - pixels).max() <= epsilon


def test_band_noise_without_noise_is_the_clean_picture():
    assert np.array_equal(made("band_noise", picture(9, 8), band="low", epsilon=0), picture(9, 8))


def test_band_noise_depends_on_seed_and_image():
    grey = np.full((32, 32, 3), 128, np.uint8)
    drawn = [
        made("band_noise", grey, image_id=image_id, seed=seed, band="high", epsilon=16).tobytes()
        for image_id in "ab"
        for seed in (0, 1)
    ]
    assert len(set(drawn)) == 4


def test_one_pixel_has_low_noise_alone():
    pixel = np.full((1, 1, 3), 100, np.uint8)
    assert np.abs(made("band_noise", pixel, band="low", epsilon=8).astype(int) - 100).max() == 8
    with pytest.raises(Skipped, match="1x1 px has no frequency in the high band"):
        made("band_noise", pixel, band="high", epsilon=8)


# fourier_basis


def inverse_transform_of_a_pair(height, width, i, j):
    """FH's wave: (1 - 1j) / 2 at (i, j), its conjugate at (-i, -j), 1 where the two are one; scaled to norm 1."""
    spectrum = np.zeros((height, width), complex)
    here, there = (i % height, j % width), (-i % height, -j % width)
    spectrum[here], spectrum[there] = (1, 1) if here == there else ((1 - 1j) / 2, (1 + 1j) / 2)
    wave = np.fft.ifft2(spectrum) * np.sqrt(height * width)
    assert np.abs(wave.imag).max() < 1e-12
    return wave.real


@pytest.mark.parametrize("size", [(8, 8), (9, 14), (7, 7), (1, 6), (5, 1)])
def test_every_wave_is_that_of_the_paper(size):
    height, width = size
    for i, j in product(range(-height, height + 1), range(-width, width + 1)):
        expected = inverse_transform_of_a_pair(height, width, i, j)
        np.testing.assert_allclose(basis(height, width, i, j), expected, atol=1e-12)


def test_waves_wrap_exactly_whatever_their_number():
    assert np.array_equal(basis(30, 40, 3, -5), basis(30, 40, 3 + 30 * 3333, -5 - 40 * 2500))


@pytest.mark.parametrize(("i", "j"), [(0, 0), (0, 3), (16, 0), (16, 16), (-7, 12), (2, -16)])
def test_each_channel_changes_by_epsilon(i, j):
    # 50 px: 2.55 * 255 / 50 = 13 levels per pixel; grey is far from both ends, so that nothing is clipped
    grey = np.full((50, 50, 3), 128, np.uint8)
    change = (made("fourier_basis", grey, i=i, j=j, epsilon=2.55).astype(float) - 128) / 255
    assert np.sqrt((change**2).sum(axis=(0, 1))) == pytest.approx([2.55] * 3, rel=0.03)
    wave = basis(50, 50, i, j)
    assert np.abs((change * wave[..., None]).sum(axis=(0, 1))) == pytest.approx([2.55] * 3, rel=0.03)


def test_the_default_epsilon_is_seven_percent_per_pixel_at_224():
    grey = np.full((224, 224, 3), 128, np.uint8)
    change = made("fourier_basis", grey, i=3, j=5).astype(float) / 255 - 128 / 255
    assert np.sqrt((change**2).mean()) == pytest.approx(0.07, rel=0.01)  # 15.7 / 224 = 0.0701


def test_the_signs_of_the_channels_are_drawn_one_by_one():
    grey = np.full((16, 16, 3), 128, np.uint8)
    wave = basis(16, 16, 1, 2)[..., None]
    signs = [
        tuple(np.sign(((made("fourier_basis", grey, image_id=str(n), i=1, j=2) - 128.0) * wave).sum(axis=(0, 1))))
        for n in range(200)
    ]
    counts = [signs.count(each) for each in product((-1.0, 1.0), repeat=3)]
    assert sum(counts) == 200
    # each of the eight is expected 25 times, give or take 4.7
    assert min(counts) >= 8


def test_waves_are_clipped_to_the_range():
    grey = np.full((32, 32, 3), 128, np.uint8)
    strong = made("fourier_basis", grey, i=1, j=0, epsilon=1000)
    far = np.abs(basis(32, 32, 1, 0)) * 1000 > 1
    assert np.mean(far) > 0.9
    assert set(np.unique(strong[far])) == {0, 255}


def test_listed_waves_are_one_half_plane_of_octaves():
    waves = [(dict(c.parameters)["i"], dict(c.parameters)["j"]) for c in BY_NAME["fourier_basis"].conditions()]
    octaves = {0, 1, 2, 4, 8, 16, 32}
    assert len(waves) == len(set(waves)) == 85
    both = {*waves, *((-i, -j) for i, j in waves)}
    assert both == set(product([*octaves, *(-o for o in octaves)], repeat=2))
    assert {(0, 0)} == {(-i, -j) for i, j in waves} & set(waves)
