"""Label maps of street datasets: their own labels as Cityscapes train ids, and what they say of a scene."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..label_maps import CLASSES, OBSTACLES, UNDEFINED, ahead
from ..sample import LabelMap
from ..scenes import SceneFacts
from .pixels import MAX_PIXELS

Indices = NDArray[np.uint8]
"""(height, width) places in a table's list of labels, 255 for none of them."""


class Reader(Protocol):
    """Reads a file of at most so many pixels."""

    def __call__(self, path: str, *, max_pixels: int) -> Indices: ...


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
class LabelTable:
    """The labels of a dataset's label maps.

    `read(path, max_pixels=...)` gives the indices of a file of at most so many pixels, and raises UnreadableImage.
    """

    name: str
    labels: tuple[Label, ...]
    read: Reader

    def train_ids(self, path: str, *, max_pixels: int = MAX_PIXELS) -> LabelMap:
        """(height, width) uint8 Cityscapes train ids of a file, 255 where undefined."""
        lookup = np.full(256, UNDEFINED, np.uint8)
        lookup[: len(self.labels)] = [label.train_id for label in self.labels]
        return lookup[self.read(path, max_pixels=max_pixels)]

    def facts(self, path: str, *, max_pixels: int = MAX_PIXELS) -> SceneFacts:
        """What a file says of its scene."""
        indices = self.read(path, max_pixels=max_pixels)
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
