"""Which class of a segmentation model is which of ours: by name, in the words that texts are searched for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analyses.misalignment import CITYSCAPES, mentioned

from ..errors import PlanError
from ..label_maps import CLASSES, UNDEFINED
from ..sample import Dataset, LabelMap

EXCEPTIONS: Mapping[str, str | None] = MappingProxyType({"on rails": "train", "car mount": None, "ego vehicle": None})
"""Names of Mapillary Vistas that their words alone mislead about."""


@dataclass(frozen=True)
class ClassMapping:
    """The names of a model's classes, in the order of its numbers, and the Cityscapes train id of each.

    255 is none of ours: where the model says so the pixel is wrong, as in Cityscapes' own script.
    """

    theirs: tuple[str, ...]
    train_ids: tuple[int, ...]

    @property
    def by_class(self) -> dict[str, tuple[str, ...]]:
        """Each of our classes, with the names of theirs that are it."""
        pairs = list(zip(self.theirs, self.train_ids, strict=True))
        return {name: tuple(own for own, train_id in pairs if train_id == k) for k, name in enumerate(CLASSES)}

    @property
    def lost(self) -> tuple[str, ...]:
        """Our classes that the model does not know."""
        return tuple(name for name, theirs in self.by_class.items() if not theirs)

    @property
    def unused(self) -> tuple[str, ...]:
        """Their classes that are none of ours."""
        pairs = zip(self.theirs, self.train_ids, strict=True)
        return tuple(own for own, train_id in pairs if train_id == UNDEFINED)

    def to_train_ids(self, classes: NDArray[np.int32]) -> LabelMap:
        """(height, width) uint8 train ids of a map of the model's own classes; -1 there is no class."""
        table = np.array([*self.train_ids, UNDEFINED], np.uint8)  # the last one is that of -1
        return table[classes]


def by_name(theirs: Sequence[str]) -> ClassMapping:
    """The mapping of classes with these names. A name that says two of ours, or none, is none.

    >>> by_name(["road", "person", "tree", "parking"]).train_ids
    (0, 11, 8, 255)
    """
    return ClassMapping(tuple(theirs), tuple(_train_id(name) for name in theirs))


def require_classes(mapping: ClassMapping, dataset: Dataset, *, model: str) -> None:
    """Raise PlanError where label maps of the dataset have a class that the model does not know.

    The label maps are read until all lost classes have been seen, and not at all where none is lost.
    """
    lost = {CLASSES.index(name) for name in mapping.lost}
    seen: set[int] = set()
    for picture in dataset.pictures if lost else ():
        if picture.read_labels is not None and seen != lost:
            try:
                seen |= lost & set(np.unique(picture.read_labels()).tolist())
            except (OSError, ValueError):
                continue  # said when the image is segmented
    if seen:
        names = ", ".join(CLASSES[train_id] for train_id in sorted(seen))
        shown = ", ".join(mapping.theirs[:30]) + (", …" if len(mapping.theirs) > 30 else "")
        raise PlanError(
            f"model {model!r} has no class for {names}, which dataset {dataset.name!r} has. Its classes: {shown}. "
            "Choose a model that knows them, or count their pixels as wrong with --allow-lost."
        )


def _train_id(name: str) -> int:
    plain = " ".join(name.replace("_", " ").replace("-", " ").lower().split())
    if plain in EXCEPTIONS:
        ours = EXCEPTIONS[plain]
        return UNDEFINED if ours is None else CLASSES.index(ours)
    found = mentioned(plain, CITYSCAPES)
    return CLASSES.index(next(iter(found))) if len(found) == 1 else UNDEFINED
