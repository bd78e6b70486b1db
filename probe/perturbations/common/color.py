"""Colour and light: brightness and saturation in HSV, contrast around the mean (IC). Results are cut off, not rounded.

The order of the floating-point operations is the references' (scikit-image's HSV), so that the cut falls where theirs
does: no picture differs from theirs by a single value.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...sample import Pixels
from ..family import Family, Parameter

Floats = NDArray[np.float64]

BLOCK = 16384
"""Pixels at a time: what is computed in between stays in the cache."""

UNIT = np.arange(256) / 255

# where red, green and blue come from in each sixth of the hue circle: 0 the largest, 1 the middle, 2 the smallest
SECTORS = np.array([[0, 1, 2], [1, 0, 2], [2, 0, 1], [2, 1, 0], [1, 2, 0], [0, 2, 1], [0, 1, 2]])


def brightness(pixels: Pixels, rng: np.random.Generator, *, amount: float) -> Pixels:
    """V + amount in HSV (full scale = 1), clipped; hue and saturation stay, so that black becomes grey."""
    return _recoloured(pixels, lambda saturation: saturation, lambda value: np.clip(value + amount, 0, 1))


def saturate(pixels: Pixels, rng: np.random.Generator, *, factor: float, offset: float) -> Pixels:
    """factor * S + offset in HSV, clipped; hue and value stay.

    Grey has hue 0 (as in the references), so that an offset turns it reddish.
    """
    return _recoloured(pixels, lambda saturation: np.clip(saturation * factor + offset, 0, 1), lambda value: value)


def contrast(pixels: Pixels, rng: np.random.Generator, *, factor: float) -> Pixels:
    """mean + factor (v - mean), clipped, with each channel's mean over the picture."""
    height, width = pixels.shape[:2]
    # exact integer sums: the mean depends on no order of summation
    totals = pixels.sum(axis=0, dtype=np.uint32).sum(axis=0, dtype=np.int64)
    means = (totals / (255 * height * width))[:, None]
    curves = np.clip((UNIT - means) * factor + means, 0, 1) * 255  # (channel, level)
    return np.array(Image.fromarray(pixels).point(curves.astype(np.uint8).ravel().tolist()))


def _recoloured(pixels: Pixels, saturated: Callable[[Floats], Floats], valued: Callable[[Floats], Floats]) -> Pixels:
    """The picture with its saturation and its value, both in [0, 1], changed by these functions."""
    flat = pixels.reshape(-1, 3)
    changed = np.empty_like(flat)
    for start in range(0, len(flat), BLOCK):
        block = slice(start, start + BLOCK)
        hue, saturation, value = _hsv(flat[block])
        changed[block] = _rgb(hue, saturated(saturation), valued(value))
    return changed.reshape(pixels.shape)


def _hsv(flat: Pixels) -> tuple[Floats, Floats, Floats]:
    """(pixel, channel) -> hue in turns, [0, 1]; saturation and value in [0, 1]. Grey has hue 0 and saturation 0."""
    red, green, blue = UNIT.take(flat.T)
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    grey = spread == 0
    # of two largest channels the later one counts
    at_blue, at_green = blue == value, green == value
    ahead = np.where(at_blue, red - green, np.where(at_green, blue - red, green - blue))
    sixths = ahead / np.where(grey, 1, spread) + np.where(at_blue, 4.0, np.where(at_green, 2.0, 0.0))
    hue = np.where(grey, 0, sixths / 6)
    hue[hue < 0] += 1
    return hue, spread / np.where(value == 0, 1, value), value


def _rgb(hue: Floats, saturation: Floats, value: Floats) -> Pixels:
    """(pixel,) of each -> (pixel, channel) uint8, cut off."""
    sixths = hue * 6
    sector = np.floor(sixths)
    part = sixths - sector
    # the middle channel rises through the even sectors and falls through the odd ones
    sector = sector.astype(np.intp)
    fall = np.where(sector % 2, part, 1 - part)
    ranked = np.empty((hue.size, 3), np.uint8)  # (pixel, largest middle smallest)
    ranked[:, 0] = value * 255
    ranked[:, 1] = value * (1 - fall * saturation) * 255
    ranked[:, 2] = value * (1 - saturation) * 255
    return np.take_along_axis(ranked, SECTORS.take(sector, axis=0), axis=1)


FAMILIES: tuple[Family, ...] = (
    Family(
        "brightness",
        brightness,
        "lighter, same hue and saturation",
        "IC",
        (Parameter("amount", float, "added to the value, of full scale", low=-1, high=1),),
        severities={1: {"amount": 0.1}, 2: {"amount": 0.2}, 3: {"amount": 0.3}, 4: {"amount": 0.4}, 5: {"amount": 0.5}},
    ),
    Family(
        "contrast",
        contrast,
        "nearer to the mean colour",
        "IC",
        (Parameter("factor", float, "of the distance to the mean", low=0, high=100),),
        severities={
            1: {"factor": 0.4},
            2: {"factor": 0.3},
            3: {"factor": 0.2},
            4: {"factor": 0.1},
            5: {"factor": 0.05},
        },
    ),
    Family(
        "saturate",
        saturate,
        "paler or more colourful",
        "IC",
        (
            Parameter("factor", float, "of the saturation", low=0, high=1000),
            Parameter("offset", float, "added to the saturation", default=0.0, low=-1, high=1),
        ),
        severities={
            1: {"factor": 0.3},
            2: {"factor": 0.1},
            3: {"factor": 2.0},
            4: {"factor": 5.0, "offset": 0.1},
            5: {"factor": 20.0, "offset": 0.2},
        },
    ),
)
