"""Which sequences go through the model together.

Padding is masked, so sequences of any length share a batch. But a layer with a sliding window counts slots, and padding
between tokens pushes real ones out of its sight: where sequences outgrow such a window, only equal lengths go together.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from math import inf
from typing import Any, TypeVar

from .encoding import Row

Item = TypeVar("Item")


def smallest_window(cache: Any) -> float:
    """How many slots the model looks back over in the layer that looks back least; infinite where each sees all."""
    windows = [layer.sliding_window for layer in cache.layers if getattr(layer, "is_sliding", False)]
    return min(windows, default=inf)


def by_shape(made: Sequence[Row]) -> list[list[Row]]:
    """Rows grouped by shape, so that none needs padding: images by themselves first, then in first-seen order."""
    groups: dict[tuple, list[Row]] = {}
    for row in made:
        groups.setdefault(row.shape, []).append(row)
    return sorted(groups.values(), key=lambda group: bool(group[0].whole and group[0].questions))


def batches(items: Sequence[Item], most: int, *, length: Callable[[Item], int] | None = None) -> Iterator[list[Item]]:
    """Items in lists of at most `most`; given their `length`, longest first and only equal ones in a list.

    >>> list(batches(["a", "bb", "cc", "d"], 3, length=len))
    [['bb', 'cc'], ['a', 'd']]
    """
    groups = [items] if length is None else _alike(items, length)
    for group in groups:
        for start in range(0, len(group), most):
            yield list(group[start : start + most])


def _alike(items: Sequence[Item], length: Callable[[Item], int]) -> list[list[Item]]:
    return [list(group) for _, group in groupby(sorted(items, key=length, reverse=True), key=length)]
