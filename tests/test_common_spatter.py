"""Spatter: what the liquid does to a picture, where there is none, and the reference's mean and spread."""

import numpy as np
import pytest

from probe.perturbations.common.spatter import FAMILIES, MUD, spatter

(FAMILY,) = FAMILIES


def grey(level, height=224, width=224):
    return np.full((height, width, 3), level, np.uint8)


def made(severity, pixels, seed=0, **changed):
    settings = {p.name: p.default for p in FAMILY.parameters if p.default is not None} | FAMILY.severities[severity]
    return spatter(pixels, np.random.default_rng(seed), **settings | changed)


def test_water_adds_pale_turquoise():
    added = made(2, grey(0)).astype(int)
    red, green, blue = added.reshape(-1, 3).T
    # 175 : 238 : 238, each truncated
    assert green.max() == int(0.6 * 238), "thickest water has the full strength"
    assert np.array_equal(green, blue)
    assert np.abs(red - green * 175 / 238).max() <= 1


def test_water_leaves_dry_places_as_they_are_and_darkens_none():
    pixels = np.random.default_rng(1).integers(0, 256, (224, 224, 3), np.uint8)
    wet = made(1, pixels)
    assert np.all(wet >= pixels)
    assert 0.8 < np.mean(wet == pixels) < 1


def test_mud_hides_at_least_four_fifths_of_whatever_was_there():
    over_white, over_black = made(5, grey(255)).reshape(-1, 3), made(5, grey(0)).reshape(-1, 3)
    muddy = over_black.any(axis=1)
    assert 0.1 < muddy.mean() < 0.5
    # white shows as 255 (1 - cover) more than black does, mud itself as cover times its colour
    shining = (over_white[muddy].astype(int) - over_black[muddy]) / 255
    assert shining.max() < 0.2 + 1 / 255
    assert np.abs(over_black[muddy] - (1 - shining) * MUD).max() < 1.5


def test_mud_lies_on_the_same_places_of_any_picture():
    pixels = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)
    dry = np.all(made(4, grey(255, 90, 120)) == 255, axis=-1)
    assert 0.3 < dry.mean() < 1
    assert np.array_equal(made(4, pixels)[dry], pixels[dry])


def test_without_a_drop_the_picture_stays():
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    for severity in FAMILY.severities:
        assert np.array_equal(made(severity, pixels, mean=0.0, spread=0.01), pixels)


def test_a_flat_layer_of_water_has_no_edge_and_still_a_defined_result():
    assert made(1, grey(10), mean=0.9, spread=0.0).shape == (224, 224, 3)


@pytest.mark.parametrize("severity", FAMILY.severities)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (3, 3), (33, 517), (517, 33)])
def test_spatter_takes_any_size(severity, size):
    for seed in range(5):
        assert made(severity, grey(99, *size), seed).shape == (*size, 3)


def test_spatter_grows_with_severity():
    pixels = np.random.default_rng(1).integers(60, 200, (120, 160, 3), np.uint8)
    errors = [
        np.mean([np.mean((made(severity, pixels, seed).astype(float) - pixels) ** 2) for seed in range(10)])
        for severity in FAMILY.severities
    ]
    assert errors == sorted(errors)


# measured with the reference on this grey: mean level and standard deviation within a picture, over 400 seeds
@pytest.mark.parametrize(
    ("severity", "mean", "spread"),
    [(1, 100.86, 6.17), (2, 104.69, 15.74), (3, 108.01, 19.12), (4, 93.69, 17.74), (5, 89.78, 21.80)],
)
def test_spatter_has_the_reference_s_mean_and_spread(severity, mean, spread):
    spattered = [made(severity, grey(100), seed) for seed in range(64)]
    # what is added or taken away within 3 %, and three standard errors of a mean over 64 seeds
    assert abs(np.mean(spattered) - mean) < 0.03 * abs(mean - 100) + 0.25
    assert abs(np.mean([one.std() for one in spattered]) - spread) < 0.03 * spread + 0.7
