"""How the pairs (sample, condition) of one family of perturbations become one number.

First the conditions of each sample are put together (`collapse`), then the samples (`statistic`). Definitions, sections
4, 5 and 15.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb as binomial  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from ..kernels.blas import one_thread
from .resampling import Floats, cohen_d, mean, percent, ratio

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Collapsed:
    """What the pairs of each family come to, an entry a sample: (sample, ..., family) each.

    `arrays` are what the statistic takes; `defined` and `undefined` count pairs (trials, of a share).
    """

    arrays: tuple[Floats, ...]
    defined: Counts
    undefined: Counts


@dataclass(frozen=True)
class Reduction:
    """From the pairs of a family to a number.

    `collapse(members, *arrays)`: members (family, condition), 1 where a family holds a condition, and arrays (sample,
    condition, ...) of equal or single lengths, of which one without conditions has a single one, -> an entry a sample
    and family. `statistic`: of the collapsed arrays, such as `resampling.mean`, or any function of them. `is_share`:
    whether the number is a share of trials, which carries Wilson's interval (`rates`). `pooled`: every pair is an entry
    of its own, and images are still drawn whole; then the arrays stay as they are.
    """

    collapse: Callable[..., Collapsed]
    statistic: Callable[..., Any]
    is_share: bool = False
    pooled: bool = False


def over_families(members: Floats, values: Floats) -> Floats:
    """Sums over the conditions of each family: members (family, condition), values (sample, condition, ...), no nan.

    Out: (sample, ..., family).

    >>> over_families(np.array([[1.0, 1.0, 0.0]]), np.array([[1.0, 2.0, np.inf]]))
    array([[3.]])
    """
    if np.isfinite(values).all():
        with one_thread():
            return np.tensordot(values, members, axes=([1], [1]))
    # an infinite value must not reach the families that do not hold it: 0 x inf is undefined
    sums = [values[:, held > 0].sum(axis=1) for held in members]
    return np.stack(sums, axis=-1)


def pooled(statistic: Callable[..., Any]) -> Reduction:
    """A reduction of all pairs at once, such as a median or a calibration error; each pair weighs the same.

    >>> from analyses.statistics import by_family, median
    >>> float(by_family(pooled(median), np.array([[1.0, 2.0, 6.0]]), family=["a"] * 3, image=["i"]).value[0, 0])
    2.0
    """
    return Reduction(_as_they_are, statistic, pooled=True)


def comb(n: Floats, k: int) -> Floats:
    """Ways to choose k of n, for each n; 0 where k > n.

    >>> comb(np.array([1.0, 4.0]), 2)
    array([0., 6.])
    """
    return np.asarray(binomial(n, k), np.float64)


def sample_means(members: Floats, pairs: Floats) -> Floats:
    """(sample, ..., family) mean over the defined conditions of each family; nan where there is none."""
    known = ~np.isnan(pairs)
    count = over_families(members, known.astype(np.float64))
    return over_families(members, np.where(known, pairs, 0.0)) / np.where(count > 0, count, np.nan)


def _counts(members: Floats, known: NDArray[np.bool_]) -> tuple[Counts, Counts]:
    """How many conditions of each family are defined, and how many are not."""
    defined = over_families(members, known.astype(np.float64))
    undefined = over_families(members, (~known).astype(np.float64))
    return np.rint(defined).astype(np.int64), np.rint(undefined).astype(np.int64)


def _means(members: Floats, pairs: Floats, *beside: Floats) -> Collapsed:
    means = sample_means(members, pairs)
    others = tuple(np.broadcast_to(array[:, 0][..., None], means.shape) for array in beside)  # one for all families
    return Collapsed((means, *others), *_counts(members, ~np.isnan(pairs)))


def _totals(members: Floats, cases: Floats, trials: Floats | None = None) -> Collapsed:
    if trials is None:
        trials = (~np.isnan(cases)).astype(np.float64)
        missing = np.isnan(cases)
    else:
        cases, trials = np.broadcast_arrays(cases, trials)
        missing = np.isnan(cases) | np.isnan(trials)
    known = ~(np.isnan(cases) | np.isnan(trials))
    happened, tried = (over_families(members, np.where(known, part, 0.0)) for part in (cases, trials))
    return Collapsed((happened, tried), tried.astype(np.int64), _counts(members, ~missing)[1])


def _sums(members: Floats, above: Floats, below: Floats) -> Collapsed:
    above, below = np.broadcast_arrays(above, below)
    known = ~(np.isnan(above) | np.isnan(below))
    sums = tuple(over_families(members, np.where(known, part, 0.0)) for part in (above, below))
    return Collapsed(sums, *_counts(members, known))


def _ever(members: Floats, happened: Floats) -> Collapsed:
    defined, undefined = _counts(members, ~np.isnan(happened))
    times = over_families(members, (np.nan_to_num(happened) > 0).astype(np.float64))
    return Collapsed((np.where(defined > 0, (times > 0.5).astype(np.float64), np.nan),), defined, undefined)


def _as_they_are(members: Floats, *pairs: Floats) -> Collapsed:
    pairs = tuple(np.broadcast_arrays(*pairs))
    known = np.logical_and.reduce([~np.isnan(array) for array in pairs])
    return Collapsed(pairs, *_counts(members, known))


MEAN = Reduction(_means, mean)
"""The mean over samples of each sample's mean over the family's conditions."""

SHARE = Reduction(_totals, ratio, is_share=True)
"""Cases over trials, summed over all pairs: of 0/1 pairs, nan where there is no trial, or of cases and trials apart."""

RATIO = Reduction(_sums, ratio)
"""The sum of the one over the sum of the other over all pairs, such as F1 or a weighted mean; a percentile interval."""

EVER = Reduction(_ever, mean, is_share=True)
"""The share of samples in which something happens under at least one condition of the family, of those defined."""


def ever_among(count: int) -> Reduction:
    """The share of samples in which something happens under at least one of `count` conditions drawn at random.

    1 - C(n - f, k) / C(n, k) of a sample with f of its n defined conditions, averaged over the samples that have k: of
    families that differ in their number of conditions, it compares like with like (IV@k). Raises ValueError below 1.

    >>> from analyses.statistics import by_family
    >>> flipped = np.array([[1.0, 0.0, 0.0]])   # of three pairs of conditions two hold the first
    >>> float(by_family(ever_among(2), flipped, family=["a"] * 3, image=["i"]).value[0, 0].round(3))
    0.667
    """
    if count < 1:
        raise ValueError(f"count={count}: at least one condition is drawn.")

    def collapse(members: Floats, happened: Floats) -> Collapsed:
        defined, undefined = _counts(members, ~np.isnan(happened))
        times = np.rint(over_families(members, (np.nan_to_num(happened) > 0).astype(np.float64)))
        enough = np.where(defined >= count, comb(defined.astype(np.float64), count), np.nan)
        return Collapsed((1.0 - comb((defined - times).astype(np.float64), count) / enough,), defined, undefined)

    return Reduction(collapse, mean, is_share=True)


PERCENT = Reduction(_means, percent)
"""Drift (sample, condition, ...) in % of its control (sample, ...): 100 mean(drift) / mean(control)."""

COHEN_D = Reduction(_means, cohen_d)
"""Drift minus control in pooled standard deviations."""
