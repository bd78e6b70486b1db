"""A measured number with its sample size and its interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import average_precision_score

RESAMPLES = 2000


@dataclass(frozen=True)
class Figure:
    """A share in [0, 1] over `count` counted things, with its 95 % interval over resampled scenes."""

    value: float
    count: int
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}], n = {self.count}"


def share(hits: ArrayLike, counts: ArrayLike, *, seed: int = 0) -> Figure:
    """Σ hits / Σ counts over scenes, both (scene,); the interval is a percentile bootstrap over scenes.

    nan where nothing was counted.
    """
    hit, count = np.asarray(hits, float), np.asarray(counts, float)
    if not count.sum():
        return Figure(float("nan"), 0, float("nan"), float("nan"))
    picks = np.random.default_rng(seed).integers(0, len(hit), (RESAMPLES, len(hit)))
    totals = count[picks].sum(1)
    ratios = hit[picks].sum(1)[totals > 0] / totals[totals > 0]
    low, high = np.quantile(ratios, [0.025, 0.975])
    return Figure(float(hit.sum() / count.sum()), int(count.sum()), float(low), float(high))


def precision(scores: ArrayLike, here: ArrayLike) -> float:
    """Average precision in [0, 1] of ranking by `scores` (scene,) for finding what is `here` (scene,).

    The mean, over the scenes to be found, of their share among the scenes ranked at least as high; nan where there is
    none to be found.
    """
    found = np.asarray(here, bool)
    return float(average_precision_score(found, scores)) if found.any() else float("nan")
