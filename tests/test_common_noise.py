"""The four noises against their definitions: distribution, independence of the channels, cut and clipping."""

import numpy as np
import pytest
from scipy import stats

from probe.perturbations.common import noise

FAMILIES = {family.name: family for family in noise.FAMILIES}
EACH = pytest.mark.parametrize("name", FAMILIES)


def plain(grey, height=200, width=250):
    return np.full((height, width, 3), grey, np.uint8)


def slope(height=60, width=90):
    """Every level from black to white, and no two channels alike."""
    levels = np.linspace(0, 255, height * width).reshape(height, width)
    return np.stack([levels, levels[::-1], levels[:, ::-1]], axis=-1).astype(np.uint8)


def made(name, pixels, *, severity, seed=0):
    family = FAMILIES[name]
    return family.function(pixels, np.random.default_rng(seed), **family.settings(family.at(severity)))


@EACH
@pytest.mark.parametrize("severity", [1, 3, 5])
def test_noise_keeps_shape_type_and_argument_and_is_drawn_from_the_generator_alone(name, severity):
    pixels = slope()
    pixels.flags.writeable = False
    first, again, other = (made(name, pixels, severity=severity, seed=seed) for seed in (1, 1, 2))
    assert first.shape == pixels.shape
    assert first.dtype == np.uint8
    assert first.flags.c_contiguous
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@EACH
@pytest.mark.parametrize("shape", [(1, 1), (32, 32), (33, 517), (517, 33), (1, 40)])
def test_noise_takes_every_size(name, shape):
    for severity in range(1, 6):
        assert made(name, plain(130, *shape), severity=severity).shape == (*shape, 3)


@EACH
def test_noise_grows_with_the_severity(name):
    errors = [np.square(made(name, slope(), severity=s).astype(float) - slope()).mean() for s in range(1, 6)]
    assert np.all(np.diff(errors) > 0), errors


@EACH
def test_channels_and_neighbours_are_independent(name):
    change = made(name, plain(128), severity=3).astype(float) - 128
    for one, another in [
        (change[..., 0], change[..., 1]),
        (change[..., 1], change[..., 2]),
        (change[:, 1:], change[:, :-1]),
        (change[1:], change[:-1]),
    ]:
        # 50,000 pairs: a standard error of 0.0045
        assert abs(np.corrcoef(one.ravel(), another.ravel())[0, 1]) < 0.02


# gaussian and speckle


@pytest.mark.parametrize(("severity", "sigma"), [(1, 0.08), (2, 0.12), (3, 0.18), (4, 0.26), (5, 0.38)])
def test_gaussian_noise_is_normal_with_this_spread(severity, sigma):
    result = made("gaussian_noise", plain(128), severity=severity)
    for level in (64, 128, 180):
        # a value v is kept where it was within [v, v + 1): the cut, not rounding
        share = stats.norm.cdf(level, 128, 255 * sigma)
        assert abs(np.mean(result < level) - share) < 0.006
    assert abs(np.mean(result == 255) - stats.norm.sf(255, 128, 255 * sigma)) < 0.006


@pytest.mark.parametrize(("severity", "sigma"), [(1, 0.15), (2, 0.2), (3, 0.35), (4, 0.45), (5, 0.6)])
def test_speckle_noise_spreads_in_proportion_to_the_value(severity, sigma):
    for grey in (20, 100, 200):
        result = made("speckle_noise", plain(grey), severity=severity)
        for level in (grey // 2, grey, grey + grey // 5):
            assert abs(np.mean(result < level) - stats.norm.cdf(level, grey, grey * sigma)) < 0.006


def test_speckle_noise_leaves_black_black():
    assert made("speckle_noise", plain(0), severity=5).max() == 0


@pytest.mark.parametrize("function", [noise.gaussian_noise, noise.speckle_noise])
def test_no_spread_is_no_change(function):
    assert np.array_equal(function(slope(), np.random.default_rng(0), sigma=0.0), slope())


# impulse


@pytest.mark.parametrize(("severity", "amount"), [(1, 0.03), (2, 0.06), (3, 0.09), (4, 0.17), (5, 0.27)])
def test_impulse_noise_makes_half_of_the_amount_white_and_half_black(severity, amount):
    result = made("impulse_noise", plain(128), severity=severity)
    assert set(np.unique(result)) == {0, 128, 255}
    # 150,000 values: a standard error of at most 0.0009
    assert abs(np.mean(result == 0) - amount / 2) < 0.004
    assert abs(np.mean(result == 255) - amount / 2) < 0.004


def test_impulse_noise_strikes_each_channel_alone():
    struck = (made("impulse_noise", plain(128), severity=5) != 128).sum(axis=-1)
    # three independent channels at 0.27
    wanted = stats.binom.pmf(np.arange(4), 3, 0.27)
    assert np.allclose(np.bincount(struck.ravel(), minlength=4) / struck.size, wanted, atol=0.01)


@pytest.mark.parametrize(("amount", "left"), [(0.0, 1.0), (1.0, 0.0)])
def test_impulse_noise_spares_all_or_nothing_at_its_limits(amount, left):
    result = noise.impulse_noise(plain(128), np.random.default_rng(0), amount=amount)
    assert np.mean(result == 128) == left


# shot


@pytest.mark.parametrize(("severity", "photons"), [(1, 60), (2, 25), (3, 12), (4, 5), (5, 3)])
@pytest.mark.parametrize("grey", [1, 40, 128, 254])
def test_shot_noise_is_a_poisson_count_of_photons(severity, photons, grey):
    result = made("shot_noise", plain(grey, 400, 500), severity=severity)
    values = (np.minimum(np.arange(photons + 1) / photons, 1) * 255).astype(np.uint8)
    assert np.all(np.isin(result, values))
    found = np.array([np.sum(result == value) for value in values])
    below = stats.poisson.cdf(np.arange(photons), photons * grey / 255)
    wanted = np.diff(below, prepend=0, append=1) * result.size
    often = wanted > 10  # a chi-square test needs a few in each cell; the rare ones go together
    cells = [np.array([*each[often], each[~often].sum()]) for each in (found, wanted)]
    kept = cells[1] > 1
    squares = (np.square(cells[0] - cells[1])[kept] / cells[1][kept]).sum()
    assert stats.chi2.sf(squares, kept.sum() - 1) > 1e-4


@pytest.mark.parametrize("photons", [0.1, 1.0, 2.5, 3.0, 60.0, 500.0])
def test_the_table_of_shot_noise_holds_the_poisson_distribution_of_every_level(photons):
    bits, own, values = noise._alias_table(photons)
    shares = own.reshape(256, 1 << bits) / 2**32
    values = values.reshape(256, 1 << bits, 2)
    rest = 1 / (1 << bits) - shares
    for level in range(256):
        found = np.bincount(values[level, :, 0], shares[level], 256) + np.bincount(
            values[level, :, 1], rest[level], 256
        )
        counts = np.arange(int(np.ceil(photons)))
        exact = np.bincount((counts / photons * 255).astype(int), stats.poisson.pmf(counts, photons * level / 255), 256)
        exact[255] += stats.poisson.sf(counts[-1], photons * level / 255)
        assert np.abs(found - exact).max() < 256 * 2**-32


class Lowest:
    """The lowest number of every column: it must not come out at a count whose probability is 0."""

    def integers(self, low, high, shape, dtype):
        return np.arange(np.prod(shape), dtype=dtype).reshape(shape) % 64


def test_shot_noise_never_draws_what_is_impossible():
    assert noise.shot_noise(plain(0, 10, 64), Lowest(), photons=60.0).max() == 0


@pytest.mark.parametrize("severity", [1, 5])
def test_shot_noise_keeps_black_and_the_mean_of_dark_grey(severity):
    assert made("shot_noise", plain(0), severity=severity).max() == 0
    # at 1 of 60 or 3 photons hardly anything is clipped; the cut costs at most 1
    assert 39 < made("shot_noise", plain(40, 400, 500), severity=severity).mean() < 40.5


@EACH
def test_every_parameter_at_either_end_of_its_range_works(name):
    family = FAMILIES[name]
    (parameter,) = family.parameters
    for end in (parameter.low, parameter.high):
        settings = family.settings(family.condition(**{parameter.name: end}))
        assert family.function(slope(), np.random.default_rng(0), **settings).shape == slope().shape
