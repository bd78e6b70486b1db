"""Fog: a cloud of plasma laid over the picture, at five severities (IC)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ...sample import Pixels
from ..family import Family, Parameter

Map = NDArray[np.int16]

LARGEST = 32_000
"""No value of the plasma is further from 0 than this, which leaves room for rounding in 16 bits."""

WIDEST = 4096
"""Side of the largest map, in px. A longer picture sees it again, without a seam, instead of a square of its length."""

ROWS = 64
"""Rows that are mixed at a time: few enough to stay in a processor's cache. Every map of more rows is a multiple."""


def fog(pixels: Pixels, rng: np.random.Generator, *, amount: float, decay: float) -> Pixels:
    """255 (v + amount f) m / (m + amount), truncated: v in [0, 1] is the picture, m its largest value, f the plasma.

    f runs from 0 to 1 over a torus as large as the next power of two of the longer side, as in the any-size reference
    (the authors' always has 256 px); the picture is its upper left corner. Over 4096 px the torus grows no further and
    is laid side by side. A black picture stays black, as in the reference, for its m is 0. Whole numbers throughout,
    1/256 of a level apart: every machine makes the same bytes.
    """
    brightest = int(pixels.max())
    if brightest == 0:
        return pixels
    height, width, channels = pixels.shape
    side = min(WIDEST, 1 << (max(height, width, channels) - 1).bit_length())
    cloud = plasma(side, rng, decay=decay)
    least, most = int(cloud.min()), int(cloud.max())
    gain = brightest / (brightest + 255 * amount)
    weight = np.float32(256 * 255 * amount * gain / max(1, most - least))
    dimmed = np.rint(256 * gain * np.arange(256)).astype(np.uint16)
    foggy = np.empty_like(pixels)
    for top in range(0, height, ROWS):
        band = np.s_[top : min(top + ROWS, height)]
        plain = np.tile(cloud[top % side :][:ROWS], -(-width // side))[: height - top, :width]
        haze = weight * np.subtract(plain, np.float32(least), dtype=np.float32)
        seen = cv2.LUT(pixels[band], dimmed)
        seen += cv2.cvtColor(haze.astype(np.uint16), cv2.COLOR_GRAY2RGB)
        np.right_shift(seen, 8, out=foggy[band], casting="unsafe")
    return foggy


def plasma(side: int, rng: np.random.Generator, *, decay: float) -> Map:
    """(side, side): diamond-square noise on a torus, in units of its own; side is a power of two.

    Each level halves the step: a new point is the mean of its four neighbours plus uniform noise, whose amplitude falls
    by decay^2 per level. The square is the reference's: it multiplies its draw from (-w, w) by w once more.
    """
    amplitudes = decay ** (-2.0 * np.arange(side.bit_length() - 1))
    # a level adds its noise once to the middles and half of that again to the sides between them
    amplitudes *= LARGEST / (1.5 * amplitudes.sum())
    values = np.zeros((1, 1), np.int16)
    for amplitude in amplitudes:
        values = _finer(values, rng, amplitude=round(amplitude))
    return values


def _finer(corners: Map, rng: np.random.Generator, *, amplitude: int) -> Map:
    """One level: the middles of the squares between four corners, then the middles of the squares' sides."""
    shape = corners.shape
    finer = np.empty((2 * shape[0], 2 * shape[1]), np.int16)
    finer[::2, ::2] = corners
    corners = _quarter(corners)
    down, across = np.roll(corners, -1, axis=0), np.roll(corners, -1, axis=1)
    down += corners
    across += corners
    middles = down + np.roll(down, -1, axis=1)
    _add_noise(middles, rng, amplitude)
    finer[1::2, 1::2] = middles
    middles = _quarter(middles)
    for sides, axis, places in ((across, 0, np.s_[::2, 1::2]), (down, 1, np.s_[1::2, ::2])):
        sides += middles
        sides += np.roll(middles, 1, axis=axis)
        _add_noise(sides, rng, amplitude)
        finer[places] = sides
    return finer


def _quarter(values: Map) -> Map:
    """Before four are added, so that their sum fits into 16 bits; rounded."""
    rounded = values + np.int16(2)
    rounded >>= 2
    return rounded


def _add_noise(values: Map, rng: np.random.Generator, amplitude: int) -> None:
    if amplitude > 0:  # below half a unit it is far below a level of grey
        values += rng.integers(-amplitude, amplitude, values.shape, np.int16, endpoint=True)


FAMILIES: tuple[Family, ...] = (
    Family(
        "fog",
        fog,
        "a cloud of plasma laid over the picture",
        "IC",
        (
            Parameter("amount", float, "weight of the cloud, where the picture's is 1", low=0, high=100),
            Parameter("decay", float, "of the noise with every halving of the step", low=1, high=100),
        ),
        severities={
            1: {"amount": 1.5, "decay": 2.0},
            2: {"amount": 2.0, "decay": 2.0},
            3: {"amount": 2.5, "decay": 1.7},
            4: {"amount": 2.5, "decay": 1.5},
            5: {"amount": 3.0, "decay": 1.4},
        },
    ),
)
