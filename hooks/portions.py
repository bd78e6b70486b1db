"""Which sequences go through the model together.

Padding is masked, so sequences of any length share a batch. But a layer with a sliding window counts slots, and padding
between tokens pushes real ones out of its sight: where sequences outgrow such a window, only equal lengths go together.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from math import inf
from typing import Any, TypeVar

Item = TypeVar("Item")


def narrowest(cache: Any) -> float:
    """How many slots the model looks back over in its narrowest layer; infinite where each sees all."""
    windows = [layer.sliding_window for layer in cache.layers if getattr(layer, "is_sliding", False)]
    return min(windows, default=inf)


def portions(items: Sequence[Item], most: int, *, length: Callable[[Item], int] | None = None) -> Iterator[list[Item]]:
    """Items in lists of at most `most`; given their `length`, longest first and only equal ones in a list.

    >>> list(portions(["a", "bb", "cc", "d"], 3, length=len))
    [['bb', 'cc'], ['a', 'd']]
    """
    groups = [items] if length is None else _alike(items, length)
    for group in groups:
        for start in range(0, len(group), most):
            yield list(group[start : start + most])


def _alike(items: Sequence[Item], length: Callable[[Item], int]) -> list[list[Item]]:
    return [list(group) for _, group in groupby(sorted(items, key=length, reverse=True), key=length)]
