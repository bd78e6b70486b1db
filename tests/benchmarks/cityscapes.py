"""Cityscapes: leftImg8bit and gtFine of val and train, and of test with label maps that hold no labels.

Label maps are 60x120: the lower-middle third has 20 x 40 = 800 pixels, and 6 of 7,200 pixels are clearly visible.
"""

from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from . import drawn

SIZE = (60, 120)
EGO, ROAD, LIGHT, VEGETATION, SKY, PERSON, CAR, BUS, CARAVAN, BICYCLE, PLATE = 1, 7, 19, 21, 23, 24, 26, 28, 29, 33, 255


def make(folder: Path) -> Path:
    """Write two cities of val, one of train and one of test (a grey picture); the folder."""
    for split, city, name, labels in (
        ("val", "frankfurt", "frankfurt_000000_000294", blocked()),
        ("val", "frankfurt", "frankfurt_000001_007973", free()),
        ("val", "munster", "munster_000000_000019", just_blocked()),
        ("train", "aachen", "aachen_000000_000019", free()),
        ("test", "berlin", "berlin_000000_000019", np.full(SIZE, EGO, np.uint8)),
    ):
        picture = folder / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png"
        drawn.save(picture, len(name), size=SIZE, mode="L" if split == "test" else "RGB")
        write_labels(folder / "gtFine" / split / city / f"{name}_gtFine_labelIds.png", labels)
    return folder


def write_labels(file: Path, labels: NDArray[np.uint8]) -> None:
    """Write a label map as the official files are: one channel of 8 bits."""
    file.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(labels).save(file)


def _street(above: int) -> NDArray[np.uint8]:
    labels = np.full(SIZE, ROAD, np.uint8)
    labels[:30] = above
    return labels


def blocked() -> NDArray[np.uint8]:
    """A car of 4 x 10 pixels in the way, of which its plate takes 4; three pixels of a light; the car we sit in."""
    labels = _street(SKY)
    labels[44:48, 50:60] = CAR
    labels[46, 52:56] = PLATE
    labels[10, 100:103] = LIGHT
    labels[58:] = EGO
    return labels


def free() -> NDArray[np.uint8]:
    """A person of 10 x 5 pixels beside the way and a caravan, which is no class, in it."""
    labels = _street(VEGETATION)
    labels[40:50, :5] = PERSON
    labels[45:55, 55:65] = CARAVAN
    return labels


def just_blocked() -> NDArray[np.uint8]:
    """A bicycle on 8 of the 800 pixels ahead, exactly one percent, and 6 pixels of a bus elsewhere."""
    labels = _street(SKY)
    labels[50, 60:68] = BICYCLE
    labels[32, 10:16] = BUS
    return labels
