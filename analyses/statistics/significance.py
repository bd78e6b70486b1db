"""Tests and intervals that are not a bootstrap."""

from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kernels.blas import one_thread
from ..labels import texts
from .resampling import ROWS, WEIGHTS, Floats, Statistic, cluster_sums

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
    from scipy.stats import false_discovery_control  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]  # takes long to import

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
    labels = texts(cluster)
    if a.shape != b.shape or len(a) != len(labels):
        raise ValueError(f"shapes {a.shape} and {b.shape} with {len(labels)} cluster labels: they must match.")
    difference = (a - b).reshape(len(a), -1)
    count = int((~np.isnan(difference)).sum())
    if not count:
        return float("nan"), float("nan")
    summed = np.nansum(difference, axis=1)
    p = swapped_p(summed, cluster=cluster, permutations=permutations, seed=seed)
    return float(summed.sum() / count), float(p)


@one_thread()
def swapped_p(differences: ArrayLike, *, cluster: Any, permutations: int = 10_000, seed: int = 0) -> Floats:
    """Two-sided p-values of sums of paired differences when whole clusters (images) may swap sides, many sums at once.

    As `paired_permutation`, of what each sample adds to a sum: p = share of sign patterns of the images under which
    |sum| is as large as observed. In: (sample, ...), where a weighted sum has its weights in it, and the image of each
    sample. Out: (...), in (0, 1]; all sums meet the same patterns. nan where an entry of a sum is. Raises ValueError
    where lengths differ. Source: Good 2005.

    >>> swapped_p([[1.0, 1.0], [2.0, -2.0], [3.0, 1.0]], cluster=["a", "b", "c"])   # 2 of 8; sums 0: all 8
    array([0.25, 1.  ])
    """
    values = np.asarray(differences, np.float64)
    names, codes = np.unique(texts(cluster), return_inverse=True)
    if len(values) != len(codes):
        raise ValueError(f"shape {values.shape} with {len(codes)} cluster labels: they must match.")
    sums = cluster_sums(values.reshape(len(values), -1), codes.reshape(-1), len(names))
    least = np.abs(sums.sum(axis=0)) * (1 - 1e-12) - 1e-300
    patterns, extreme = 0, np.zeros(sums.shape[1])
    for signs in _signs(len(names), permutations, seed):
        patterns += len(signs)
        extreme += (np.abs(signs @ sums) >= least).sum(axis=0)
    p = extreme / patterns if len(names) <= EXACT else (extreme + 1) / (patterns + 1)
    return np.where(np.isnan(least), np.nan, p).reshape(values.shape[1:])


@one_thread()
def exchanged_p(
    statistic: Statistic,
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    *,
    cluster: Any,
    permutations: int = 10_000,
    seed: int = 0,
) -> Floats:
    """Two-sided p-value of a difference in a statistic when whole clusters (images) may exchange sides.

    As `paired_permutation`, of statistics that are no means, such as `ratio`, `percent` or `cohen_d`: p = share of
    patterns under which |statistic(one side) - statistic(other side)| is as large as observed, each side made anew.
    In: the arrays (sample, ...) that the statistic takes, of both members of each pair, in one unit or scale, and the
    image of each sample. Out: (...), in (0, 1]. Patterns without a defined difference do not count; nan where the
    observed one is undefined. Raises ValueError where lengths differ. Source: Good 2005.

    >>> from analyses.statistics import mean
    >>> float(exchanged_p(mean, [[1.0, 2.0, 3.0]], [[0.0, 0.0, 0.0]], cluster=["a", "b", "c"]))   # 2 of 8 patterns
    0.25
    """
    joined = [
        np.concatenate([np.asarray(a, np.float64), np.asarray(b, np.float64)])
        for a, b in zip(first, second, strict=True)
    ]
    names, codes = np.unique(texts(cluster), return_inverse=True)
    if any(len(array) != 2 * len(codes) for array in joined):
        raise ValueError(
            f"{[len(array) // 2 for array in joined]} samples with {len(codes)} cluster labels: they must match."
        )
    moments = statistic.moments(*joined)  # of both at once: some are about a common centre
    sides = [cluster_sums(half, codes.reshape(-1), len(names)) for half in np.split(moments, 2)]
    total, apart = (sides[0] + sides[1]).sum(axis=0), (sides[0] - sides[1]).reshape(len(names), -1)

    def differences(signs: Floats) -> Floats:
        one = (total + (signs @ apart).reshape(-1, *total.shape)) / 2
        return np.abs(statistic.value(one) - statistic.value(total - one))

    observed = differences(np.ones((1, len(names))))[0]
    patterns, extreme = np.zeros(observed.shape), np.zeros(observed.shape)
    for signs in _signs(len(names), permutations, seed):
        found = differences(signs)
        patterns += np.isfinite(found).sum(axis=0)
        extreme += (found >= observed * (1 - 1e-9) - 1e-300).sum(axis=0)
    p = extreme / np.maximum(patterns, 1) if len(names) <= EXACT else (extreme + 1) / (patterns + 1)
    return np.where(np.isfinite(observed), p, np.nan)


def remade_p(
    statistic: Callable[[Floats], Floats],
    first: ArrayLike,
    second: ArrayLike,
    *,
    cluster: Any,
    permutations: int = 2_000,
    seed: int = 0,
) -> Floats:
    """Two-sided p-value of a difference in any statistic of samples when whole clusters (images) may swap sides.

    As `exchanged_p`, of statistics that are no function of sums, such as quantiles. In: arrays (sample) of both members
    of a pair, the image of each sample, and `statistic`: (sample, pattern) -> (..., pattern). Out: (...), in (0, 1];
    nan where the observed difference is undefined. Raises ValueError where lengths differ. Source: Good 2005.

    >>> def halves(values): return np.quantile(values, [0.5], axis=0)
    >>> remade_p(halves, [1.0, 2.0, 3.0], [0.0, 0.0, 0.0], cluster=["a", "b", "c"])   # also where a alone swaps: 4 of 8
    array([0.5])
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    names, codes = np.unique(texts(cluster), return_inverse=True)
    if a.ndim != 1 or a.shape != b.shape or len(a) != len(codes):
        raise ValueError(f"shapes {a.shape} and {b.shape} with {len(codes)} cluster labels: they must match.")

    def differences(signs: Floats) -> Floats:
        kept = (signs[:, codes.reshape(-1)] > 0).T  # (sample, pattern)
        one, other = np.where(kept, a[:, None], b[:, None]), np.where(kept, b[:, None], a[:, None])
        return np.abs(statistic(one) - statistic(other))

    observed = differences(np.ones((1, len(names))))[..., 0]
    patterns, extreme = 0, np.zeros(observed.shape)
    for signs in _signs(len(names), permutations, seed):
        patterns += len(signs)
        extreme += (differences(signs) >= observed[..., None] * (1 - 1e-9) - 1e-300).sum(axis=-1)
    p = extreme / patterns if len(names) <= EXACT else (extreme + 1) / (patterns + 1)
    return np.where(np.isfinite(observed), p, np.nan)


def _signs(clusters: int, permutations: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """The sign of each cluster, (pattern, cluster), in blocks."""
    if clusters <= EXACT:
        patterns: NDArray[np.int64] = np.indices((2,) * clusters).reshape(clusters, -1).T
        yield 2.0 * patterns.astype(np.float64) - 1.0
        return
    generator = np.random.default_rng(seed)
    step = max(1, min(ROWS, WEIGHTS // clusters))
    for start in range(0, permutations, step):
        rows = min(step, permutations - start)
        yield 2.0 * generator.integers(0, 2, size=(rows, clusters), dtype=np.int64).astype(np.float64) - 1.0
