"""The common corruptions: what all of them keep, each one's arithmetic by hand, and what is particular to one.

tests/test_common_references.py has the exact pictures, tests/laws/test_corruption_laws.py purity and severity on
pictures of any content, and tests/test_corruption_reference.py the grey levels of the authors' own code.
"""

import tracemalloc
from functools import partial
from itertools import product

import numpy as np
import pytest
from corruption_facts import RANDOM
from scipy import stats

from probe.perturbations import FAMILIES, Skipped
from probe.perturbations.common import digital, elastic, fog, motion, noise, spatter, zoom
from probe.perturbations.common.blur import blurred

COMMON = [name for name, family in FAMILIES.items() if family.paper == "IC"]
ELASTIC = ("elastic_transform", "elastic_transform.imagenet_c")
DRAWN = {*RANDOM, *ELASTIC}
SEVERITIES = (1, 2, 3, 4, 5)
NOISES = [family.name for family in noise.FAMILIES]
SIZES = [(1, 1), (1, 7), (7, 1), (2, 3), (3, 3), (1, 40), (8, 40), (32, 32), (33, 517), (517, 33), (1, 900), (900, 1)]

each = pytest.mark.parametrize("name", COMMON)


def plain(level, height=224, width=224):
    return np.full((height, width, 3), level, np.uint8)


def random_pixels(height, width, low=0, high=256):
    return np.random.default_rng(1).integers(low, high, (height, width, 3), np.uint8)


def made(name, pixels, severity=None, *, seed=0, **changed):
    """The corruption at a severity, or with settings of its own, in which case the rest are its defaults."""
    family = FAMILIES[name]
    chosen = {p.name: p.default for p in family.parameters if p.default is not None}
    if severity:
        chosen |= family.severities[severity]
    return family.function(pixels, np.random.default_rng(seed), **chosen | changed)


# what all of them keep


@each
def test_every_size_is_kept_and_the_argument_unchanged(name):
    for size, severity in product(SIZES, SEVERITIES):
        pixels = random_pixels(*size)
        pixels.flags.writeable = False
        result = made(name, pixels, severity, seed=severity)
        assert (result.shape, result.dtype) == (pixels.shape, np.uint8), (size, severity)
        assert result.flags.c_contiguous
        assert result.flags.writeable or result is pixels


@each
def test_every_parameter_at_either_end_of_its_range_works(name):
    pixels, parameters = random_pixels(24, 31), [p for p in FAMILIES[name].parameters if p.low is not None]
    for ends in product(*((p.low, p.high) for p in parameters)):
        changed = dict(zip((p.name for p in parameters), ends, strict=True))
        assert made(name, pixels, 1, **changed).shape == pixels.shape, changed


@each
def test_two_draws_differ_where_anything_is_drawn(name):
    pixels = random_pixels(60, 90)
    first, again, other = (made(name, pixels, 3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) is (name not in DRAWN)


FLAT = {f"{n}:{k}": partial(made, n, severity=k) for n in (*ELASTIC, "zoom_blur") for k in SEVERITIES}
FLAT |= {f"a gaussian of {sigma} px": partial(blurred, sigma=sigma) for sigma in (0.1, 6, 100)}
FLAT |= {f"a line at {angle}°": partial(motion.line_blur, radius=20, sigma=15, angle=angle) for angle in (0, 44, -45)}
FLAT |= {f"zoomed by {by}": partial(zoom.clipped_zoom, factor=by) for by in (1, 1.02, 1.29, 3.7, 10)}


@pytest.mark.parametrize("how", FLAT)
def test_a_flat_picture_stays_flat_however_small_it_is(how):
    kind = np.float32 if how.startswith(("a line", "zoomed")) else np.uint8
    for size in [*SIZES, (2, 2), (3, 4), (31, 32), (200, 33)]:
        assert np.array_equal(FLAT[how](plain(165, *size).astype(kind)), plain(165, *size)), size


@pytest.mark.parametrize(("module", "name"), [(zoom, "zoom_blur"), *((elastic, name) for name in ELASTIC)])
def test_pictures_are_the_same_in_blocks_of_any_size(module, name, monkeypatch):
    pixels = random_pixels(90, 70)
    whole = made(name, pixels, 2)
    monkeypatch.setattr(module, "BLOCK", 300)
    assert np.array_equal(made(name, pixels, 2), whole)


NEUTRAL = [
    *((name, {"sigma": 0.0}) for name in ("gaussian_noise", "speckle_noise")),
    ("impulse_noise", {"amount": 0.0}),
    ("fog", {"amount": 0.0, "decay": 2.0}),
    ("elastic_transform", {"alpha": 0.0}),
    ("elastic_transform.imagenet_c", {"alpha": 0.0, "sigma": 0.1, "affine": 0.0}),
    ("pixelate", {"fraction": 1.0}),
    *(("spatter", FAMILIES["spatter"].severities[s] | {"mean": 0.0, "spread": 0.01}) for s in SEVERITIES),
]


@pytest.mark.parametrize(("name", "changed"), NEUTRAL)
def test_without_any_of_it_the_picture_stays(name, changed):
    for size in [(1, 1), (1, 60), (2, 2), (40, 50), (70, 40), (200, 33)]:
        assert np.array_equal(made(name, random_pixels(*size), **changed), random_pixels(*size)), size


# by hand

NO_FLAKES = {**FAMILIES["snow"].severities[1], "mean": 0.0, "spread": 0.0, "threshold": 0.5}
BY_HAND = [
    # value 100 -> 100 + 0.2 * 255 = 151, all channels times 1.51: 151, 75.5, 15.1
    ("brightness", {"amount": 0.2}, (100, 50, 10), (151, 75, 15)),
    # black has no colour: grey of 0.2 * 255 = 51
    ("brightness", {"amount": 0.2}, (0, 0, 0), (51, 51, 51)),
    # value 240 -> 255 at most: times 255 / 240, 120 -> 127.5
    ("brightness", {"amount": 0.2}, (120, 0, 240), (127, 0, 255)),
    # saturation (200 - 100) / 200 = 0.5 -> 0.15: distances from the value, 100 and 50, times 0.3
    ("saturate", {"factor": 0.3, "offset": 0.0}, (200, 100, 150), (200, 170, 185)),
    # grey has hue 0, so that an offset of 0.2 takes a fifth of its green and blue
    ("saturate", {"factor": 1.0, "offset": 0.2}, (201, 201, 201), (201, 160, 160)),
    # grey = 0.299 * 10 + 0.587 * 20 + 0.114 * 250 = 43.23, white = 1.5 * 43.23 + 127.5 = 192.345
    # 0.8 * 10 + 0.2 * 192.345 = 46.469, 0.8 * 20 + 38.469 = 54.469; 250 is brighter than white and stays
    ("snow", NO_FLAKES, (10, 20, 250), (46, 54, 250)),
    # the kernels of the second and third severity sum to just under 1, of the others to 1.0130 and 1.0108
    *(
        ("defocus_blur", FAMILIES["defocus_blur"].severities[s], (100, 100, 100), (grey,) * 3)
        for s, grey in ((2, 99), (3, 99), (4, 101), (5, 101))
    ),
]


@pytest.mark.parametrize(("name", "changed", "colour", "wanted"), BY_HAND)
def test_a_picture_of_one_colour_by_hand(name, changed, colour, wanted):
    assert np.all(made(name, np.full((40, 50, 3), colour, np.uint8), **changed) == wanted)


def test_contrast_by_hand():
    # red: mean 150, 100 -> 150 - 0.3 * 50 = 135 and 200 -> 165; green: mean 0; blue: mean 200, all the same
    pixels = np.array([[[100, 0, 200], [200, 0, 200]]], np.uint8)
    assert np.abs(made("contrast", pixels, factor=0.3).astype(int) - [[[135, 0, 200], [165, 0, 200]]]).max() <= 1
    # a factor of 10 leaves the range: 150 -+ 500
    assert made("contrast", pixels, factor=10.0)[..., 0].tolist() == [[0, 255]]


def test_a_sharp_disc_of_3_px_is_the_mean_of_its_29_pixels():
    dot = plain(0, 21, 21)
    dot[10, 10] = 250
    lit = made("defocus_blur", dot, 1)[..., 0]
    # rows of 1 + 5 + 5 + 7 + 5 + 5 + 1 = 29 pixels within 3 px; 250 / 29 = 8.6 at each of them
    assert (lit > 0).sum(axis=1)[7:14].tolist() == [1, 5, 5, 7, 5, 5, 1]
    assert set(np.unique(lit)) == {0, 8}


@pytest.mark.parametrize("name", NOISES)
def test_channels_and_neighbours_are_independent(name):
    change = made(name, plain(128, 200, 250), 3).astype(float) - 128
    red, green, blue = np.moveaxis(change, -1, 0)
    pairs = (red, green), (green, blue), (change[:, 1:], change[:, :-1]), (change[1:], change[:-1])
    for one, another in pairs:
        # 50,000 pairs: a standard error of 0.0045
        assert abs(np.corrcoef(one.ravel(), another.ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("severity", SEVERITIES)
def test_gaussian_noise_has_its_spread_and_speckle_noise_one_in_proportion_to_the_value(severity):
    sigma, speckle = (FAMILIES[name].severities[severity]["sigma"] for name in ("gaussian_noise", "speckle_noise"))
    cases = [("gaussian_noise", 128, 255 * sigma, (64, 128, 180))]
    cases += [("speckle_noise", grey, grey * speckle, (grey // 2, grey, grey + grey // 5)) for grey in (20, 100, 200)]
    for name, grey, spread, levels in cases:
        result = made(name, plain(grey), severity)
        for level in levels:
            # a value v is kept where it was within [v, v + 1): the cut, not rounding
            assert abs(np.mean(result < level) - stats.norm.cdf(level, grey, spread)) < 0.006, (name, grey, level)
        assert abs(np.mean(result == 255) - stats.norm.sf(255, grey, spread)) < 0.006, (name, grey)


@pytest.mark.parametrize("amount", [*(FAMILIES["impulse_noise"].severities[s]["amount"] for s in SEVERITIES), 1.0])
def test_impulse_noise_makes_half_of_the_amount_white_and_half_black(amount):
    result = made("impulse_noise", plain(128), amount=amount)
    assert set(np.unique(result)) == ({0, 128, 255} if amount < 1 else {0, 255})
    # 150,000 values: a standard error of at most 0.0013
    assert abs(np.mean(result == 0) - amount / 2) < 0.004
    assert abs(np.mean(result == 255) - amount / 2) < 0.004
    # each of the three channels is struck alone
    struck = np.bincount((result != 128).sum(axis=-1).ravel(), minlength=4) / result[..., 0].size
    assert np.allclose(struck, stats.binom.pmf(np.arange(4), 3, amount), atol=0.01)


@pytest.mark.parametrize("name", ["speckle_noise", "shot_noise", "fog"])
def test_black_stays_black(name):
    assert all(made(name, plain(0), severity).max() == 0 for severity in SEVERITIES)


@pytest.mark.parametrize("photons", [60, 25, 12, 5, 3])
@pytest.mark.parametrize("grey", [1, 40, 128, 254])
def test_shot_noise_is_a_poisson_count_of_photons(photons, grey):
    result = made("shot_noise", plain(grey, 400, 500), photons=photons)
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


class Lowest:
    """The lowest number of every column: it must not come out at a count whose probability is 0."""

    def integers(self, low, high, shape, dtype):
        return np.arange(np.prod(shape), dtype=dtype).reshape(shape) % 64


def test_shot_noise_never_draws_what_is_impossible():
    assert noise.shot_noise(plain(0, 10, 64), Lowest(), photons=60.0).max() == 0


@pytest.mark.parametrize("severity", [1, 5])
def test_shot_noise_keeps_the_mean_of_dark_grey(severity):
    # at 1 of 60 or 3 photons hardly anything is clipped; the cut costs at most 1
    assert 39 < made("shot_noise", plain(40, 400, 500), severity).mean() < 40.5


@pytest.mark.parametrize("severity", SEVERITIES)
def test_white_stays_white_under_a_disc_to_within_a_level_and_never_wraps_around(severity):
    assert all(made("defocus_blur", plain(255, *size), severity).min() >= 254 for size in SIZES)


def test_motion_blur_draws_directions_on_both_sides_of_the_horizontal():
    # a bright dot shows the direction
    dot = plain(0, 81, 81)
    dot[40, 40] = 255
    rises = []
    for seed in range(40):
        rows, _, _ = np.nonzero(made("motion_blur", dot, seed=seed, radius=20, sigma=15.0))
        rises.append(40 - rows.min() if rows.min() < 40 else 40 - rows.max())
    # 30 px along, of which 0.707 at 45 degrees; the fainter end is cut off
    assert min(rises) < -14
    assert max(rises) > 14
    assert len(set(rises)) > 15


def test_glass_blur_takes_values_from_nearby_but_they_may_travel_far_to_the_top_left():
    # each pixel's value is its own row's number and column's number
    rows, columns = np.mgrid[:200, :250]
    places = np.stack([rows, columns, 0 * rows], axis=-1).astype(np.uint8)
    found = made("glass_blur", places, sigma=0.1, reach=4, times=1).astype(int)
    for travelled in (found[..., 0] - rows, found[..., 1] - columns):
        assert travelled.min() < -3
        assert travelled.max() > 12
        assert np.abs(np.median(travelled)) <= 2


@pytest.mark.parametrize("reach", [1, 4])
def test_glass_blur_leaves_a_border_in_place(reach):
    pixels = random_pixels(30, 40)
    changed = (made("glass_blur", pixels, sigma=0.1, reach=reach, times=3) != pixels).any(axis=2)
    inside = np.zeros_like(changed)
    inside[reach + 1 : 30 - reach + 1, reach + 1 : 40 - reach + 1] = True
    assert not changed[~inside].any()
    assert changed.mean() > 0.3


def test_fog_over_white_runs_from_the_dimmed_white_to_white_in_grey():
    # f is 0 and 1 somewhere: 255 (1 + 0) / (1 + 1.5) = 102 and 255 (1 + 1.5) / (1 + 1.5) = 255
    foggy = made("fog", plain(255, 256, 256), 1)
    assert foggy.min() == 102
    assert foggy.max() in (254, 255)
    assert np.ptp(foggy, axis=-1).max() == 0


def test_the_picture_keeps_its_share_under_the_fog():
    pixels = random_pixels(64, 80)
    pixels[0, 0] = 255
    # the same cloud over both, the brightest level is 255 in both: v / (1 + 2) of the difference stays, +- truncation
    difference = made("fog", plain(255, 64, 80), 2).astype(int) - made("fog", pixels, 2)
    assert np.abs(difference - (255 - pixels.astype(int)) / 3).max() <= 1.01


@pytest.mark.parametrize("size", [(20, 300), (300, 20), (200, 300), (64, 65)])
def test_a_picture_longer_than_the_largest_map_of_fog_sees_it_again_without_a_seam(size, monkeypatch):
    monkeypatch.setattr(fog, "WIDEST", 64)
    # all of the map: the same draws, over a picture of its own size
    whole = made("fog", plain(200, 64, 64), 3)
    assert np.array_equal(made("fog", plain(200, *size), 3), np.tile(whole, (5, 5, 1))[: size[0], : size[1]])


@pytest.mark.parametrize(("longer", "side"), [(4096, 4096), (4097, 4096), (20_000, 4096), (300, 512)])
def test_no_map_of_fog_is_larger_than_the_largest_however_long_the_picture(longer, side, monkeypatch):
    asked, plasma = [], fog.plasma

    def small(side, rng, *, decay):
        asked.append(side)
        return np.tile(plasma(64, rng, decay=decay), (side // 64, side // 64))

    monkeypatch.setattr(fog, "plasma", small)
    assert made("fog", plain(200, 32, longer), 1).shape == (32, longer, 3)
    assert asked == [side]


def test_fog_over_a_very_long_picture_takes_megabytes():
    tracemalloc.start()
    try:
        assert made("fog", plain(200, 32, 20_000), 1).shape == (32, 20_000, 3)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 200e6, "a map as long as the picture takes 5 GB"


def test_a_black_picture_shows_the_flakes_and_the_same_upside_down():
    falling = made("snow", plain(0, 90, 130), 3, picture=1.0)
    assert 0 < falling.mean() < 100
    assert np.array_equal(falling, falling[::-1, ::-1])
    assert np.ptp(falling, axis=-1).max() == 0


def test_unblurred_flakes_are_dark_below_the_threshold_and_bright_above():
    flakes = made("snow", plain(0), 5, radius=0, picture=1.0)
    # a flake has at least 0.85 * 255 = 216.75
    assert flakes[flakes > 0].min() == 217
    assert 0.05 < np.mean(flakes > 0) < 0.6


@pytest.mark.parametrize("factor", [1.0, 2.0, 2.5, 4.5, 7.3])
@pytest.mark.parametrize("size", [(224, 224), (33, 517), (101, 64), (1, 9), (2, 2)])
def test_snow_is_drawn_wherever_it_is_enlarged_from(size, factor):
    # noise of 1 throughout: a place that was not drawn would be black
    assert np.all(made("snow", plain(0, *size), 4, mean=1.0, spread=0.0, zoom=factor) == 255)


def test_a_larger_zoom_makes_larger_flakes():
    def edges(factor):
        lit = made("snow", plain(0), 5, zoom=factor, radius=0, picture=1.0)[..., 0] > 0
        return np.mean(lit[:, 1:] != lit[:, :-1])

    assert edges(2.0) > 1.5 * edges(4.0)


def test_the_flakes_fall_within_45_degrees_of_the_vertical():
    layers = (made("snow", plain(0), 3, seed=seed, picture=1.0)[..., 0].astype(float) for seed in range(10))
    # a line is smooth along itself: the steps down are smaller than those across
    assert all(np.abs(np.diff(one, axis=0)).mean() < np.abs(np.diff(one, axis=1)).mean() for one in layers)


def test_water_adds_pale_turquoise():
    red, green, blue = made("spatter", plain(0), 2).astype(int).reshape(-1, 3).T
    # 175 : 238 : 238, each truncated
    assert green.max() == int(0.6 * 238), "thickest water has the full strength"
    assert np.array_equal(green, blue)
    assert np.abs(red - green * 175 / 238).max() <= 1


def test_water_leaves_dry_places_as_they_are_and_darkens_none():
    pixels = random_pixels(224, 224)
    wet = made("spatter", pixels, 1)
    assert np.all(wet >= pixels)
    assert 0.8 < np.mean(wet == pixels) < 1
    assert made("spatter", plain(10), 1, mean=0.9, spread=0.0).shape == (224, 224, 3), "a flat layer has no edge"


def test_mud_hides_at_least_four_fifths_of_whatever_was_there():
    over_white, over_black = (made("spatter", plain(level), 5).reshape(-1, 3) for level in (255, 0))
    muddy = over_black.any(axis=1)
    assert 0.1 < muddy.mean() < 0.5
    # white shows as 255 (1 - cover) more than black does, mud itself as cover times its colour
    shining = (over_white[muddy].astype(int) - over_black[muddy]) / 255
    assert shining.max() < 0.2 + 1 / 255
    assert np.abs(over_black[muddy] - (1 - shining) * spatter.MUD).max() < 1.5


def test_mud_lies_on_the_same_places_of_any_picture():
    pixels, dry = random_pixels(90, 120), np.all(made("spatter", plain(255, 90, 120), 4) == 255, axis=-1)
    assert 0.3 < dry.mean() < 1
    assert np.array_equal(made("spatter", pixels, 4)[dry], pixels[dry])


def test_contrast_leaves_one_colour_as_it_is_in_a_picture_of_any_height():
    for height in (1, 300, 70_000):
        assert np.array_equal(made("contrast", plain(255, height, 2), factor=0.05), plain(255, height, 2))


@pytest.mark.parametrize("shape", [(1, 65_501), (65_501, 1)])
def test_a_picture_too_long_for_a_jpeg_is_skipped(shape):
    long = plain(0, *shape)
    with pytest.raises(Skipped, match=f"{shape[1]}x{shape[0]} px does not fit into a JPEG: 65500 px a side"):
        digital.jpeg(long, 75)
    assert np.array_equal(digital.jpeg(long[:65_500, :65_500], 75), long[:65_500, :65_500])
