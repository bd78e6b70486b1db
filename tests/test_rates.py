"""The interval of a rate: Wilson's on the effective number of trials, at any number of images."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm
from scipy.stats import t as student

from analyses import statistics
from analyses.statistics import rates


def clustered(images: int, trials: int, icc: float, share: float, repeats: int, seed: int) -> np.ndarray:
    """(image, repeat) cases of beta-binomial images: trials of one image agree beyond chance by `icc`."""
    rng = np.random.default_rng(seed)
    own = np.full((images, repeats), share)
    if icc:
        spread = 1 / icc - 1
        own = rng.beta(share * spread, (1 - share) * spread, size=(images, repeats))
    return rng.binomial(trials, own).astype(float)


def by_hand(cases: np.ndarray, trials: np.ndarray) -> tuple[float, float, float]:
    images, p = len(cases), cases.sum() / trials.sum()
    variance = images / (images - 1) * sum((c - p * n) ** 2 for c, n in zip(cases, trials, strict=True))
    variance /= trials.sum() ** 2
    n = p * (1 - p) / variance * (norm.ppf(0.975) / student.ppf(0.975, images - 1)) ** 2
    z = norm.ppf(0.975)
    middle, half = (
        (p + z * z / 2 / n) / (1 + z * z / n),
        z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + (z / 2 / n) ** 2),
    )
    return p, middle - half, middle + half


@pytest.mark.parametrize("images", [24, 39, 40, 41, 200])
def test_it_is_the_formula_where_many_images_hold_cases(images: int) -> None:
    rng = np.random.default_rng(images)
    trials = rng.integers(10, 20, size=images).astype(float)
    cases = rng.binomial(trials.astype(int), rng.beta(4, 6, size=images)).astype(float)
    found = rates.of_clusters(cases, trials, level=0.95)
    np.testing.assert_allclose(found, by_hand(cases, trials))


def test_independent_trials_that_do_not_differ_by_image_are_those_of_scipy() -> None:
    # of images that do not differ at all, each counts once: never [0, 0] and never [1, 1]
    for cases, images in ((0, 12), (12, 12), (0, 1)):
        happened = np.full(images * 5, float(cases > 0))
        estimate, low, high = statistics.rate(happened, cluster=np.repeat(np.arange(images), 5))
        expected = binomtest(cases, images).proportion_ci(method="wilson")
        assert (estimate, low, high) == pytest.approx((cases / images, expected.low, expected.high))
        assert high > low


def test_a_case_in_one_image_alone_is_worth_no_less_than_one_trial_an_image() -> None:
    happened = np.zeros((40, 5))
    widest = statistics.wilson(1 / 200, 40)
    happened[0, 0] = 1
    _, low, high = statistics.rate(happened.reshape(-1), cluster=np.repeat(np.arange(40), 5))
    assert widest[0] <= low < 1 / 200 < high <= widest[1]


def test_undefined_trials_are_left_out_and_without_any_the_rate_is_undefined() -> None:
    happened = np.array([1.0, np.nan, 0.0, np.nan])
    named = ["a", "a", "b", "c"]
    np.testing.assert_allclose(
        statistics.rate(happened, cluster=named), statistics.rate([1.0, 0.0], cluster=["a", "b"])
    )
    assert np.isnan(statistics.rate([np.nan], cluster=["a"])).all()
    with pytest.raises(ValueError, match="give one each"):
        statistics.rate([1.0, 0.0], cluster=["a"])
    with pytest.raises(ValueError, match="level=95"):
        statistics.rate([1.0], cluster=["a"], level=95)


def test_the_order_and_the_names_of_images_change_nothing() -> None:
    rng = np.random.default_rng(2)
    happened, image = (rng.uniform(size=60) < 0.3).astype(float), rng.integers(20, size=60)
    order = rng.permutation(60)
    one = statistics.rate(happened, cluster=image)
    other = statistics.rate(happened[order], cluster=[f"z{100 - k}" for k in image[order]])
    np.testing.assert_allclose(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("images", [32, 64, 200])
@pytest.mark.parametrize("trials", [5, 15, 40])
@pytest.mark.parametrize("icc", [0.0, 0.06, 0.2])
def test_the_interval_holds_the_rate_in_93_of_100_runs(images: int, trials: int, icc: float) -> None:
    # the demonstration's families: 5 to 40 pairs an image, which agree beyond chance by up to .19
    for share in (0.002, 0.005, 0.02, 0.1, 0.3, 0.5):
        cases = clustered(images, trials, icc, share, repeats=6000, seed=hash((images, trials, share)) % 2**32)
        _, low, high = rates.of_clusters(cases, np.full_like(cases, trials), level=0.95)
        held = ((low <= share) & (share <= high)).mean()
        noise = 2 * np.sqrt(0.93 * 0.07 / 6000)
        assert held > 0.93 - noise, (share, held)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_none_or_all_counts_images_whatever_its_variance(share: float) -> None:
    trials = np.full(64, 5.0)
    # drawn again, thresholds move: a share of 0 then has a variance, and still an interval
    estimate, low, high = rates.of_variance(np.asarray(share), np.asarray(1e-4), share * trials, trials, level=0.95)
    assert [float(estimate), float(low), float(high)] == [float(one) for one in rates.rate(np.full(64, share), cluster=range(64))]  # fmt: skip  # noqa: E501
    assert high - low > 0.05
