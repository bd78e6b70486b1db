"""Blur alike in all directions: gaussian, and the disc of a lens out of focus (IC)."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ...sample import Pixels
from ..family import Family, Parameter

UNIT = 1 << 22
"""Gaussian weights are whole numbers of 1/UNIT: a byte times two of them fits a float64, so that every sum is exact."""

ABOVE = 1e-9
"""Added before truncation: far more than a Fourier transform in float64 can be off, far less than can be seen."""


def gaussian_blur(pixels: Pixels, rng: np.random.Generator, *, sigma: float) -> Pixels:
    """Gaussian of sigma px, borders repeated. Nothing is drawn."""
    return blurred(pixels, sigma=sigma).astype(np.uint8)


def blurred(pixels: Pixels, *, sigma: float) -> NDArray[np.float64]:
    """Gaussian of sigma px, cut at 4 sigma, borders repeated; the same bits on every machine.

    (height, width, 3) uint8 -> (height, width, 3) float64, in [0, 255].

    >>> blurred(np.full((2, 3, 3), 7, np.uint8), sigma=2.5)[0, 0].tolist()
    [7.0, 7.0, 7.0]
    """
    radius = int(4 * sigma + 0.5)
    weights = [math.exp(-(step**2) / (2 * sigma**2)) for step in range(-radius, radius + 1)]
    total = sum(weights)
    whole = [round(UNIT * weight / total) for weight in weights]
    whole[radius] += UNIT - sum(whole)
    kernel = np.array(whole) / UNIT
    return np.asarray(cv2.sepFilter2D(pixels, cv2.CV_64F, kernel, kernel, borderType=cv2.BORDER_REPLICATE), np.float64)


def defocus_blur(pixels: Pixels, rng: np.random.Generator, *, radius: int, edge: float) -> Pixels:
    """The mean over a disc of `radius` px whose rim is softened by a gaussian of `edge` px, borders mirrored.

    Nothing is drawn. As in the reference, what the rim loses at the kernel's own border is mirrored back, so that discs
    of 8 px and more brighten: by 1.3 % and 1.1 % at severities 4 and 5.
    """
    filtered = cv2.filter2D(pixels, cv2.CV_64F, _disc(radius, edge), delta=ABOVE)
    return np.minimum(filtered, 255, out=filtered).astype(np.uint8)


def _disc(radius: int, edge: float) -> NDArray[np.float32]:
    """The reference's kernel: 17x17 for a radius up to 8, else just as large as the disc."""
    side, reach = max(radius, 8), 1 if radius <= 8 else 2
    across = np.arange(-side, side + 1) ** 2
    inside = across[:, None] + across <= radius**2
    disc = np.pad(inside / np.float64(inside.sum()), reach, mode="reflect")
    weights = [math.exp(-(step**2) / (2 * edge**2)) for step in range(-reach, reach + 1)]
    size, total = len(across), sum(weights)
    rows = np.sum([weight * disc[step : step + size] for step, weight in enumerate(weights)], axis=0) / total
    softened = np.sum([weight * rows[:, step : step + size] for step, weight in enumerate(weights)], axis=0) / total
    return softened.astype(np.float32)


FAMILIES: tuple[Family, ...] = (
    Family(
        "gaussian_blur",
        gaussian_blur,
        "gaussian blur",
        "IC",
        (Parameter("sigma", float, "px", low=0.1, high=200),),
        severities={1: {"sigma": 1.0}, 2: {"sigma": 2.0}, 3: {"sigma": 3.0}, 4: {"sigma": 4.0}, 5: {"sigma": 6.0}},
    ),
    Family(
        "defocus_blur",
        defocus_blur,
        "a lens out of focus: the mean over a disc",
        "IC",
        (
            Parameter("radius", int, "px, of the disc", low=1, high=100),
            Parameter("edge", float, "px, softness of the rim", low=0.05, high=10),
        ),
        severities={
            1: {"radius": 3, "edge": 0.1},
            2: {"radius": 4, "edge": 0.5},
            3: {"radius": 6, "edge": 0.5},
            4: {"radius": 8, "edge": 0.5},
            5: {"radius": 10, "edge": 0.5},
        },
    ),
)
