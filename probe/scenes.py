"""What a label map says of a street scene, as numbers: pixels by class, and how much of the way ahead is covered."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .label_maps import CLASSES, MIN_VISIBLE, UNSAFE_SHARE, blocked_share


@dataclass(frozen=True)
class SceneFacts:
    """What a label map says of a scene.

    `counts` are pixels by class, of `pixels` in all; `possible` are classes of which it says nothing; `blocked` is the
    share of the lower-middle third that obstacles cover.
    """

    counts: Mapping[str, int]
    pixels: int
    possible: frozenset[str]
    blocked: float

    @classmethod
    def of_train_ids(cls, labels: NDArray[np.uint8]) -> "SceneFacts":
        """The facts of a label map (height, width) of Cityscapes train ids.

        >>> facts = SceneFacts.of_train_ids(np.array([[0, 13], [0, 0]], np.uint8))
        >>> facts.visible, facts.safe
        (('road', 'car'), True)
        """
        pixels = np.bincount(labels.ravel(), minlength=256).tolist()
        counts = {name: pixels[place] for place, name in enumerate(CLASSES) if pixels[place]}
        return cls(counts, labels.size, frozenset(), blocked_share(labels))

    def plain(self) -> dict[str, Any]:
        """The same as values that JSON has, in a fixed order."""
        counts = {name: self.counts[name] for name in CLASSES if name in self.counts}
        return {"counts": counts, "pixels": self.pixels, "possible": sorted(self.possible), "blocked": self.blocked}

    @cached_property
    def visible(self) -> tuple[str, ...]:
        """The classes that are clearly visible, in the order of their train ids."""
        return tuple(name for name in CLASSES if self.counts.get(name, 0) >= MIN_VISIBLE * self.pixels)

    @property
    def barely_visible(self) -> tuple[str, ...]:
        """The classes that have pixels, but too few to ask about."""
        return tuple(name for name in CLASSES if 0 < self.counts.get(name, 0) < MIN_VISIBLE * self.pixels)

    @property
    def absent(self) -> tuple[str, ...]:
        """The classes without a pixel, in the order of their train ids."""
        return tuple(name for name in CLASSES if not self.counts.get(name) and name not in self.possible)

    @property
    def safe(self) -> bool:
        """Whether the way ahead is free."""
        return self.blocked < UNSAFE_SHARE
