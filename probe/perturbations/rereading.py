"""The clean picture read once more in another way: what moves then is no effect of any picture, but the noise floor.

Another batch, another side of padding and another attention kernel sum the same numbers in another order; another data
type rounds them elsewhere. A model that is asked at an address is simply asked again. With a share, only that share of
the images is read again: the others have no such reading.
"""

import numpy as np

from ..sample import Pixels
from .condition import Condition, generator
from .family import Family, Parameter

NAME = "reread"

WAYS = ("batch", "padding", "attention", "dtype")

LEFT_OUT = "it is not in the share of images that are read again"


def same(pixels: Pixels, rng: np.random.Generator, *, by: str, share: float) -> Pixels:
    """The picture as it is."""
    return pixels


def way(condition: Condition) -> str:
    """In which way the picture is read under a condition; empty for the run's own."""
    return str(dict(condition.parameters)["by"]) if condition.family == NAME else ""


def left_out(condition: Condition, image_id: str, *, seed: int) -> str:
    """Why an image is not read again under a condition; empty where it is, and for all other conditions.

    The draw is one of (seed, image id) alone: the same images in every way of reading, and of a larger share these too.
    """
    share = float(dict(condition.parameters).get("share", 1.0)) if condition.family == NAME else 1.0
    return LEFT_OUT if share < 1 and generator(seed, image_id, NAME).random() >= share else ""


def other_batch(images: int) -> int:
    """Another number of images to read together.

    >>> other_batch(8), other_batch(1)
    (1, 2)
    """
    return 1 if images > 1 else 2


FAMILIES: tuple[Family, ...] = (
    Family(
        NAME,
        same,
        "the clean picture, read with another batch, padding, attention kernel or data type: the noise floor",
        "ours",
        parameters=(
            Parameter("by", str, "what is changed", choices=WAYS),
            Parameter("share", float, "of the images, drawn at random", 1.0, 0.001, 1),
        ),
        listed=tuple({"by": each} for each in WAYS),
    ),
)
