"""The bootstrap by image, and the statistics that it resamples fast.

Samples and conditions of one image are not independent, so whole images are drawn. A `Statistic` is a function of sums
over samples; then a resample is a weighting of the images' sums, and thousands of them are one matrix product.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.sparse import csr_array  # pyright: ignore[reportMissingTypeStubs]

from .. import labels
from ..kernels.blas import one_thread
from ..labels import Array

Floats = NDArray[np.float64]
Counts = NDArray[np.uint8] | NDArray[np.uint16]

BOUNDS = ("estimate", "low", "high")
"""What an interval is made of, in this order, wherever it lies along a dimension `bound`."""

ROWS = 256  # resamples weighed at once, of so many images at most that
WEIGHTS = 2**22  # numbers of draws are held: 32 MB

KEPT = 2**25
"""Numbers of draws that are kept from one statistic to the next, in a byte each: 2,000 of 16,000 images."""

CELLS = 2**17
"""Values of which moments are made at once: of a calibration error there are 45 a value, which makes 47 MB."""


@dataclass(frozen=True)
class Statistic:
    """A statistic that depends on its samples through sums alone; call it on arrays with a leading sample axis.

    `moments` maps arrays (sample, ...) to rows (sample, ..., moment) that add up over samples; `value` maps their sums
    (..., moment) to the statistic (...). Undefined entries (nan) add nothing to any moment.
    """

    name: str
    moments: Callable[..., Floats]
    value: Callable[[Floats], Floats]

    def __call__(self, *arrays: Array) -> Any:
        return self.value(self.moments(*(np.asarray(array, np.float64) for array in arrays)).sum(axis=0))

    def redrawn(
        self, values: list[Floats], codes: NDArray[np.intp], clusters: int, resamples: int, seed: int
    ) -> tuple[Floats, Floats]:
        """(...) and (draw, ...) of arrays (sample, ...) whose samples lie in the clusters `codes`."""
        sums = moment_sums(self, values, codes, clusters)
        return self.value(sums.sum(axis=0)), self.value(weighed(sums, resamples, seed))


def bootstrap(
    statistic: Callable[..., Any],
    *arrays: Array,
    cluster: Any,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[Any, Any, Any]:
    """Percentile interval of a statistic when whole clusters (images) are drawn again.

    In: arrays (sample, ...), `cluster` the image of each sample (or the name of that coordinate); `statistic` one of
    `mean`, `ratio`, `percent`, `cohen_d`, `median`, which are fast, or any function of the resampled arrays (its own
    nan rule applies), which is called once per resample. Out: (estimate, low, high), each of the statistic's shape and
    unit. A resample with an undefined value is left out; low and high are nan where the estimate is, or with a single
    cluster. Results do not depend on the order of the samples beyond rounding. Raises ValueError where lengths or
    labels differ.
    Source: Field & Welsh 2007, cluster bootstrap.

    >>> estimate, low, high = bootstrap(mean, np.array([0.0, 1.0, 1.0, 2.0]), cluster=["a", "a", "b", "b"])
    >>> float(estimate), float(low), float(high)   # images a and b have means 0.5 and 1.5
    (1.0, 0.5, 1.5)
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a confidence level lies between 0 and 1, such as 0.95.")
    if not arrays:
        raise ValueError("bootstrap of no arrays: pass the data after the statistic.")
    values, groups = _bare(arrays, cluster)
    estimate, drawn = redrawn(statistic, values, groups, resamples, seed)
    bounds = np.moveaxis(percentiles(estimate, drawn, level), -1, 0)
    estimate, low, high = (_relabelled(bound, arrays[0]) for bound in bounds)
    return estimate, low, high


def redrawn(
    statistic: Callable[..., Any], values: list[Floats], groups: NDArray[Any], resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """A statistic of bare arrays (sample, ...), and of each set of clusters that is drawn: (...), (draw, ...).

    The draws of a single cluster are nan. Equal clusters and seed draw the same clusters, so that draws of two
    statistics belong together.
    """
    names, codes = np.unique(groups, return_inverse=True)
    redraw = getattr(statistic, "redrawn", None) or partial(_recomputed, statistic)
    estimate, drawn = redraw(values, codes.reshape(-1), len(names), resamples, seed)
    return estimate, drawn if len(names) > 1 else np.full_like(drawn, np.nan)


def _mean_moments(x: Floats) -> Floats:
    defined = ~np.isnan(x)
    return np.stack([defined, np.where(defined, x, 0.0)], axis=-1)


def _ratio_moments(numerator: Floats, denominator: Floats) -> Floats:
    defined = ~(np.isnan(numerator) | np.isnan(denominator))
    return np.stack([np.where(defined, denominator, 0.0), np.where(defined, numerator, 0.0)], axis=-1)


def _percent_moments(drift: Floats, control: Floats) -> Floats:
    drift, control = _of_same_samples(drift, control)
    return np.concatenate([_mean_moments(drift), _mean_moments(control)], axis=-1)


def _cohen_moments(drift: Floats, control: Floats) -> Floats:
    drift, control = _of_same_samples(drift, control)
    centres = [mean(drift), mean(control)]
    # each group about its own mean, or the squares would cancel; the distance of the means travels along
    parts = [_mean_moments(x - centre) for x, centre in zip((drift, control), centres, strict=True)]
    squares = [part[..., 1:] ** 2 for part in parts]
    apart = parts[0][..., :1] * np.nan_to_num(centres[0] - centres[1])[..., None]
    return np.concatenate([parts[0], squares[0], parts[1], squares[1], apart], axis=-1)


def _of_same_samples(drift: Floats, control: Floats) -> tuple[Floats, Floats]:
    control = labels.repeated(control, drift, "control", "drift").astype(np.float64)
    both = ~(np.isnan(drift) | np.isnan(control))
    return np.where(both, drift, np.nan), np.where(both, control, np.nan)


def _quotient(numerator: Floats, denominator: Floats) -> Floats:
    return numerator / np.where(denominator > 0, denominator, np.nan)


def _cohen_value(sums: Floats) -> Floats:
    count, total, square, count_c, total_c, square_c, apart = np.moveaxis(sums, -1, 0)
    difference = _quotient(total, count) - _quotient(total_c, count_c) + _quotient(apart, count)
    scatter = np.zeros_like(count)
    for n, s, q in ((count, total, square), (count_c, total_c, square_c)):
        about_mean = q - s * _quotient(s, n)
        scatter = scatter + np.where(about_mean > 1e-12 * q, about_mean, 0.0)  # below: rounding of equal values
    return difference / np.sqrt(_quotient(np.where(scatter > 0, scatter, np.nan), count + count_c - 2))


mean = Statistic("mean", _mean_moments, lambda sums: _quotient(sums[..., 1], sums[..., 0]))
"""Mean of the defined values of one array."""

ratio = Statistic("ratio", _ratio_moments, lambda sums: _quotient(sums[..., 1], sums[..., 0]))
"""Sum of the first array over the sum of the second: rates over a varying number of pairs a sample."""

percent = Statistic(
    "percent",
    _percent_moments,
    lambda sums: 100.0 * _quotient(_quotient(sums[..., 1], sums[..., 0]), _quotient(sums[..., 3], sums[..., 2])),
)
"""100 * mean(drift) / mean(control), over the samples that have both."""

cohen_d = Statistic("cohen_d", _cohen_moments, _cohen_value)
"""(mean(drift) - mean(control)) / pooled sd (ddof = 1), over the samples that have both."""


def draws(clusters: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each cluster is drawn, (resample, cluster), in blocks of resamples; the same in whatever blocks."""
    made = all_draws(clusters, resamples, seed) if clusters * resamples <= KEPT else None
    step = max(1, min(ROWS, WEIGHTS // max(1, clusters)))
    if made is None:
        yield from (counts.astype(np.float64) for counts in _drawn(clusters, resamples, seed, step))
        return
    for start in range(0, resamples, step):
        yield made[start : start + step].astype(np.float64)


def all_draws(clusters: int, resamples: int, seed: int) -> Counts:
    """As `draws`, all at once, in an eighth of the memory where no cluster is drawn more than 255 times; read only."""
    return (_kept_draws if clusters * resamples <= KEPT else _all_draws)(clusters, resamples, seed)


def _all_draws(clusters: int, resamples: int, seed: int) -> Counts:
    counts: NDArray[Any] = np.empty((resamples, clusters), np.uint8)
    start = 0
    for rows in _drawn(clusters, resamples, seed, max(1, min(ROWS, WEIGHTS // max(1, clusters)))):
        counts = counts.astype(np.uint16) if rows.max(initial=0) > np.iinfo(counts.dtype).max else counts
        counts[start : start + len(rows)] = rows
        start += len(rows)
    counts.flags.writeable = False
    return counts


_kept_draws = lru_cache(maxsize=2)(_all_draws)  # the analyses of a run draw the same images again and again


def _drawn(clusters: int, resamples: int, seed: int, step: int) -> Iterator[NDArray[np.intp]]:
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = generator.integers(clusters, size=(rows, clusters), dtype=np.int64)
        drawn += clusters * np.arange(rows)[:, None]
        yield np.bincount(drawn.reshape(-1), minlength=rows * clusters).reshape(rows, clusters)


def weighed(sums: Floats, resamples: int, seed: int) -> Floats:
    """Sums of clusters (cluster, ...) over each set of clusters that is drawn: (draw, ...)."""
    flat = sums.reshape(len(sums), -1)
    # what is the same in all clusters, as numbers of questions are, is so in all draws
    drawn = np.tile(len(flat) * flat[:1].sum(axis=0), (resamples, 1))
    moving = np.flatnonzero((flat != flat[:1]).any(axis=0))
    if not moving.size:
        return drawn.reshape(resamples, *sums.shape[1:])
    chosen, start = np.ascontiguousarray(flat[:, moving]), 0
    with one_thread():
        for weights in draws(len(sums), resamples, seed):
            drawn[start : start + len(weights), moving] = weights @ chosen
            start += len(weights)
    return drawn.reshape(resamples, *sums.shape[1:])


def cluster_sums(rows: Floats, codes: NDArray[np.intp], clusters: int) -> Floats:
    """Sums of rows (sample, ...) over the samples of each cluster: (cluster, ...)."""
    chosen = csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(clusters, len(codes)))
    flat: Floats = chosen @ rows.reshape(len(codes), -1)
    return flat.reshape(clusters, *rows.shape[1:])


def moment_sums(
    statistic: Statistic, values: Sequence[Any], codes: NDArray[np.intp], clusters: int, *, cells: int = CELLS
) -> Floats:
    """Sums of a statistic's moments over the samples of each cluster, (cluster, ..., moment).

    Of arrays (sample, ...), or of labelled ones in files, which are read `cells` values at a time.
    """
    rows = len(codes)
    step = max(1, cells * rows // max(1, values[0].size))
    sums: Floats | None = None
    for start in range(0, max(1, rows), step):  # once for no rows, too
        some = slice(start, start + step)
        made = statistic.moments(*(_read(array[some]) for array in values))
        own = cluster_sums(made, codes[some], clusters)
        sums = own if sums is None else sums + own
    assert sums is not None
    return sums


def _read(array: Any) -> Floats:
    if isinstance(array, xr.DataArray):
        array = array.compute(scheduler="synchronous")  # several threads would hold a chunk each
    return np.asarray(array, np.float64)


def _recomputed(
    statistic: Callable[..., Any],
    values: list[Floats],
    codes: NDArray[np.intp],
    clusters: int,
    resamples: int,
    seed: int,
) -> tuple[Floats, Floats]:
    everyone = np.arange(len(codes))
    results: list[Any] = []
    for weights in draws(clusters, resamples, seed):
        for row in weights.astype(np.int64):
            index = np.repeat(everyone, row[codes])
            results.append(statistic(*(array[index] for array in values)))
    return np.asarray(statistic(*values), np.float64), np.asarray(results, np.float64)


def percentiles(estimate: Floats, drawn: Floats, level: float) -> Floats:
    """Estimate and percentile interval of its draws: (...) and (draw, ...) -> (..., 3).

    Undefined draws are left out; low and high are nan where the estimate is or no draw is defined.
    """
    flat = drawn.reshape(len(drawn), -1)
    bounds = np.full((flat.shape[1], 3), np.nan)
    bounds[:, 0] = np.reshape(estimate, -1)
    orders = [(1 - level) / 2, (1 + level) / 2]
    known = np.isfinite(flat)
    told = np.isfinite(bounds[:, 0]) & known.any(axis=0)
    whole = told & known.all(axis=0)
    if whole.any():
        bounds[whole, 1:] = np.quantile(flat[:, whole], orders, axis=0).T
    for place in np.flatnonzero(told & ~whole):
        bounds[place, 1:] = np.quantile(flat[known[:, place], place], orders)
    return bounds.reshape(*np.shape(estimate), 3)


def _bare(arrays: tuple[Array, ...], cluster: Any) -> tuple[list[Floats], NDArray[Any]]:
    if labels.labelled(**{f"array {place}": array for place, array in enumerate(arrays)}):
        first = arrays[0]
        cluster = first[cluster] if isinstance(cluster, str) else cluster
        arrays = tuple(labels.aligned(**{f"array {place}": array for place, array in enumerate(arrays)}))
        arrays = tuple(array.transpose(*(dim for dim in first.dims if dim in array.dims), ...) for array in arrays)
    groups = labels.texts(cluster).reshape(-1)
    values = [np.asarray(array, np.float64) for array in arrays]
    for place, array in enumerate(values):
        if array.ndim == 0 or len(array) != len(groups):
            raise ValueError(f"array {place} has shape {array.shape} and there are {len(groups)} cluster labels.")
    if not len(groups):
        raise ValueError("bootstrap of no samples: nothing to draw from.")
    return values, groups


def _relabelled(result: Floats, like: Array) -> Any:
    if isinstance(like, xr.DataArray) and result.shape == like.shape[1:]:
        return like.isel({like.dims[0]: 0}, drop=True).copy(deep=False, data=result)
    return result
