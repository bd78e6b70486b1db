"""Quantiles of samples, and of every set of clusters (images) that the bootstrap draws.

A quantile is no function of sums, but it need not be sorted anew in each draw either: the values are sorted once, and a
draw only says how often each counts. Nearly all draws have their quantile near that of all samples, so that values far
below it are counted by cluster, and only those of a window are looked through. Source: Field & Welsh 2007.
"""

# scipy's sparse arrays are untyped.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..kernels.blas import one_thread
from .resampling import Floats, all_draws

BLOCK = 64
"""Values that are looked through one by one, once it is known that a quantile lies among them."""

DRAWS = 256
"""Draws that are searched at once."""

SPREAD = 4.0
"""Half of a window's width in standard deviations of a share of clusters; draws outside of it are searched in all."""


@dataclass(frozen=True)
class Quantile:
    """A quantile of the defined values, linear between neighbours; call it on an array (sample), nan where it has none.

    >>> Quantile(0.5)(np.array([3.0, np.nan, 1.0]))
    2.0
    """

    order: float

    def __call__(self, values: Floats) -> float:
        defined = values[~np.isnan(values)]
        return float(np.quantile(defined, self.order)) if len(defined) else float("nan")

    def redrawn(
        self, values: list[Floats], codes: NDArray[np.intp], clusters: int, resamples: int, seed: int
    ) -> tuple[Floats, Floats]:
        """() and (draw) of one array (sample) whose samples lie in the clusters `codes`."""
        found = quantiles(values[0], codes, clusters, np.array([self.order]), resamples=resamples, seed=seed)
        return found.estimate[0], found.drawn[:, 0]


median = Quantile(0.5)
"""Median of the defined values of one array."""


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of values, (order), and in every set of clusters that is drawn, (draw, order)."""

    estimate: Floats
    drawn: Floats


def quantiles(
    values: Floats, cluster: NDArray[np.intp], clusters: int, orders: Floats, *, resamples: int, seed: int
) -> Quantiles:
    """Quantiles of all values (sample), each drawn with its cluster: `cluster` (sample) of 0 to `clusters` - 1.

    As numpy's quantile, linear between neighbours, of the values repeated as often as their cluster is drawn; nan where
    there is none. Undefined values are left out.

    >>> found = quantiles(np.array([1.0, 3.0]), np.array([0, 1]), 2, np.array([0.5]), resamples=50, seed=0)
    >>> found.estimate.tolist(), sorted(set(found.drawn[:, 0].tolist()))
    ([2.0], [1.0, 2.0, 3.0])
    """
    defined = ~np.isnan(values)
    order = np.argsort(values[defined], kind="stable")
    ascending, codes = values[defined][order].astype(np.float64), cluster[defined][order]
    if not len(ascending):
        return Quantiles(np.full(len(orders), np.nan), np.full((resamples, len(orders)), np.nan))
    drawn = np.stack([_redrawn(ascending, codes, clusters, float(each), resamples, seed) for each in orders], axis=-1)
    return Quantiles(np.quantile(ascending, orders), drawn)


def _redrawn(values: Floats, codes: NDArray[np.intp], clusters: int, order: float, resamples: int, seed: int) -> Floats:
    """(draw) the quantile of one order, of ascending values: from a window, and where that is too narrow from all."""
    counts, count = all_draws(clusters, resamples, seed), len(values)
    half = SPREAD * np.sqrt(order * (1 - order) / clusters) + BLOCK / count
    first, last = (int(np.clip((order + side * half) * count, 0, count)) for side in (-1, 1))
    window, whole = Window.of(values, codes, clusters, first, last), None
    found: list[Floats] = []
    for start in range(0, resamples, DRAWS):
        weights = counts[start : start + DRAWS].astype(np.float64)
        part, known = window.quantile(weights, order)
        if not known.all():
            whole = whole or Window.of(values, codes, clusters, 0, count)
            part[~known] = whole.quantile(weights[~known], order)[0]
        found.append(part)
    return np.concatenate(found)


@dataclass(frozen=True)
class Window:
    """Some of the ascending values with their clusters, cut into blocks, and how many of each block a cluster has.

    `below` (cluster) counts the values under the window, `every` all values. A quantile of a draw is looked for among
    the blocks first, then inside one. Behind the last value, `values` and `codes` go on with as many as fill a block,
    of a cluster that nobody draws.
    """

    values: Floats
    codes: NDArray[np.intp]
    blocks: Any  # csr_array (block, cluster)
    below: Floats
    every: Floats

    @staticmethod
    def of(values: Floats, codes: NDArray[np.intp], clusters: int, first: int, last: int) -> "Window":
        """Of ascending values (sample) from one place to another."""
        inner, own = values[first:last], codes[first:last]
        missing = -len(inner) % BLOCK
        place = np.arange(len(inner)) // BLOCK
        blocks = csr_array((np.ones(len(inner)), (place, own)), shape=(-(-len(inner) // BLOCK), clusters))
        below, every = (np.bincount(some, minlength=clusters).astype(np.float64) for some in (codes[:first], codes))
        padded = np.append(inner, np.full(missing, np.nan))
        return Window(padded, np.append(own, np.full(missing, clusters)), blocks, below, every)

    @one_thread()
    def quantile(self, weights: Floats, order: float) -> tuple[Floats, NDArray[np.bool_]]:
        """(draw, cluster) whole numbers -> (draw) the quantile, and whether the window holds it; nan of no values."""
        total = weights @ self.every
        position = order * (total - 1)
        lower = np.floor(position)
        ranks = np.stack([lower, np.minimum(lower + 1, total - 1)], axis=-1)
        upto = np.cumsum(self.blocks @ weights.T, axis=0).T + (weights @ self.below)[:, None]  # (draw, block)
        end = upto[:, -1] if upto.shape[1] else np.zeros(len(weights))
        known = (total > 0) & (ranks[:, 0] >= weights @ self.below) & (ranks[:, 1] < end)
        result = np.full(len(weights), np.nan)
        if known.any():
            low, high = self._reached(weights[known], upto[known], ranks[known]).T
            result[known] = low + (position - lower)[known] * (high - low)
        return result, known | (total == 0)

    def _reached(self, weights: Floats, upto: Floats, ranks: Floats) -> Floats:
        """(draw, rank) the values with so many drawn ones below them, of (draw, block) drawn up to a block's end."""
        draw = np.arange(len(weights))[:, None]
        block = np.stack([(upto <= rank[:, None]).sum(axis=1) for rank in ranks.T], axis=-1)
        before = np.where(block > 0, upto[draw, block - 1], (weights @ self.below)[:, None])
        places = block[..., None] * BLOCK + np.arange(BLOCK)  # (draw, rank, value)
        drawn = np.append(weights, np.zeros((len(weights), 1)), axis=1)[draw[..., None], self.codes[places]]
        inside = ((np.cumsum(drawn, axis=-1) + before[..., None]) <= ranks[..., None]).sum(axis=-1)
        return self.values[block * BLOCK + inside]
