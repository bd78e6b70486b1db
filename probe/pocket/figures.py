"""A measured number with its sample size and its interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import average_precision_score

from analyses import statistics


@dataclass(frozen=True)
class Figure:
    """A share in [0, 1] over `count` counted things, with its 95 % interval by scene."""

    value: float
    count: int
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}], n = {self.count}"


def share(hits: ArrayLike, counts: ArrayLike) -> Figure:
    """Σ hits / Σ counts over scenes, both (scene,), with Wilson's interval on its effective number (`statistics.rate`).

    nan where nothing was counted.
    """
    hit, count = np.asarray(hits, float), np.asarray(counts, float)
    value, low, high = statistics.rate(hit, count, cluster=np.arange(len(hit)))
    return Figure(float(value), int(count.sum()), float(low), float(high))


def precision(scores: ArrayLike, here: ArrayLike) -> float:
    """Average precision in [0, 1] of ranking by `scores` (scene,) for finding what is `here` (scene,).

    The mean, over the scenes to be found, of their share among the scenes ranked at least as high; nan where there is
    none to be found.
    """
    found = np.asarray(here, bool)
    return float(average_precision_score(found, scores)) if found.any() else float("nan")
