"""Which sequences go through the model together.

Padding is masked, so sequences of any length share a batch. But a layer with a sliding window counts slots, and padding
between tokens pushes real ones out of the window: where sequences outgrow it, only equal lengths go together. Nor can a
layer leave padding out that reads the tokens one after another (linear attention, convolutions).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from math import inf
from typing import Any, TypeVar

from transformers import EncoderDecoderCache

from .encoding import Row

Item = TypeVar("Item")


def smallest_window(cache: Any) -> float:
    """The slots that the smallest attention window of the model covers; infinite where every layer attends to all.

    0 where a layer keeps a state that it changes with every slot, and in decoders beside an encoder, which count slots
    as positions.
    """
    if isinstance(cache, EncoderDecoderCache):
        return 0
    windows = [layer.sliding_window for layer in cache.layers if getattr(layer, "is_sliding", False)]
    return 0 if any(hasattr(layer, "conv_states") for layer in cache.layers) else min(windows, default=inf)


def by_shape(rows: Sequence[Row], *, alone: bool = False) -> list[list[Row]]:
    """Rows grouped by shape, so that none needs padding: images by themselves first, else in order.

    If `alone`, only rows of one view share a group.
    """
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        groups.setdefault((row.view if alone else None, *row.shape), []).append(row)
    return sorted(groups.values(), key=lambda group: bool(group[0].whole and group[0].questions))


def batches(items: Sequence[Item], most: int, *, length: Callable[[Item], int] | None = None) -> Iterator[list[Item]]:
    """Items in lists of at most `most`; given their `length`, longest first and only equal ones in a list.

    >>> list(batches(["a", "bb", "cc", "d"], 3, length=len))
    [['bb', 'cc'], ['a', 'd']]
    """
    groups = [items] if length is None else _equal_length(items, length)
    for group in groups:
        for start in range(0, len(group), most):
            yield list(group[start : start + most])


def _equal_length(items: Sequence[Item], length: Callable[[Item], int]) -> list[list[Item]]:
    return [list(group) for _, group in groupby(sorted(items, key=length, reverse=True), key=length)]
