"""Brightness, saturation and contrast against scikit-image's HSV, value by value, and by hand."""

import colorsys
from itertools import product

import numpy as np
import pytest
from skimage import color as reference

from probe.perturbations.common import color

FAMILIES = {family.name: family for family in color.FAMILIES}
BRIGHTNESS = tuple(enumerate((0.1, 0.2, 0.3, 0.4, 0.5), 1))
SATURATE = tuple(enumerate(((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2)), 1))
CONTRAST = tuple(enumerate((0.4, 0.3, 0.2, 0.1, 0.05), 1))


def colours(height=120, width=170):
    """Any colour, and all those whose largest or smallest channels are equal, black, grey and white among them."""
    drawn = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    drawn[:27, 0] = list(product((0, 128, 255), repeat=3))
    drawn[40:60, :, 1] = drawn[40:60, :, 0]
    drawn[60:80, :, 2] = drawn[60:80, :, 1]
    drawn[80:100, :, 2] = drawn[80:100, :, 0]
    drawn[100:] = drawn[100:, :, :1]
    return drawn.astype(np.uint8)


def made(name, pixels, **settings):
    return FAMILIES[name].function(pixels, np.random.default_rng(0), **settings)


def severity(name, level):
    return dict(FAMILIES[name].settings(FAMILIES[name].at(level)))


def one(*rgb):
    return np.array([[rgb]], np.uint8)


@pytest.mark.parametrize(("level", "amount"), BRIGHTNESS)
def test_brightness_adds_to_the_value_of_hsv(level, amount):
    assert severity("brightness", level) == {"amount": amount}
    hsv = reference.rgb2hsv(colours() / 255)
    hsv[..., 2] = np.clip(hsv[..., 2] + amount, 0, 1)
    assert np.array_equal(made("brightness", colours(), amount=amount), (reference.hsv2rgb(hsv) * 255).astype(np.uint8))


@pytest.mark.parametrize(("level", "settings"), SATURATE)
def test_saturate_scales_and_shifts_the_saturation_of_hsv(level, settings):
    factor, offset = settings
    assert severity("saturate", level) == {"factor": factor, "offset": offset}
    hsv = reference.rgb2hsv(colours() / 255)
    hsv[..., 1] = np.clip(hsv[..., 1] * factor + offset, 0, 1)
    wanted = (reference.hsv2rgb(hsv) * 255).astype(np.uint8)
    assert np.array_equal(made("saturate", colours(), factor=factor, offset=offset), wanted)


def test_hsv_is_that_of_the_standard_library():
    pixels = colours(30, 40)
    brighter = [colorsys.rgb_to_hsv(*rgb) for rgb in pixels.reshape(-1, 3) / 255]
    wanted = [colorsys.hsv_to_rgb(hue, saturation, min(value + 0.2, 1)) for hue, saturation, value in brighter]
    # one level: where the exact value is whole, the last bit decides on which side it is cut
    apart = made("brightness", pixels, amount=0.2) - 255 * np.reshape(wanted, pixels.shape)
    assert apart.min() > -1 - 1e-9
    assert apart.max() < 1e-9


def test_brightness_by_hand():
    # value 100 -> 100 + 0.2 * 255 = 151, all channels times 1.51: 151, 75.5, 15.1
    assert made("brightness", one(100, 50, 10), amount=0.2).tolist() == [[[151, 75, 15]]]
    # black has no colour: grey of 0.2 * 255 = 51
    assert made("brightness", one(0, 0, 0), amount=0.2).tolist() == [[[51, 51, 51]]]
    # value 240 -> 255 at most: times 255 / 240, 120 -> 127.5
    assert made("brightness", one(120, 0, 240), amount=0.2).tolist() == [[[127, 0, 255]]]


def test_saturate_by_hand():
    # saturation (200 - 100) / 200 = 0.5 -> 0.15: distances from the value, 100 and 50, times 0.3
    assert made("saturate", one(200, 100, 150), factor=0.3, offset=0.0).tolist() == [[[200, 170, 185]]]
    # grey has hue 0, so that an offset of 0.2 takes a fifth of its green and blue
    assert made("saturate", one(201, 201, 201), factor=1.0, offset=0.2).tolist() == [[[201, 160, 160]]]


@pytest.mark.parametrize(("level", "factor"), CONTRAST)
def test_contrast_draws_each_channel_to_its_mean(level, factor):
    assert severity("contrast", level) == {"factor": factor}
    pixels = colours()
    scaled = pixels / 255
    means = scaled.mean((0, 1), keepdims=True)
    wanted = (np.clip((scaled - means) * factor + means, 0, 1) * 255).astype(np.uint8)
    assert np.array_equal(made("contrast", pixels, factor=factor), wanted)


def test_contrast_by_hand():
    # red: mean 150, 100 -> 150 - 0.3 * 50 = 135 and 200 -> 165; green: mean 0; blue: mean 200, all the same
    pixels = np.array([[[100, 0, 200], [200, 0, 200]]], np.uint8)
    low = made("contrast", pixels, factor=0.3)
    assert np.abs(low.astype(int) - [[[135, 0, 200], [165, 0, 200]]]).max() <= 1
    # a factor of 10 leaves the range: 150 -+ 500
    assert made("contrast", pixels, factor=10.0)[..., 0].tolist() == [[0, 255]]


def test_contrast_leaves_one_colour_as_it_is_in_a_picture_of_any_height():
    for height in (1, 300, 70_000):
        white = np.full((height, 2, 3), 255, np.uint8)
        assert np.array_equal(made("contrast", white, factor=0.05), white)


@pytest.mark.parametrize(
    ("name", "order"), [("brightness", (1, 2, 3, 4, 5)), ("contrast", (1, 2, 3, 4, 5)), ("saturate", (1, 2))]
)
def test_the_change_grows_with_the_severity(name, order):
    pixels = colours() // 2 + 60  # neither dark nor light: nothing is clipped
    errors = [np.square(made(name, pixels, **severity(name, s)).astype(float) - pixels).mean() for s in order]
    assert np.all(np.diff(errors) > 0), errors


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("shape", [(1, 1), (32, 32), (33, 517), (517, 33), (1, 40), (200, 300)])
def test_every_size_is_kept_and_the_argument_unchanged(name, shape):
    pixels = colours(max(shape[0], 101), max(shape[1], 27))[: shape[0], : shape[1]].copy()
    pixels.flags.writeable = False
    for level in range(1, 6):
        result = made(name, pixels, **severity(name, level))
        assert result.shape == (*shape, 3)
        assert result.dtype == np.uint8
        assert result.flags.c_contiguous


@pytest.mark.parametrize("name", FAMILIES)
def test_every_parameter_at_either_end_of_its_range_works(name):
    family = FAMILIES[name]
    for ends in product(*((p.low, p.high) for p in family.parameters)):
        condition = family.condition(**dict(zip((p.name for p in family.parameters), ends, strict=True)))
        assert made(name, colours(), **family.settings(condition)).shape == colours().shape
