"""Intervals by image and tests, against loops, scipy and known answers."""

import time

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from analyses import drift, statistics

NAN = np.nan


def plain_bootstrap(statistic, arrays, cluster, seed: int, resamples: int) -> np.ndarray:
    """The cluster bootstrap written out: draw images, put their samples together, call the statistic."""
    names = np.unique(cluster)
    drawn = np.random.default_rng(seed).integers(len(names), size=(resamples, len(names)))
    results = []
    for row in drawn:
        index = np.concatenate([np.flatnonzero(cluster == names[k]) for k in row])
        results.append(statistic(*(array[index] for array in arrays)))
    return np.array(results)


def cohen(a: np.ndarray, b: np.ndarray) -> float:
    pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2)
    return (a.mean() - b.mean()) / np.sqrt(pooled)


STATISTICS = [
    (statistics.mean, np.mean, 1),
    (statistics.ratio, lambda a, b: a.sum() / b.sum(), 2),
    (statistics.percent, lambda a, b: 100 * a.mean() / b.mean(), 2),
    (statistics.cohen_d, cohen, 2),
]


@pytest.mark.parametrize(("fast", "plain", "count"), STATISTICS, ids=lambda x: getattr(x, "name", ""))
def test_weighing_images_is_drawing_images(fast, plain, count: int) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.5, 1.5, size=60) + k for k in range(count)]
    cluster = rng.integers(0, 9, size=60).astype(str)
    estimate, low, high = statistics.bootstrap(fast, *arrays, cluster=cluster, resamples=200, seed=3)
    draws = plain_bootstrap(plain, arrays, cluster, seed=3, resamples=200)
    assert estimate == pytest.approx(plain(*arrays))
    assert (low, high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))


def test_any_function_can_be_resampled() -> None:
    rng = np.random.default_rng(1)
    x, cluster = rng.normal(size=40), np.repeat(np.arange(10), 4)
    fast = statistics.bootstrap(statistics.mean, x, cluster=cluster, resamples=300)
    np.testing.assert_allclose(statistics.bootstrap(np.mean, x, cluster=cluster, resamples=300), fast)
    estimate, low, high = statistics.bootstrap(np.median, x, cluster=cluster, resamples=300)
    assert low < estimate < high


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        # 40 images of 3 samples that move together: independent samples would give 1.7 times too narrow an interval
        x = np.repeat(rng.normal(size=40), 3) + 0.1 * rng.normal(size=120)
        _, low, high = statistics.bootstrap(statistics.mean, x, cluster=np.repeat(np.arange(40), 3), resamples=400)
        covered += low <= 0 <= high
    assert 0.90 <= covered / 300 <= 0.98


def test_the_order_of_samples_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    x, cluster, order = rng.normal(size=50), rng.integers(0, 12, size=50), rng.permutation(50)
    shuffled = statistics.bootstrap(statistics.mean, x[order], cluster=cluster[order])
    np.testing.assert_allclose(shuffled, statistics.bootstrap(statistics.mean, x, cluster=cluster))


def test_the_seed_decides_and_nothing_else() -> None:
    x, cluster = np.random.default_rng(4).normal(size=50), np.arange(50)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again = (statistics.bootstrap(statistics.mean, x, cluster=cluster, seed=5) for _ in range(2))
    assert first == again != statistics.bootstrap(statistics.mean, x, cluster=cluster, seed=6)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_undefined_samples_are_left_out_of_every_resample() -> None:
    x, cluster = np.array([1.0, NAN, 3.0, NAN, 2.0]), np.array(["a", "a", "b", "c", "d"])
    estimate, low, high = statistics.bootstrap(statistics.mean, x, cluster=cluster)
    assert estimate == 2
    assert 1 <= low <= high <= 3


@pytest.mark.parametrize("statistic", [statistics.percent, statistics.cohen_d])
def test_a_statistic_of_nothing_is_undefined(statistic: statistics.Statistic) -> None:
    nothing = np.full(4, NAN)
    assert np.isnan(statistics.bootstrap(statistic, nothing, np.arange(4.0), cluster=range(4))).all()


def test_equal_values_have_no_cohen_d_in_any_resample() -> None:
    assert np.isnan(statistics.bootstrap(statistics.cohen_d, np.full(6, 0.1), np.full(6, 0.3), cluster=range(6))).all()


def test_one_image_gives_an_estimate_without_an_interval() -> None:
    estimate, low, high = statistics.bootstrap(statistics.mean, np.array([1.0, 2.0]), cluster=["a", "a"])
    assert estimate == 1.5
    assert np.isnan([low, high]).all()


def test_trailing_dimensions_are_resampled_together_and_labelled() -> None:
    x = xr.DataArray(
        np.random.default_rng(6).normal(size=(30, 2, 3)),
        dims=("sample", "family", "layer"),
        coords={"image": ("sample", np.arange(30) // 2), "family": ["a", "b"]},
    )
    estimate, low, _ = statistics.bootstrap(statistics.mean, x, cluster="image")
    xr.testing.assert_allclose(estimate, x.mean("sample"))
    single = statistics.bootstrap(statistics.mean, x[:, 1, 2].values, cluster=x.image.values)
    assert low[1, 2].item() == pytest.approx(single[1])
    control = xr.DataArray(np.ones(30), dims="sample")
    assert statistics.bootstrap(statistics.percent, x, control, cluster="image")[0].dims == ("family", "layer")


def test_cohen_d_agrees_with_relative() -> None:
    rng = np.random.default_rng(7)
    moved, control = rng.uniform(size=(20, 3)), rng.uniform(1, 2, size=20)
    relative = drift.relative(moved, control)
    np.testing.assert_allclose(statistics.cohen_d(moved, control), relative.cohen_d)
    np.testing.assert_allclose(statistics.percent(moved, control), relative.percent)


def test_bootstrap_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="there are 3 cluster labels"):
        statistics.bootstrap(statistics.mean, np.ones(4), cluster=range(3))
    with pytest.raises(ValueError, match="level=95"):
        statistics.bootstrap(statistics.mean, np.ones(4), cluster=range(4), level=95)
    with pytest.raises(ValueError, match="no samples"):
        statistics.bootstrap(statistics.mean, np.ones(0), cluster=[])


def test_two_thousand_resamples_of_thousands_of_samples_are_quick() -> None:
    x, cluster = np.random.default_rng(8).normal(size=3000), np.repeat(np.arange(1000), 3)
    start = time.process_time()
    statistics.bootstrap(statistics.mean, x, cluster=cluster)
    assert time.process_time() - start < 1.0  # 0.03 s alone; room for a busy machine


def test_wilson_agrees_with_scipy() -> None:
    for successes, trials in ((0, 10), (3, 10), (10, 10), (17, 39)):
        expected = scipy.stats.binomtest(successes, trials).proportion_ci(method="wilson")
        assert statistics.wilson(successes / trials, trials) == pytest.approx((expected.low, expected.high))
    assert np.isnan(statistics.wilson(NAN, 10)).all()
    assert np.isnan(statistics.wilson(0.5, 0)).all()


def test_benjamini_hochberg_agrees_with_scipy() -> None:
    p = np.random.default_rng(9).uniform(size=30) ** 2
    np.testing.assert_allclose(statistics.benjamini_hochberg(p), scipy.stats.false_discovery_control(p))


def test_undefined_p_values_are_not_tests() -> None:
    # two tests: 2 * 0.02 / 1 and 2 * 0.5 / 2
    np.testing.assert_allclose(statistics.benjamini_hochberg([0.02, NAN, 0.5]), [0.04, NAN, 0.5])
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        statistics.benjamini_hochberg([1.5])


def test_permutation_by_hand() -> None:
    # signed sums of 1, 2, 3 reach |6| only as +++ and ---: 2 of 8 patterns
    assert statistics.paired_permutation([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], cluster=list("abc")) == (2.0, 0.25)
    # samples of one image move together: 2 patterns, both extreme
    assert statistics.paired_permutation([1.0, 2.0], [0.0, 0.0], cluster=["a", "a"])[1] == 1.0
    assert np.isnan(statistics.paired_permutation([NAN], [1.0], cluster=["a"])).all()


def test_permutation_agrees_with_scipy() -> None:
    x = np.random.default_rng(10).normal(0.4, 1, size=12)
    expected = scipy.stats.permutation_test(
        (x, np.zeros(12)), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    assert statistics.paired_permutation(x, np.zeros(12), cluster=range(12))[1] == pytest.approx(expected.pvalue)


def test_permutation_of_many_images_is_drawn_and_never_certain() -> None:
    x = np.random.default_rng(11).normal(size=60)
    _, p = statistics.paired_permutation(x, np.zeros(60), cluster=range(60))
    assert p == pytest.approx(scipy.stats.ttest_1samp(x, 0).pvalue, abs=0.03)
    assert statistics.paired_permutation(np.ones(60), np.zeros(60), cluster=range(60))[1] == pytest.approx(1 / 10_001)
