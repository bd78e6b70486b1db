"""A condition: one concrete image-to-image map, named so well that its name is enough to make it again."""

import json
from dataclasses import dataclass
from hashlib import sha256
from operator import index

import numpy as np

Value = int | float | str | bool

BARE = ("label", "draw")
"""Parameters whose value says enough alone: `text_overlay.semantic:B`, not `text_overlay.semantic:label=B`."""


class Skipped(ValueError):
    """A condition is undefined for this one image (a crop larger than it). Recorded as nan, not as a failure."""


@dataclass(frozen=True)
class Condition:
    """A family with its parameters. Parameters at their default are left out, so that one map has one id.

    `severity` is the level that the parameters were read from, where the family has levels.
    """

    family: str
    parameters: tuple[tuple[str, Value], ...] = ()
    severity: int | None = None

    @property
    def id(self) -> str:
        """The name that the store, the seed and the command line use.

        >>> Condition("translation", (("dx", -8),)).id
        'translation:dx=-8'
        >>> Condition("motion_blur", (("size", 25),), severity=3).id
        'motion_blur:3'
        >>> Condition("text_overlay.semantic", (("label", "B"),)).id
        'text_overlay.semantic:B'
        """
        if self.severity is not None:
            return f"{self.family}:{self.severity}"
        settings = ",".join(_item(name, value) for name, value in self.parameters)
        return f"{self.family}:{settings}" if settings else self.family


CLEAN = Condition("clean")


def _item(name: str, value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, float):
        text = text.removesuffix(".0")
    return text if name in BARE else f"{name}={text}"


def generator(seed: int, image_id: str, condition_id: str) -> np.random.Generator:
    """The random numbers of one condition of one image: a pure function of these three.

    Neither the order of work, nor the process, nor any global random state can change them.

    >>> first, again = generator(0, "cat", "occlusion:1"), generator(0, "cat", "occlusion:1")
    >>> bool(first.random() == again.random())
    True
    """
    # json keeps the three apart: ("a", "bc") and ("ab", "c") must not share a stream.
    key = json.dumps([index(seed), image_id, condition_id]).encode()
    return np.random.Generator(np.random.PCG64(int.from_bytes(sha256(key).digest(), "big")))
