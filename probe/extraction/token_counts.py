"""How many tokens the views of a dataset take: the store is created at full size before the first is read."""

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from ..perturbations.catalogue import apply, family_of
from ..perturbations.condition import CLEAN, Condition, Skipped
from ..perturbations.preparation import prepared
from ..sample import Dataset, Size

Sizes = tuple[Size, ...]
"""The (height, width) of each picture of a view."""

Grid = tuple[int, int, int]
"""(tiles, rows, columns) of the tokens of a picture."""

GridsOfSizes = Callable[[Sizes], Mapping[str, Sequence[Grid]]]
"""Sizes of a view's pictures -> the grid of each, per tower; ValueError for sizes that the model cannot take."""


def largest(
    dataset: Dataset, conditions: Sequence[Condition], preparation: str, *, grids: GridsOfSizes, resizes: bool
) -> dict[str, int]:
    """The largest number of grid tokens of any view, in each tower that has tokens.

    Where grids depend on the size of a picture (`resizes`), all sizes of the dataset under all conditions count, else
    the first readable image of each number of pictures. Sizes that the model cannot take are skipped.

    Raises ValueError where no image can be read, by its file or by the model.
    """
    views = readable_views(dataset, all_sizes=resizes)
    if not views:
        raise ValueError(f"none of the {len(dataset.images)} images of {dataset.name!r} can be read. Check the paths.")
    if resizes:
        views = [tuple(prepared(blank(size), preparation).shape[:2] for size in sizes) for sizes in views]
        views = views_under_conditions(list(dict.fromkeys(views)), conditions)
    counts: dict[str, int] = {}
    reason = ""
    for sizes in views:
        try:
            layouts = grids(sizes)
        except ValueError as error:  # reported with the samples of such images
            reason = str(error)
            continue
        for tower, pictures in layouts.items():
            counts[tower] = max(counts.get(tower, 0), sum(map(prod, pictures)))
    if not counts:
        raise ValueError(f"no image of {dataset.name!r} can be read by this model. The last one: {reason}")
    return counts


def readable_views(dataset: Dataset, *, all_sizes: bool) -> list[Sizes]:
    """The distinct sizes of the images' pictures, or those of the first readable image of each number of pictures.

    Unreadable images are left out; they are reported when they are read.
    """
    found: dict[Sizes, None] = {}
    counted: set[int] = set()
    for image in dataset.images:
        if len(image.pictures) in counted and not all_sizes:
            continue
        try:
            found[tuple(picture.size() for picture in image.pictures)] = None
        except (OSError, ValueError):
            continue
        counted.add(len(image.pictures))
    return list(found)


def views_under_conditions(views: Sequence[Sizes], conditions: Sequence[Condition]) -> list[Sizes]:
    """The sizes that images with pictures of these sizes have under any condition."""
    resizing = [c for c in conditions if c != CLEAN and family_of(c).resizes]
    made = [resized(condition, sizes) for condition in resizing for sizes in views]
    if any(family_of(condition).needs_others for condition in conditions if condition != CLEAN):
        # pictures of any sizes can come together; the largest views are among those of equal pictures
        each = {size for sizes in views for size in sizes}
        made += [(size,) * len(sizes) for sizes in views if len(sizes) > 1 for size in each]
    return list(dict.fromkeys([*views, *(sizes for sizes in made if sizes is not None)]))


def resized(condition: Condition, sizes: Sizes) -> Sizes | None:
    """The sizes of pictures under a condition; None where that is undefined."""
    try:
        shapes = [apply(condition, blank(size), image_id="", seed=0).shape for size in sizes]
    except Skipped:
        return None
    return tuple((height, width) for height, width, _ in shapes)


def blank(size: Size) -> np.ndarray:
    """A grey picture of a size, (height, width, 3) uint8."""
    return np.full((*size, 3), 128, np.uint8)
