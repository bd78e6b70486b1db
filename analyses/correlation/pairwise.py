"""Correlation of pairs on bare arrays, pairs last: its value, its bootstrap and its permutation test.

Both repeat a correlation thousands of times, so both are written for many weightings or orders at once. A weight says
how often a pair was drawn: 1 is once, 0 leaves it out. Pairs with an undefined side are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import permutations as orders
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.blas import one_thread
from ..labels import texts
from ..statistics.resampling import ROWS, WEIGHTS, Floats, draws, percentiles
from .units import expanded

LEAST = 3  # pairs; any two lie on a line
EXACT = 8  # pairs; 8! = 40,320 orders are tried one by one
FLAT = 1e-13  # a spread below this share of the values is rounding, as scipy holds it too
TIE = 1e-12  # correlations that differ by less are the same one, summed in another order
CONDITIONS = 1  # the stream of random numbers of conditions, which are drawn beside images


def pearson(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Product-moment correlation of weighted pairs: (..., pair), three arrays that broadcast -> (...)."""
    dx, dy = (_standard(values, weight) for values in (x, y))
    return np.clip((weight * dx * dy).sum(axis=-1), -1.0, 1.0)


def spearman(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Rank correlation of pairs that are drawn `weight` times: (pair), (pair), (..., pair) -> (...)."""
    return pearson(_weighted_ranks(x, weight), _weighted_ranks(y, weight), weight)


METHODS: Mapping[str, Callable[[Floats, Floats, Floats], Floats]] = {"pearson": pearson, "spearman": spearman}
"""The two correlations, by name."""


def require_method(method: str) -> None:
    """ValueError for a name that is no correlation."""
    if method not in METHODS:
        raise ValueError(f"method={method!r}: unknown. Choose one of {', '.join(METHODS)}.")


def finite(x: Any, y: Any) -> tuple[Floats, Floats]:
    """Both sides in float64 and of one shape, nan where either side of the pair is undefined or infinite."""
    x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    defined = np.isfinite(x) & np.isfinite(y)
    return np.where(defined, x, np.nan), np.where(defined, y, np.nan)


def count(x: Any, y: Any) -> NDArray[np.int64]:
    """Number of defined pairs: (..., pair) twice -> (...)."""
    return (~np.isnan(finite(x, y)[0])).sum(axis=-1)


def correlations(method: str, x: Any, y: Any) -> Floats:
    """Correlation of each row of pairs: (..., pair) twice -> (...); nan below three pairs and where a side is flat."""
    x, y = finite(x, y)
    weight = (~np.isnan(x)).astype(np.float64)
    if method == "spearman":
        x, y = _ranks(x), _ranks(y)
    return np.where(weight.sum(axis=-1) >= LEAST, pearson(np.nan_to_num(x), np.nan_to_num(y), weight), np.nan)


def intervals(
    method: str, x: Any, y: Any, cluster: NDArray[Any] | None, *, resamples: int, seed: int, level: float
) -> Floats:
    """Correlation and its interval, percentiles expanded, when pairs are drawn again: (..., pair) twice -> (..., 3).

    `cluster` names what each pair is drawn with; without it each pair is drawn for itself.
    """
    x, y = finite(x, y)
    estimate = correlations(method, x, y)
    result = np.full((*estimate.shape, 3), np.nan)
    for place in np.ndindex(estimate.shape):
        drawn, units = _resamples(method, x[place], y[place], cluster, resamples, seed)
        result[place] = _interval(estimate[place], drawn, level, units)
    return result


def redrawn(method: str, x: Any, y: Any, drawn_x: Any, drawn_y: Any, *, seed: int, level: float) -> Floats:
    """Correlation of numbers that are made from images, and its interval when both pairs and images are drawn again.

    In: (..., pair) twice, and the numbers of each set of images, (draw, ..., pair) twice. Each draw correlates a set of
    pairs that is drawn for it, with that draw's numbers. Out: (..., 3).
    """
    x, y = finite(x, y)
    drawn_x, drawn_y = finite(drawn_x, drawn_y)
    estimate = correlations(method, x, y)
    result = np.full((*estimate.shape, 3), np.nan)
    stream = int(np.random.SeedSequence((seed, CONDITIONS)).generate_state(1)[0])
    for place in np.ndindex(estimate.shape):
        defined = ~np.isnan(x[place])
        units = int(defined.sum())
        if units < LEAST:
            continue
        rows = [np.vstack([one[place], many[:, *place]])[:, defined] for one, many in ((x, drawn_x), (y, drawn_y))]
        order = np.lexsort(np.vstack(rows)[::-1])  # by value: the order in which the pairs came must not matter
        a, b = (row[1:, order] for row in rows)
        chosen = np.concatenate([_drawn_places(times) for times in draws(units, len(a), stream)])
        values = correlations(method, *(np.take_along_axis(side, chosen, axis=1) for side in (a, b)))
        result[place] = _interval(estimate[place], values, level, units)
    return result


def p_values(method: str, x: Any, y: Any, *, permutations: int, seed: int) -> Floats:
    """Share of the orders of y that correlate with x at least as strongly, either way: (..., pair) twice -> (...).

    All orders of up to `EXACT` pairs, else `permutations` random ones with the given one counted in. nan where the
    correlation is.
    """
    x, y = finite(x, y)
    pairs = count(x, y)
    result = np.full(pairs.shape, np.nan)
    for size in np.unique(pairs[pairs >= LEAST]).tolist():  # rows of one size share the orders that are drawn
        rows = [_standard_pairs(method, x[tuple(place)], y[tuple(place)]) for place in np.argwhere(pairs == size)]
        result[pairs == size] = _extreme_shares(np.array(rows), permutations, seed)
    return result


def _interval(estimate: Floats, drawn: Floats, level: float, units: int) -> Floats:
    level = expanded(level, units)
    return percentiles(estimate, drawn if level > 0 else np.full_like(drawn, np.nan), level)


def _drawn_places(times: Floats) -> NDArray[np.intp]:
    # how often each of n is drawn, (draw, n) -> which ones, (draw, n)
    rows, count = times.shape
    return np.repeat(np.tile(np.arange(count, dtype=np.intp), rows), times.astype(np.intp).reshape(-1)).reshape(
        rows, count
    )


def _resamples(
    method: str, x: Floats, y: Floats, cluster: NDArray[Any] | None, resamples: int, seed: int
) -> tuple[Floats, int]:
    # the correlation of each draw, and the number of units that are drawn
    defined = ~np.isnan(x)
    x, y = x[defined], y[defined]
    if cluster is None:
        order = np.lexsort((y, x))  # by value: the order in which the pairs came must not matter
        x, y = x[order], y[order]
        codes = np.arange(len(x))
    else:
        codes = np.unique(texts(cluster[defined]), return_inverse=True)[1].reshape(-1)
    clusters = int(codes.max(initial=-1)) + 1
    if clusters < 2:
        return np.full(resamples, np.nan), clusters
    drawn = (weights[:, codes] for weights in draws(clusters, resamples, seed))
    values = [np.where(weight.sum(axis=-1) >= LEAST, METHODS[method](x, y, weight), np.nan) for weight in drawn]
    return np.concatenate(values), clusters


def _standard_pairs(method: str, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    defined = ~np.isnan(x)
    order = np.lexsort((y[defined], x[defined]))  # by value, as for the draws
    x, y = x[defined][order], y[defined][order]
    if method == "spearman":
        x, y = _ranks(x), _ranks(y)
    weight = np.ones(len(x))
    return _standard(x, weight), _standard(y, weight)


@one_thread()
def _extreme_shares(rows: Floats, permutations: int, seed: int) -> Floats:
    # (row, side, pair) -> (row)
    dx, dy = rows[:, 0], rows[:, 1]
    observed = np.abs((dx * dy).sum(axis=-1))
    extreme, tried = np.zeros(len(rows)), 0
    for drawn in _orders(rows.shape[-1], permutations, seed):
        tried += len(drawn)
        for row, least in enumerate(observed - TIE):
            extreme[row] += (np.abs(dy[row][drawn] @ dx[row]) >= least).sum()
    share = extreme / tried if rows.shape[-1] <= EXACT else (extreme + 1) / (tried + 1)
    return np.where(np.isnan(observed), np.nan, share)


def _standard(values: Floats, weight: Floats) -> Floats:
    # deviations from the mean, scaled to unit length; nan where they are no more than rounding
    total = weight.sum(axis=-1, keepdims=True)
    away = values - (weight * values).sum(axis=-1, keepdims=True) / np.where(total > 0, total, np.nan)
    spread = np.where(weight > 0, np.abs(away), 0.0).max(axis=-1, keepdims=True, initial=0.0)
    seen = np.where(weight > 0, np.abs(values), 0.0).max(axis=-1, keepdims=True, initial=0.0)
    away = away / np.where(spread > FLAT * seen, spread, np.nan)  # the squares of 1e200 overflow
    return away / np.sqrt((weight * away * away).sum(axis=-1, keepdims=True))


def _ranks(x: Floats) -> Floats:
    # from 1, equal values sharing their mean rank; nan stays nan
    from scipy.stats import rankdata  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]  # takes long to import

    return np.asarray(rankdata(x, axis=-1, nan_policy="omit"), np.float64) if x.size else x


def _weighted_ranks(x: Floats, weight: Floats) -> Floats:
    distinct, place = np.unique(x, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(distinct)))
    drawn = np.add.reduceat(weight[..., order], starts, axis=-1)  # (..., pair) -> (..., distinct value)
    return (np.cumsum(drawn, axis=-1) - drawn / 2)[..., place]  # from 1/2: a correlation ignores the offset


def _orders(pairs: int, permutations: int, seed: int) -> Iterator[NDArray[np.intp]]:
    if pairs <= EXACT:
        yield np.array(list(orders(range(pairs))), np.intp)
        return
    generator = np.random.default_rng(seed)
    step = max(1, min(ROWS, WEIGHTS // pairs))
    for start in range(0, permutations, step):
        rows = np.tile(np.arange(pairs), (min(step, permutations - start), 1))
        yield generator.permuted(rows, axis=1)
