"""Snow: flakes blown across a whitened picture, at five severities (IC)."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ...sample import Pixels
from ..family import Family, Parameter
from .motion import line_blur
from .zoom import clipped_zoom

Layer = NDArray[np.float32]

GREY = np.array([[299, 587, 114]], np.float32)
FULL, HALF = np.float32(255), np.float32(127.5)

ROWS = 64
"""Rows that are mixed at a time: few enough to stay in a processor's cache."""


def snow(
    pixels: Pixels,
    rng: np.random.Generator,
    *,
    mean: float,
    spread: float,
    zoom: float,
    threshold: float,
    radius: int,
    sigma: float,
    picture: float,
) -> Pixels:
    """Truncated picture * v + (1 - picture) * max(v, 1.5 grey + 255/2) + flakes + the flakes upside down, v in 0..255.

    The flakes fall at a random angle within 45 degrees of the vertical. They are rounded to whole levels before their
    motion blur, as the authors' are (theirs are truncated), and after it, as in both references.
    """
    flakes = _flakes(pixels.shape[:2], rng, mean=mean, spread=spread, zoom=zoom, threshold=threshold)
    angle = float(rng.uniform(-135, -45))
    flakes = np.rint(line_blur(flakes, radius=radius, sigma=sigma, angle=angle))
    flakes = flakes + flakes[::-1, ::-1]
    kept, rest = np.float32(picture), np.float32(1 - picture)
    snowy = np.empty_like(pixels)
    for top in range(0, len(pixels), ROWS):
        band = np.s_[top : top + ROWS]
        values = pixels[band].astype(np.float32)
        # exact, in whole thousandths, so that it does not matter in which order a processor adds
        white = cv2.transform(values, GREY)
        white *= np.float32(0.0015) * rest
        white += HALF * rest
        # kept v + rest max(v, white), in fewer steps
        seen = kept * values
        seen += cv2.cvtColor(white, cv2.COLOR_GRAY2RGB)
        np.maximum(seen, values, out=seen)
        seen += cv2.cvtColor(flakes[band], cv2.COLOR_GRAY2RGB)
        snowy[band] = np.minimum(seen, FULL, out=seen)
    return snowy


def _flakes(
    shape: tuple[int, int], rng: np.random.Generator, *, mean: float, spread: float, zoom: float, threshold: float
) -> Layer:
    """Gaussian noise (mean, spread), enlarged so that a grain becomes a flake; 0 below the threshold; whole levels."""
    noise = np.zeros(shape, np.float32)
    # only the centre is enlarged, so only that is drawn
    centre = noise[_middle(shape[0], zoom), _middle(shape[1], zoom)]
    centre[:] = np.float32(mean) + np.float32(spread) * rng.standard_normal(centre.shape, np.float32)
    flakes = clipped_zoom(noise, zoom)
    flakes *= flakes >= np.float32(threshold)
    flakes *= FULL
    return np.rint(np.minimum(flakes, FULL, out=flakes), out=flakes)


def _middle(size: int, zoom: float) -> slice:
    cut = math.ceil(size / zoom)
    return slice((size - cut) // 2, (size - cut) // 2 + cut)


FAMILIES: tuple[Family, ...] = (
    Family(
        "snow",
        snow,
        "flakes blown across a whitened picture",
        "IC",
        (
            Parameter("mean", float, "of the noise", low=-1, high=1),
            Parameter("spread", float, "standard deviation of the noise", low=0, high=10),
            Parameter("zoom", float, "size of the flakes, px", low=1, high=100),
            Parameter("threshold", float, "of the noise, above which there is a flake", low=0, high=1),
            Parameter("radius", int, "half the length of the flakes' motion, px", low=0, high=1000),
            Parameter("sigma", float, "fall-off along the motion, px", low=0.1, high=10_000),
            Parameter("picture", float, "weight of the picture; the rest is whitened", low=0, high=1),
        ),
        severities={
            1: {"mean": 0.1, "spread": 0.3, "zoom": 3.0, "threshold": 0.5, "radius": 10, "sigma": 4.0, "picture": 0.8},
            2: {"mean": 0.2, "spread": 0.3, "zoom": 2.0, "threshold": 0.5, "radius": 12, "sigma": 4.0, "picture": 0.7},
            3: {"mean": 0.55, "spread": 0.3, "zoom": 4.0, "threshold": 0.9, "radius": 12, "sigma": 8.0, "picture": 0.7},
            4: {
                "mean": 0.55,
                "spread": 0.3,
                "zoom": 4.5,
                "threshold": 0.85,
                "radius": 12,
                "sigma": 8.0,
                "picture": 0.65,
            },
            5: {
                "mean": 0.55,
                "spread": 0.3,
                "zoom": 2.5,
                "threshold": 0.85,
                "radius": 12,
                "sigma": 12.0,
                "picture": 0.55,
            },
        },
    ),
)
