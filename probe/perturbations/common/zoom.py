"""A camera that moves towards the scene while the shutter is open (IC)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...sample import Pixels
from ..family import Family, Parameter

Values = NDArray[np.float32]

BLOCK = 1 << 14
"""Pixels that are worked on at a time: few enough for a core's own cache."""


@dataclass(frozen=True)
class _Places:
    """Where each row (or column) of the result is read: between `lower` and `upper`, `share` of the way."""

    lower: NDArray[np.intp]
    upper: NDArray[np.intp]
    share: Values

    def part(self, start: int, stop: int) -> "_Places":
        return _Places(self.lower[start:stop], self.upper[start:stop], self.share[start:stop])


def zoom_blur(pixels: Pixels, rng: np.random.Generator, *, largest: float, step: float) -> Pixels:
    """The mean of the picture and of its centre enlarged by 1, 1 + step, 1 + 2 step, ... up to `largest`.

    Nothing is drawn. The reference takes one step more than it says at its first severity (1.11), and so do we.
    """
    height, width = pixels.shape[:2]
    # a millionth of a step, so that the last factor is not lost to rounding
    factors = np.arange(1, largest + 1e-6 * step, step).tolist()
    layers = [(_places(height, factor), _places(width, factor)) for factor in factors]
    values = pixels.astype(np.float32)
    blurred = np.empty_like(pixels)
    rows = max(1, BLOCK // width)
    for top in range(0, height, rows):
        total = values[top : top + rows].copy()
        for down, across in layers:
            total += _read(values, down.part(top, top + rows), across)
        blurred[top : top + rows] = total / np.float32(len(factors) + 1)
    return blurred


def clipped_zoom(values: Values, factor: float) -> Values:
    """The centre of the picture, 1 / factor of both sides, enlarged linearly to the picture's own shape.

    values: (height, width) or (height, width, channel) float32; factor >= 1. Corners stay corners: the first and last
    rows and columns of the cut are those of the enlargement, of which what is too much is cut evenly from both ends.
    The authors cut so; the other reference cuts from the bottom and the right alone. The two are one at 224x224.

    >>> clipped_zoom(np.arange(49, dtype=np.float32).reshape(7, 7), 3)[0].tolist()
    [18.0, 18.25, 18.5, 18.75, 19.0, 19.25, 19.5]
    """
    return _read(values, _places(values.shape[0], factor), _places(values.shape[1], factor))


def _places(size: int, factor: float) -> _Places:
    cut = math.ceil(size / factor)
    enlarged = max(round(cut * factor), size)
    first = (size - cut) // 2
    spacing = (cut - 1) / max(enlarged - 1, 1)
    place = (np.arange(size) + (enlarged - size) // 2) * spacing
    lower = np.clip(place.astype(np.intp), 0, max(cut - 2, 0))
    return _Places(first + lower, first + np.minimum(lower + 1, cut - 1), (place - lower).astype(np.float32))


def _read(values: Values, down: _Places, across: _Places) -> Values:
    channels = values.shape[2:]
    rows = between(values, down.lower, down.upper, down.share.reshape(-1, *(1 for _ in values.shape[1:])), axis=0)
    # a share per number, not per pixel: numpy is slow along an axis of 3
    shares = np.repeat(across.share, math.prod(channels)).reshape(-1, *channels)
    return between(rows, across.lower, across.upper, shares, axis=1)


def between(
    values: Values, lower: NDArray[np.intp], upper: NDArray[np.intp], share: Values, *, axis: int = 0
) -> Values:
    """Those at the indices `lower` along the axis, moved by `share` of the way to those at `upper`.

    One operation at a time, each rounded alike on every machine; and a flat area stays exactly as it is.

    >>> between(np.float32([0, 10, 20]), np.array([0, 1]), np.array([1, 2]), np.float32([0.25, 0.5])).tolist()
    [2.5, 15.0]
    """
    found = np.take(values, lower, axis, mode="clip")
    change = np.take(values, upper, axis, mode="clip")
    change -= found
    change *= share
    found += change
    return found


FAMILIES: tuple[Family, ...] = (
    Family(
        "zoom_blur",
        zoom_blur,
        "blur towards the centre",
        "IC",
        (
            Parameter("largest", float, "the last enlargement", low=1, high=10),
            Parameter("step", float, "from one enlargement to the next", low=0.005, high=10),
        ),
        severities={
            1: {"largest": 1.11, "step": 0.01},
            2: {"largest": 1.15, "step": 0.01},
            3: {"largest": 1.2, "step": 0.02},
            4: {"largest": 1.24, "step": 0.02},
            5: {"largest": 1.3, "step": 0.03},
        },
    ),
)
