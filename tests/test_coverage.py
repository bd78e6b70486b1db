"""What intervals and p-values promise, measured on made-up data whose truth is known: thousands of repeats, slow."""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import kstest

from analyses import correlation, instability, statistics

pytestmark = pytest.mark.slow

IMAGES, SAMPLES = 150, 3
IMAGE = np.repeat(np.arange(IMAGES), SAMPLES)
NORMAL = NormalDist()
RESAMPLES = 500
"""Percentiles of so few are noisier than those of 2,000 and hold the truth as often, to within 0.5 of 100 runs."""


def together(rng: np.random.Generator, shared: float = 0.7) -> np.ndarray:
    """Standard normal numbers, one per sample; those of one image share `shared` of their variance."""
    return np.sqrt(shared) * rng.normal(size=IMAGES)[IMAGE] + np.sqrt(1 - shared) * rng.normal(size=len(IMAGE))


def covered(repeats: int, truth: float, interval: Callable[[np.random.Generator], tuple[float, float]]) -> float:
    """Share of the repeats whose interval holds the truth."""
    hits = 0
    for repeat in range(repeats):
        low, high = interval(np.random.default_rng([repeat, 7]))
        hits += low <= truth <= high
    return hits / repeats


def of_mean(rng: np.random.Generator) -> tuple[float, float]:
    return statistics.bootstrap(statistics.mean, together(rng), cluster=IMAGE, resamples=RESAMPLES)[1:]


def of_percent(rng: np.random.Generator) -> tuple[float, float]:
    """Drift of mean 0.3 over a control of mean 1.2: 25 %."""
    moved, control = 0.3 + 0.1 * together(rng), 1.2 + 0.2 * together(rng)
    return statistics.bootstrap(statistics.percent, moved, control, cluster=IMAGE, resamples=RESAMPLES)[1:]


def of_cohen_d(rng: np.random.Generator) -> tuple[float, float]:
    """Means one standard deviation apart."""
    return statistics.bootstrap(
        statistics.cohen_d, together(rng) - 1, together(rng), cluster=IMAGE, resamples=RESAMPLES
    )[1:]


def of_flip_rate(rng: np.random.Generator) -> tuple[float, float]:
    """Four conditions a sample, all of an image near the same threshold: P(z > 1) of them flip."""
    draws = np.stack([together(rng) for _ in range(4)], axis=1)
    flipped = draws > 1
    return statistics.bootstrap(
        statistics.ratio, flipped.sum(1), np.full(len(IMAGE), 4), cluster=IMAGE, resamples=RESAMPLES
    )[1:]


def of_auroc(rng: np.random.Generator) -> tuple[float, float]:
    """Scores of flipped pairs lie one standard deviation higher: P(a > b) = Phi(1 / sqrt 2)."""
    flipped = rng.uniform(size=len(IMAGE)) < 0.3
    told = instability.predicts_flip(together(rng) + flipped, flipped, cluster=IMAGE, resamples=RESAMPLES)
    return float(told.auroc_low), float(told.auroc_high)


@pytest.mark.parametrize(
    ("interval", "truth"),
    [
        (of_mean, 0.0),
        (of_percent, 25.0),
        (of_cohen_d, -1.0),
        (of_flip_rate, 1 - NORMAL.cdf(1.0)),
        (of_auroc, NORMAL.cdf(1 / np.sqrt(2))),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_95_percent_intervals_hold_the_truth_in_95_of_100_runs(interval, truth: float) -> None:
    # 1,000 repeats: the share itself is uncertain by 0.007
    assert 0.93 <= covered(1000, truth, interval) <= 0.97


def test_drawing_samples_instead_of_images_promises_too_much() -> None:
    def by_sample(rng: np.random.Generator) -> tuple[float, float]:
        return statistics.bootstrap(statistics.mean, together(rng), cluster=np.arange(len(IMAGE)), resamples=RESAMPLES)[
            1:
        ]

    # samples that share 0.7 of their variance in threes: the interval is sqrt(1 + 2 * 0.7) = 1.55 times too narrow
    assert covered(300, 0.0, by_sample) < 0.85


def p_of_pairs(rng: np.random.Generator, cluster: np.ndarray = IMAGE) -> float:
    """Two models of equal accuracy whose scores differ per image by chance alone."""
    shared = together(rng)
    first, second = (shared + together(rng) for _ in range(2))
    return statistics.paired_permutation(first, second, cluster=cluster, permutations=2000)[1]


def p_of_correlation(rng: np.random.Generator) -> float:
    x, y = rng.normal(size=(2, 20))
    return float(correlation.permutation(x, y, permutations=2000))


@pytest.mark.parametrize("p_value", [p_of_pairs, p_of_correlation])
def test_p_values_are_uniform_where_there_is_no_effect(p_value) -> None:
    told = [p_value(np.random.default_rng([repeat, 11])) for repeat in range(1000)]
    assert kstest(told, "uniform").pvalue > 0.01
    assert 0.03 < np.mean(np.array(told) <= 0.05) < 0.07


def test_permuting_samples_instead_of_images_finds_effects_that_are_not_there() -> None:
    told = [p_of_pairs(np.random.default_rng([repeat, 11]), np.arange(len(IMAGE))) for repeat in range(300)]
    assert kstest(told, "uniform").pvalue < 1e-6
