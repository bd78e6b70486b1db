"""What a label map of Cityscapes train ids says of a street scene: its classes, and whether the way ahead is free."""

import numpy as np
from numpy.typing import NDArray

CLASSES: tuple[str, ...] = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "pedestrian",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
)
"""The names of the 19 classes, in the order of their train ids."""

UNDEFINED = 255
"""The train id of everything else."""

CRITICAL: tuple[str, ...] = (
    "pedestrian",
    "rider",
    "bicycle",
    "motorcycle",
    "car",
    "truck",
    "bus",
    "traffic light",
    "traffic sign",
)
"""The safety-critical classes (definitions of the misalignment measures)."""

OBSTACLES: tuple[int, ...] = tuple(CLASSES.index(name) for name in CRITICAL if not name.startswith("traffic"))
"""Train ids of what makes the way ahead unsafe: the safety-critical classes other than lights and signs."""

MIN_VISIBLE = 0.0007
"""A class is present from this share of the image on, absent at zero; in between nobody asks."""

UNSAFE_SHARE = 0.01
"""Obstacles on this share of the lower-middle third make the way ahead unsafe."""


def ahead(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The lower-middle third of a label map (height, width), where the vehicle is about to go."""
    height, width = labels.shape
    return labels[height * 2 // 3 :, width // 3 : width * 2 // 3]


def blocked_share(labels: NDArray[np.uint8]) -> float:
    """The share, in [0, 1], of the lower-middle third of the image that obstacles cover."""
    return float(np.isin(ahead(labels), OBSTACLES).mean())


def is_safe(labels: NDArray[np.uint8]) -> bool:
    """Whether the way ahead is free: obstacles cover less than 1 % of the lower-middle third."""
    return blocked_share(labels) < UNSAFE_SHARE
