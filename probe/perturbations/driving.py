"""What a camera on a car meets: motion blur, low light, occlusion, at three severities (SM, Table 1)."""

import math

import numpy as np

from ..sample import Pixels
from .family import Family, Parameter

ASPECT = 2.0
"""Occluders are at most this many times as high as wide, or as wide as high; SM gives no range: our choice."""


def motion_blur(pixels: Pixels, rng: np.random.Generator, *, size: int) -> Pixels:
    """The mean over a horizontal line of `size` px (odd), borders repeated, rounded to the nearest integer."""
    if size == 1:
        return pixels
    height, width, channels = pixels.shape
    half = size // 2
    total = np.zeros((height, width + size, channels), np.int32)
    # exact integer running sums: one subtraction per pixel, whatever the kernel's length
    np.cumsum(np.pad(pixels, ((0, 0), (half, half), (0, 0)), mode="edge"), axis=1, dtype=np.int32, out=total[:, 1:])
    # an odd size has no ties, so that adding its half rounds to the nearest
    return ((total[:, size:] - total[:, :-size] + half) // size).astype(np.uint8)


def low_light(pixels: Pixels, rng: np.random.Generator, *, gamma: float, sigma: float) -> Pixels:
    """v ** gamma with v in [0, 1], then additive gaussian noise of standard deviation sigma (full scale = 1), clipped.

    SM gives no sigma: 0.01, 0.03, 0.06 are our choice.
    """
    darker = (255 * (np.arange(256) / 255) ** gamma).astype(np.float32)[pixels]
    if sigma > 0:
        darker += np.float32(255 * sigma) * rng.standard_normal(pixels.shape, np.float32)
    return np.clip(np.rint(darker, out=darker), 0, 255, out=darker).astype(np.uint8)


def occlusion(pixels: Pixels, rng: np.random.Generator, *, fraction: float) -> Pixels:
    """One black rectangle, wholly inside, of `fraction` of the area, anywhere, in any shape up to 1:2 or 2:1.

    Its area is right to within half a column. The shape is log-uniform and yields where the picture is too narrow.
    """
    if fraction == 0:
        return pixels
    height, width = pixels.shape[:2]
    area = fraction * height * width
    aspect = ASPECT ** rng.uniform(-1, 1)
    tall = round(math.sqrt(area * aspect))
    # at least as high as needed for the width to fit, at most the picture
    tall = max(1, min(height, max(tall, math.ceil(area / width - 1e-9))))
    wide = max(1, min(width, round(area / tall)))
    top = int(rng.integers(0, height - tall + 1))
    left = int(rng.integers(0, width - wide + 1))
    covered = pixels.copy()
    covered[top : top + tall, left : left + wide] = 0
    return covered


FAMILIES: tuple[Family, ...] = (
    Family(
        "motion_blur.horizontal",
        motion_blur,
        "mean over a horizontal line: a camera panning",
        "SM",
        (Parameter("size", int, "px", low=1, high=9999, odd=True),),
        severities={1: {"size": 7}, 2: {"size": 15}, 3: {"size": 25}},
    ),
    Family(
        "low_light",
        low_light,
        "gamma, then gaussian noise",
        "SM",
        (
            Parameter("gamma", float, "exponent", low=0.05, high=20),
            Parameter("sigma", float, "noise, of full scale", low=0, high=1),
        ),
        severities={
            1: {"gamma": 1.6, "sigma": 0.01},
            2: {"gamma": 2.2, "sigma": 0.03},
            3: {"gamma": 3.0, "sigma": 0.06},
        },
    ),
    Family(
        "occlusion",
        occlusion,
        "one random black rectangle",
        "SM",
        (Parameter("fraction", float, "of the area", low=0, high=1),),
        severities={1: {"fraction": 0.08}, 2: {"fraction": 0.15}, 3: {"fraction": 0.25}},
    ),
)
