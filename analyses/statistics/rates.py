"""Intervals of rates: shares of trials that come in clusters, at any number of images.

A percentile interval collapses where no trial or every trial is a case, and is too narrow for few images. Wilson's
interval does neither, once it knows how many independent trials the clustered ones are worth. Definitions, section 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# scipy has no types for distributions.

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from ..labels import texts
from .resampling import Floats, cluster_sums
from .significance import wilson

FEW = 20
"""Clusters below which a variance between them is known too badly to trust its usual degrees of freedom."""

ROUNDING = 1e-15  # of a variance, relative to that of one trial


def rate(
    cases: ArrayLike, trials: ArrayLike | None = None, *, cluster: Any, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """A rate, cases over trials, with Wilson's interval on the effective number of independent trials.

    n_eff = p (1 - p) / V (z / t)^2, with V the variance of p between clusters (images), z the normal and t Student's
    quantile at (clusters - 1) degrees; n_eff = the number of clusters where they do not differ (V = 0) or there is one.
    Where fewer than 20 clusters hold a case, or fewer than 20 a trial that is none, theirs is the number of degrees,
    for few events say little on how clusters differ; but clusters that have it in them count one trial each at least.
    In: cases (sample, ...), trials alike, by default one for every
    defined case; `cluster` names the image of each sample. Undefined entries (nan) are left out. Out: (estimate, low,
    high), each (...), in [0, 1]; nan without a trial. Raises ValueError where lengths differ.
    Source: Wilson 1927; Korn & Graubard 1998.

    >>> estimate, low, high = rate([0.0, 0.0, 0.0, 0.0], cluster=["a", "a", "b", "b"])   # worth two trials, not four
    >>> float(estimate), float(low), round(float(high), 3)
    (0.0, 0.0, 0.658)
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a confidence level lies between 0 and 1, such as 0.95.")
    counted = np.asarray(cases, np.float64)
    tried = (~np.isnan(counted)).astype(np.float64) if trials is None else np.asarray(trials, np.float64)
    names, codes = np.unique(texts(cluster), return_inverse=True)
    if counted.shape != tried.shape or len(counted) != len(codes.reshape(-1)):
        raise ValueError(f"cases {counted.shape}, trials {tried.shape}, {len(codes)} cluster labels: give one each.")
    known = ~(np.isnan(counted) | np.isnan(tried))
    sums = [cluster_sums(np.where(known, part, 0.0), codes.reshape(-1), len(names)) for part in (counted, tried)]
    return of_clusters(sums[0], sums[1], level=level)


def of_clusters(cases: Floats, trials: Floats, *, level: float) -> tuple[Floats, Floats, Floats]:
    """As `rate`, from the sums of each cluster: (cluster, ...) twice -> three times (...)."""
    clusters = (trials > 0).sum(axis=0).astype(np.float64)
    total = np.where(clusters > 0, trials.sum(axis=0), np.nan)
    share = cases.sum(axis=0) / total
    more = np.where(clusters > 1, clusters - 1, np.nan)
    variance = clusters / more * ((cases - share * trials) ** 2).sum(axis=0) / total**2
    return of_variance(share, variance, cases, trials, level=level)


def of_variance(
    share: Floats, variance: Floats, cases: Floats, trials: Floats, *, level: float
) -> tuple[Floats, Floats, Floats]:
    """As `of_clusters`, of a share whose variance is known otherwise, such as from a bootstrap: (...) four times.

    `cases` and `trials` (cluster, ...) say how many clusters there are, and how many hold a case.
    """
    clusters = (trials > 0).sum(axis=0).astype(np.float64)
    independent = share * (1 - share)
    informative = np.minimum((cases > 0).sum(axis=0), (cases < trials).sum(axis=0))
    differ = (variance > ROUNDING * independent) & (independent > 0)  # of 0 and 1 no variance tells a number
    worth = independent / np.where(differ, variance, np.nan)
    usual, few = (
        worth * _narrowed(degrees, level) for degrees in (clusters - 1, np.minimum(informative, clusters - 1))
    )
    few = np.maximum(few, np.minimum(usual, clusters))
    worth = np.where(differ, np.where(informative < FEW, few, usual), clusters)
    low, high = wilson(np.clip(share, 0.0, 1.0), worth, level=level)
    return share, low, high


def _narrowed(freedom: NDArray[Any], level: float) -> Floats:
    # (z / t)^2: what an unknown variance costs
    order = (1 + level) / 2
    quantile: Any = stdtrit(np.maximum(freedom, 1), order)
    return np.asarray((ndtri(order) / quantile) ** 2, np.float64)
