"""Tests and intervals that are not a bootstrap."""

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import false_discovery_control  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from ..labels import texts
from .resampling import Floats, cluster_sums

EXACT = 14  # 2**14 sign patterns are fewer than the default number of random ones is worth


def wilson(share: ArrayLike, count: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson score interval of a binomial share: (low, high) in [0, 1].

    In: the observed share and the number of independent trials, of one shape. nan where the share is nan or there is no
    trial. Right for few trials and for shares near 0 and 1, where the bootstrap collapses. Source: Wilson 1927.

    >>> low, high = wilson(0.0, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.0, 0.278)
    """
    p, n = np.asarray(share, np.float64), np.asarray(count, np.float64)
    n = np.where(n > 0, n, np.nan)
    z2 = NormalDist().inv_cdf((1 + level) / 2) ** 2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low, high = np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)
    return np.where(p == 0, n * 0.0, low), np.where(p == 1, n * 0.0 + 1.0, high)  # not a rounding beside them


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """p-values adjusted for the number of tests, controlling the share of false discoveries.

    adjusted_(i) = min over j >= i of m p_(j) / j, at most 1. In: p in [0, 1], any shape, taken as one set of tests.
    Out: the same shape. nan stays nan and does not count as a test. Raises ValueError for p outside [0, 1].
    Source: Benjamini & Hochberg 1995.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])   # 3 * 0.01 / 1; 3 * 0.04 / 3, twice
    array([0.03, 0.04, 0.04])
    """
    p = np.asarray(p_values, np.float64)
    defined = ~np.isnan(p)
    given = p[defined]
    if given.size and (given.min() < 0 or given.max() > 1):
        raise ValueError(f"p-values from {given.min()} to {given.max()}: they must lie in [0, 1].")
    result = np.full(p.shape, np.nan)
    result[defined] = false_discovery_control(given, method="bh") if given.size else given
    return result


def paired_permutation(
    first: ArrayLike, second: ArrayLike, *, cluster: Any, permutations: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Mean paired difference and its two-sided p-value when whole clusters (images) may swap sides.

    Under no difference either member of a pair could be the first, for all samples of an image at once, so the signs of
    the images' differences are flipped: all patterns for up to 14 images, else `permutations` random ones (the
    observed one counted in). In: two arrays (sample, ...) of one shape and the image of each sample. Out: (mean of
    first - second, p in (0, 1]). Pairs with a nan are left out; (nan, nan) where none remains. ValueError where shapes
    differ. Source: Good 2005.

    >>> difference, p = paired_permutation([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], cluster=["a", "b", "c"])
    >>> difference, p   # 2 of the 8 sign patterns are as extreme
    (2.0, 0.25)
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    names, codes = np.unique(texts(cluster), return_inverse=True)
    if a.shape != b.shape or len(a) != len(codes):
        raise ValueError(f"shapes {a.shape} and {b.shape} with {len(codes)} cluster labels: they must match.")
    difference = (a - b).reshape(len(a), -1)
    count = int((~np.isnan(difference)).sum())
    if not count:
        return float("nan"), float("nan")
    sums = cluster_sums(np.nansum(difference, axis=1), codes.reshape(-1), len(names))
    observed = sums.sum()
    extreme = np.abs(_signs(len(names), permutations, seed) @ sums) >= np.abs(observed) * (1 - 1e-12) - 1e-300
    exact = len(names) <= EXACT
    p = extreme.mean() if exact else (extreme.sum() + 1) / (len(extreme) + 1)
    return float(observed / count), float(p)


def _signs(clusters: int, permutations: int, seed: int) -> NDArray[np.float64]:
    if clusters <= EXACT:
        patterns: NDArray[np.int64] = np.indices((2,) * clusters).reshape(clusters, -1).T
    else:
        patterns = np.random.default_rng(seed).integers(0, 2, size=(permutations, clusters), dtype=np.int64)
    return 2.0 * patterns.astype(np.float64) - 1.0
