"""Who is near whom in two representations of the same samples: nearest neighbours by cosine.

Samples are rows, features last; sums are taken in float64.
"""

# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# array_api_compat's stubs leave some return types open.

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from .alignment import HELD, ROWS, defined_pairs, unit_vectors
from .precision import at_least_float32

TIE = 1e-12  # similarities that differ by less are of equal vectors, multiplied in another order


def neighbour_overlap(x: Any, y: Any, k: int, quantile: float) -> Any:
    """Share of each sample's k nearest others that x and y agree on: (sample, feature) twice -> (sample), in [0, 1].

    Nearest by cosine, after the features of x and of y are clipped to +- the `quantile` of their magnitudes. Others
    that are equally near at the k-th place share the places that are left, so that no order of samples decides. nan
    for an undefined sample, and for all where fewer than k + 1 are defined.
    """
    xp: Any = array_namespace(x, y)
    return neighbour_overlaps(x, xp.expand_dims(y, axis=0), k, quantile)[0, :]


def neighbour_overlaps(x: Any, views: Any, k: int, quantile: float) -> Any:
    """`neighbour_overlap` of x with several others: (sample, feature), (view, sample, feature) -> (view, sample)."""
    xp: Any = array_namespace(x, views)
    found: list[Any] = []
    whole: Nearest | None = None
    for place in range(views.shape[0]):
        y = views[place, ...]
        overlap, defined = xp.full(x.shape[0], xp.nan, dtype=xp.float64, device=device(x)), defined_pairs(x, y)
        count = int(xp.sum(xp.astype(defined, xp.int64)))
        if count > k:
            every = count == x.shape[0]
            left = whole if every and whole else Nearest.of(x[defined], k, quantile, count)
            whole = left if every else whole
            overlap[defined] = _shared(left, Nearest.of(y[defined], k, quantile, count))
        found.append(overlap)
    return xp.stack(found)


@dataclass(frozen=True)
class Nearest:
    """Who the k nearest of each sample are, of clipped states, all of them defined."""

    states: Any
    k: int
    count: int
    kept: dict[int, Any] = field(default_factory=dict[int, Any])

    @staticmethod
    def of(states: Any, k: int, quantile: float, count: int) -> "Nearest":
        """Of so many states (sample, feature), whose features are clipped to a quantile of their magnitudes."""
        return Nearest(clipped(states, quantile), k, count)

    def of_rows(self, start: int) -> Any:
        """(row, sample) `_membership` of `ROWS` samples; of few samples it is kept."""
        if start in self.kept:
            return self.kept[start]
        xp: Any = array_namespace(self.states)
        rows = xp.arange(start, min(start + ROWS, self.count), device=device(self.states))
        made = _membership(self.states, rows, self.k, self.count)
        if self.count <= HELD:
            self.kept[start] = made
        return made


def _shared(x: Nearest, y: Nearest) -> Any:
    # (sample)
    xp: Any = array_namespace(x.states)
    parts = range(0, x.count, ROWS)
    return xp.concat([xp.sum(xp.minimum(x.of_rows(start), y.of_rows(start)), axis=1) / x.k for start in parts])


def clipped(x: Any, quantile: float) -> Any:
    """Features held within +- the value at `quantile` of all magnitudes, sorted; 1 leaves them as they are."""
    xp: Any = array_namespace(x)
    if quantile == 1:
        return x
    x = at_least_float32(x)
    magnitudes = xp.reshape(xp.abs(x), (-1,))
    place = int(quantile * magnitudes.shape[0])
    limit = (np.partition(magnitudes, place) if isinstance(x, np.ndarray) else xp.sort(magnitudes))[place]
    return xp.minimum(xp.maximum(x, -limit), limit)


def _membership(x: Any, rows: Any, k: int, count: int) -> Any:
    # (sample, feature) -> (row, sample): 1 for a nearest neighbour, 0 for none, between for one of several at a tie
    xp: Any = array_namespace(x)
    own = unit_vectors(x[int(rows[0]) : int(rows[-1]) + 1])
    parts = (unit_vectors(x[start : start + ROWS]) for start in range(0, count, ROWS))
    similarity = xp.concat([own @ part.T for part in parts], axis=1)
    itself = rows[:, None] == xp.arange(count, device=device(x))[None, :]
    similarity = xp.where(itself, -xp.inf, similarity)
    last = _kth_largest(similarity, k)
    nearer = similarity > last + TIE
    tied = xp.astype((similarity >= last - TIE) & ~nearer, xp.float64)
    nearer = xp.astype(nearer, xp.float64)
    left = k - xp.sum(nearer, axis=1, keepdims=True)
    among = xp.sum(tied, axis=1, keepdims=True)
    # clipping to 0 leaves no direction, and then nothing is near
    return nearer + tied * left / xp.where(among > 0, among, xp.nan)


def _kth_largest(values: Any, k: int) -> Any:
    if isinstance(values, np.ndarray):
        place = values.shape[1] - k
        return np.partition(values, place, axis=1)[:, place : place + 1]
    return array_namespace(values).sort(values, axis=1, descending=True)[:, k - 1 : k]
