"""How the pairs (sample, condition) of one family of perturbations become one number.

First the conditions of each sample are put together (`collapse`), then the samples (`statistic`). Definitions, sections
4, 5 and 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import comb as binomial  # pyright: ignore[reportMissingTypeStubs]

from .. import labels
from .resampling import Floats, cohen_d, mean, percent, ratio


@dataclass(frozen=True)
class Collapsed:
    """One family's pairs, an entry a sample: what the statistic takes, and how many pairs are defined and undefined."""

    arrays: tuple[xr.DataArray, ...]
    defined: xr.DataArray
    undefined: xr.DataArray


@dataclass(frozen=True)
class Reduction:
    """From the pairs of a family to a number.

    `collapse`: arrays (sample, condition, ...) of the family, and such as have no conditions, -> an entry a sample.
    `statistic`: of the collapsed arrays (sample, ...), such as `resampling.mean`, or any function of them. `is_share`:
    whether the number is a share of trials, which carries Wilson's interval (`rates`). `pooled`: every pair is an
    entry of its own, and images are still drawn whole.
    """

    collapse: Callable[..., Collapsed]
    statistic: Callable[..., Any]
    is_share: bool = False
    pooled: bool = False


def pooled(statistic: Callable[..., Any]) -> Reduction:
    """A reduction of all pairs at once, such as a median or a calibration error; each pair weighs the same.

    >>> from analyses.statistics import by_family
    >>> float(by_family(pooled(median), np.array([[1.0, 2.0, 6.0]]), family=["a"] * 3, image=["i"]).value[0, 0])
    2.0
    """
    return Reduction(_as_they_are, statistic, pooled=True)


def median(values: Floats) -> float:
    """Median of the defined values; nan where there is none.

    >>> median(np.array([3.0, np.nan, 1.0]))
    2.0
    """
    defined = values[~np.isnan(values)]
    return float(np.median(defined)) if len(defined) else float("nan")


def comb(n: xr.DataArray, k: int) -> xr.DataArray:
    """Ways to choose k of n, for each n; 0 where k > n.

    >>> comb(xr.DataArray([1, 4]), 2).values
    array([0., 6.])
    """
    return n.copy(data=np.asarray(binomial(n.values, k), np.float64))


def _means(pairs: xr.DataArray, *beside: xr.DataArray) -> Collapsed:
    known = pairs.notnull()
    return Collapsed((labels.mean(pairs, "condition"), *beside), known.sum("condition"), (~known).sum("condition"))


def _totals(cases: xr.DataArray, trials: xr.DataArray | None = None) -> Collapsed:
    tried = cases.notnull().astype(np.float64) if trials is None else trials
    known = cases.notnull() & tried.notnull()
    sums = [part.where(known, 0).sum("condition", dtype=np.float64) for part in (cases, tried)]
    undefined = cases.isnull() if trials is None else ~known
    return Collapsed((sums[0], sums[1]), sums[1].astype(np.int64), undefined.sum("condition"))


def _sums(above: xr.DataArray, below: xr.DataArray) -> Collapsed:
    known = above.notnull() & below.notnull()
    sums = [part.where(known, 0).sum("condition", dtype=np.float64) for part in (above, below)]
    return Collapsed((sums[0], sums[1]), known.sum("condition"), (~known).sum("condition"))


def _ever(happened: xr.DataArray) -> Collapsed:
    known = happened.notnull()
    ever = (happened.where(known, 0) > 0).any("condition").astype(np.float64).where(known.any("condition"))
    return Collapsed((ever,), known.sum("condition"), (~known).sum("condition"))


def _as_they_are(*pairs: xr.DataArray) -> Collapsed:
    known = pairs[0].notnull()
    for other in pairs[1:]:
        known = known & other.notnull()
    return Collapsed(pairs, known.sum("condition"), (~known).sum("condition"))


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

    def collapse(happened: xr.DataArray) -> Collapsed:
        known = happened.notnull()
        n, f = known.sum("condition"), (happened.where(known, 0) > 0).sum("condition")
        missed = comb(n - f, count) / comb(n, count).where(n >= count) if n.size else n.astype(np.float64)
        return Collapsed((1.0 - missed,), n, (~known).sum("condition"))

    return Reduction(collapse, mean, is_share=True)


PERCENT = Reduction(_means, percent)
"""Drift (sample, condition, ...) in % of its control (sample, ...): 100 mean(drift) / mean(control)."""

COHEN_D = Reduction(_means, cohen_d)
"""Drift minus control in pooled standard deviations."""
