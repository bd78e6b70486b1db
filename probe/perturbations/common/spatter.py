"""Spatter: drops of water or mud on the lens, at five severities (IC)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ...sample import Pixels
from ..family import Family, Parameter

Layer = NDArray[np.float32]

WATER, MUD = (175, 238, 238), (63, 42, 20)
"""RGB. Pale turquoise and brown: the reference's code names its channels BGR, but gives and mixes them as RGB."""

EDGES = (50, 150)
REACH = 20
RELIEF = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])


def spatter(
    pixels: Pixels,
    rng: np.random.Generator,
    *,
    mean: float,
    spread: float,
    sigma: float,
    threshold: float,
    liquid: str,
    strength: float,
    softness: float,
) -> Pixels:
    """Liquid where gaussian noise (mean, spread), blurred by sigma px, reaches the threshold; results truncated.

    Water is added, lit from the upper left and at most `strength` thick; mud covers, its edge blurred by softness px.
    Where nothing reaches the threshold, as in very small pictures, the picture stays; the reference divides 0 by 0.
    """
    noise = rng.standard_normal(pixels.shape[:2], np.float32)
    noise *= np.float32(spread)
    noise += np.float32(mean)
    depth = blurred(noise, sigma=sigma)
    depth[depth < np.float32(threshold)] = 0
    if not depth.any():
        return pixels
    return _watered(pixels, depth, strength=strength) if liquid == "water" else _muddied(pixels, depth, softness)


def blurred(layer: Layer, *, sigma: float) -> Layer:
    """By a gaussian of sigma px, cut at 4 sigma, borders repeated. scipy's is the same on every processor."""
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter(layer, sigma, mode="nearest", truncate=4.0), np.float32)


def _watered(pixels: Pixels, depth: Layer, *, strength: float) -> Pixels:
    drops = np.clip(255 * depth, 0, 255).astype(np.uint8)
    thickness = drops * _light(drops)
    thickest = thickness.max()
    if thickest == 0:
        return pixels
    thickness *= np.float32(strength) / thickest
    wet = cv2.merge([thickness * np.float32(channel) for channel in WATER])
    wet += pixels
    return np.minimum(wet, np.float32(255), out=wet).astype(np.uint8)


def _light(drops: NDArray[np.uint8]) -> Layer:
    """How bright a drop is: it rises with the distance from its edge, up to 20 px, and a relief filter lights it."""
    apart = cv2.distanceTransform(255 - cv2.Canny(drops, *EDGES), cv2.DIST_L2, cv2.DIST_MASK_5)
    height = cv2.blur(np.minimum(apart, np.float32(REACH)), (3, 3)).astype(np.uint8)
    relief = cv2.filter2D(cv2.equalizeHist(height), cv2.CV_8U, RELIEF)
    return cv2.blur(relief, (3, 3)).astype(np.float32)


def _muddied(pixels: Pixels, depth: Layer, softness: float) -> Pixels:
    cover = blurred((depth > 0).astype(np.float32), sigma=softness)
    cover[cover < np.float32(0.8)] = 0
    rest = np.float32(1) - cover
    muddy = cv2.merge([rest, rest, rest])
    muddy *= pixels
    muddy += cv2.merge([cover * np.float32(channel) for channel in MUD])
    return np.minimum(muddy, np.float32(255), out=muddy).astype(np.uint8)


FAMILIES: tuple[Family, ...] = (
    Family(
        "spatter",
        spatter,
        "drops of water or mud on the lens",
        "IC",
        (
            Parameter("mean", float, "of the noise", low=0, high=1),
            Parameter("spread", float, "standard deviation of the noise", low=0, high=10),
            Parameter("sigma", float, "blur of the noise, px: the size of the drops", low=0, high=100),
            Parameter("threshold", float, "of the blurred noise, above which liquid is", low=0, high=1),
            Parameter("liquid", str, "what it is", choices=("water", "mud")),
            Parameter("strength", float, "of the water's colour where it is thickest", default=0.6, low=0, high=1),
            Parameter("softness", float, "blur of the mud's edge, px", default=1.5, low=0, high=100),
        ),
        severities={
            1: {"mean": 0.65, "spread": 0.3, "sigma": 4.0, "threshold": 0.69, "liquid": "water"},
            2: {"mean": 0.65, "spread": 0.3, "sigma": 3.0, "threshold": 0.68, "liquid": "water"},
            3: {"mean": 0.65, "spread": 0.3, "sigma": 2.0, "threshold": 0.68, "liquid": "water", "strength": 0.5},
            4: {"mean": 0.65, "spread": 0.3, "sigma": 1.0, "threshold": 0.65, "liquid": "mud"},
            5: {"mean": 0.67, "spread": 0.4, "sigma": 1.0, "threshold": 0.65, "liquid": "mud"},
        },
    ),
)
