"""A camera that moves in a straight line while the shutter is open (IC)."""

import math
from collections.abc import Iterator
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ...sample import Pixels
from ..family import Family, Parameter

Values = TypeVar("Values", NDArray[np.float32], NDArray[np.float64])
Taps = dict[tuple[int, int], float]

UNIT = 1 << 16
"""Weights are whole numbers of 1/UNIT: times a byte they fit a float32's 24 bits, so that every sum is exact."""

WINDOW = 49
"""Weights per pass, zeros between included: up to here OpenCV sums directly, far above it by Fourier transform."""


def motion_blur(pixels: Pixels, rng: np.random.Generator, *, radius: int, sigma: float) -> Pixels:
    """Blur along one direction, drawn uniformly within 45 degrees of the horizontal."""
    angle = float(rng.uniform(-45, 45))
    return line_blur(pixels.astype(np.float32), radius=radius, sigma=sigma, angle=angle).astype(np.uint8)


def line_blur(values: Values, *, radius: int, sigma: float, angle: float) -> Values:
    """The weighted mean of each value and the 2 radius that follow it to the right, turned down by `angle` degrees.

    values: (height, width) or (height, width, channel), float32 or float64. Weight of the k-th: exp(-k² / 2 sigma²).
    Borders are repeated. The line ends where it would be longer than the picture is high or wide; unlike the reference,
    which leaves such small pictures darker, the weights left still sum to 1.

    The bytes are those of every machine where values and weights (whole 1/65536) leave no rounding: whole numbers up
    to 255 in float32, and float32 numbers that are 0 or in [1/2, 1] in float64.

    >>> line_blur(np.float32([[0, 0, 0, 255]]), radius=1, sigma=1e9, angle=0).round().tolist()
    [[0.0, 85.0, 170.0, 255.0]]
    """
    height, width = values.shape[:2]
    taps = _taps(height, width, radius=radius, sigma=sigma, angle=angle)
    top, bottom, left, right = _extent(taps)
    around = cv2.copyMakeBorder(values, -top, bottom, -left, right, cv2.BORDER_REPLICATE)
    blurred = np.zeros_like(values)
    for group in _groups(taps):
        first_row, last_row, first_column, last_column = _extent(group)
        kernel = np.zeros((last_row - first_row + 1, last_column - first_column + 1), values.dtype)
        for (row, column), weight in group.items():
            kernel[row - first_row, column - first_column] = weight
        # the part reaches as far as the kernel, so that no border is made up for what is kept
        part = around[first_row - top : last_row - top + height, first_column - left : last_column - left + width]
        filtered = cv2.filter2D(part, -1, kernel, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
        blurred += filtered[:height, :width].reshape(values.shape)
    return blurred


def _taps(height: int, width: int, *, radius: int, sigma: float, angle: float) -> Taps:
    """The weight of every offset (rows down, columns to the right) on the line; they sum to exactly 1."""
    down, right = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    weights: Taps = {}
    for step in range(2 * radius + 1):
        offset = math.ceil(step * down - 0.5), math.ceil(step * right - 0.5)
        if abs(offset[0]) >= height or abs(offset[1]) >= width:
            break
        weights[offset] = weights.get(offset, 0) + math.exp(-(step**2) / (2 * sigma**2))
    total = sum(weights.values())
    whole = {offset: round(UNIT * weight / total) for offset, weight in weights.items()}
    whole[0, 0] += UNIT - sum(whole.values())
    return {offset: units / UNIT for offset, units in whole.items() if units}


def _extent(taps: Taps) -> tuple[int, int, int, int]:
    rows, columns = [row for row, _ in taps], [column for _, column in taps]
    return min(rows), max(rows), min(columns), max(columns)


def _groups(taps: Taps) -> Iterator[Taps]:
    """The taps in order, in parts that each lie within WINDOW cells."""
    group: Taps = {}
    for offset, weight in taps.items():
        grown = {**group, offset: weight}
        top, bottom, left, right = _extent(grown)
        if (bottom - top + 1) * (right - left + 1) > WINDOW:
            yield group
            grown = {offset: weight}
        group = grown
    yield group


FAMILIES: tuple[Family, ...] = (
    Family(
        "motion_blur",
        motion_blur,
        "blur along a random direction near the horizontal",
        "IC",
        (
            Parameter("radius", int, "px, half the line", low=0, high=1000),
            Parameter("sigma", float, "px, fall-off along the line", low=0.1, high=10_000),
        ),
        severities={
            1: {"radius": 10, "sigma": 3.0},
            2: {"radius": 15, "sigma": 5.0},
            3: {"radius": 15, "sigma": 8.0},
            4: {"radius": 15, "sigma": 12.0},
            5: {"radius": 20, "sigma": 15.0},
        },
    ),
)
