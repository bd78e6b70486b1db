"""The clean picture read once more in another way: what moves then is no effect of any picture, but the noise floor.

Another batch, another side of padding and another attention kernel sum the same numbers in another order. A model that
is asked at an address is simply asked again.
"""

import numpy as np

from ..sample import Pixels
from .condition import Condition
from .family import Family, Parameter

NAME = "reread"

WAYS = ("batch", "padding", "attention")


def same(pixels: Pixels, rng: np.random.Generator, *, by: str) -> Pixels:
    """The picture as it is."""
    return pixels


def way(condition: Condition) -> str:
    """In which way the picture is read under a condition; empty for the run's own."""
    return str(dict(condition.parameters)["by"]) if condition.family == NAME else ""


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
        "the clean picture, read with another batch, padding or attention kernel: the noise floor",
        "ours",
        parameters=(Parameter("by", str, "what is changed", choices=WAYS),),
        listed=tuple({"by": each} for each in WAYS),
    ),
)
