"""How many tokens the views of a dataset take: the store is created at full size before the first is read."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..perturbations.catalogue import apply, family_of
from ..perturbations.condition import CLEAN, Condition, Skipped
from ..perturbations.preparation import prepared
from ..sample import Dataset

Size = tuple[int, int]
"""(height, width)."""

GridsOfSize = Callable[[int, int], Mapping[str, tuple[int, int, int]]]
"""(height, width) -> (tiles, rows, columns) per tower; ValueError for a size that the model cannot take."""


def largest(
    dataset: Dataset, conditions: Sequence[Condition], preparation: str, *, grids: GridsOfSize, resizes: bool
) -> dict[str, int]:
    """The largest number of grid tokens of any view, in each tower that has tokens.

    `grids` gives the grid in each tower for a picture's size. Where grids depend on the size (`resizes`), all sizes of
    the dataset under all conditions count, else the first readable image. Sizes that the model cannot take are skipped.

    Raises ValueError where no image can be read, by its file or by the model.
    """
    sizes = readable_sizes(dataset, first=not resizes)
    if not sizes:
        raise ValueError(f"none of the {len(dataset.images)} images of {dataset.name!r} can be read. Check the paths.")
    if resizes:
        sizes = list(dict.fromkeys(prepared(blank(size), preparation).shape[:2] for size in sizes))
        sizes = sizes_under_conditions(sizes, conditions)
    counts: dict[str, int] = {}
    reason = ""
    for size in sizes:
        try:
            layouts = grids(*size)
        except ValueError as error:  # reported with the samples of such images
            reason = str(error)
            continue
        for tower, grid in layouts.items():
            counts[tower] = max(counts.get(tower, 0), int(np.prod(grid)))
    if not counts:
        raise ValueError(f"no image of {dataset.name!r} can be read by this model. The last one: {reason}")
    return counts


def readable_sizes(dataset: Dataset, *, first: bool) -> list[Size]:
    """The distinct sizes of the images, or that of the first; unreadable images are reported when they are read."""
    found: dict[Size, None] = {}
    for image in dataset.images:
        try:
            found[image.size()] = None
        except (OSError, ValueError):
            continue
        if first:
            break
    return list(found)


def sizes_under_conditions(sizes: Sequence[Size], conditions: Sequence[Condition]) -> list[Size]:
    """The sizes that images of these sizes have under any condition."""
    resizing = [c for c in conditions if c != CLEAN and family_of(c).resizes]
    made = (resized(condition, size) for condition in resizing for size in sizes)
    return list(dict.fromkeys([*sizes, *(size for size in made if size is not None)]))


def resized(condition: Condition, size: Size) -> Size | None:
    """The size of a picture under a condition; None where that is undefined."""
    try:
        height, width, _ = apply(condition, blank(size), image_id="", seed=0).shape
    except Skipped:
        return None
    return height, width


def blank(size: Size) -> np.ndarray:
    """A grey picture of a size, (height, width, 3) uint8."""
    return np.full((*size, 3), 128, np.uint8)
