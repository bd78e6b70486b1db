"""Label maps of street datasets: their own labels as Cityscapes train ids, and what they say of a scene."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..label_maps import CLASSES, MIN_VISIBLE, OBSTACLES, UNDEFINED, UNSAFE_SHARE, ahead
from ..sample import LabelMap

Indices = NDArray[np.uint8]
"""(height, width) places in a table's list of labels, 255 for none of them."""


@dataclass(frozen=True)
class Label:
    """One label of a dataset.

    `train_id` is that of Cityscapes, 255 where no class fits. `classes` are there wherever the label is: by default
    the class of the train id. `possible` are classes that the label may also stand for, so that nobody can say that
    they are absent. `obstacle`: whether it makes the way unsafe; by default whether its class does.
    """

    name: str
    train_id: int = UNDEFINED
    classes: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    obstacle: bool = False

    @property
    def present(self) -> tuple[str, ...]:
        return self.classes or (() if self.train_id == UNDEFINED else (CLASSES[self.train_id],))

    @property
    def blocks(self) -> bool:
        return self.obstacle or self.train_id in OBSTACLES


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


@dataclass(frozen=True)
class LabelTable:
    """The labels of a dataset's label maps. `read(path)` gives the indices of a file, and raises UnreadableImage."""

    name: str
    labels: tuple[Label, ...]
    read: Callable[[str], Indices]

    def train_ids(self, path: str) -> LabelMap:
        """(height, width) uint8 Cityscapes train ids of a file, 255 where undefined."""
        lookup = np.full(256, UNDEFINED, np.uint8)
        lookup[: len(self.labels)] = [label.train_id for label in self.labels]
        return lookup[self.read(path)]

    def facts(self, path: str) -> SceneFacts:
        """What a file says of its scene."""
        indices = self.read(path)
        pixels = np.bincount(indices.ravel(), minlength=256)
        counts: dict[str, int] = {}
        possible: set[str] = set()
        for label, count in zip(self.labels, pixels.tolist(), strict=False):
            for name in label.present if count else ():
                counts[name] = counts.get(name, 0) + count
            possible |= set(label.possible if count else ())
        obstacles = [place for place, label in enumerate(self.labels) if label.blocks]
        blocked = float(np.isin(ahead(indices), obstacles).mean())
        return SceneFacts(MappingProxyType(counts), indices.size, frozenset(possible), blocked)
