"""Intervals by image and the table by family, against loops, scipy and known answers."""

import time

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from analyses import drift, flips, statistics

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
    moved, yardstick = rng.uniform(size=(20, 3)), rng.uniform(1, 2, size=20)
    relative = drift.relative(moved, yardstick)
    np.testing.assert_allclose(statistics.cohen_d(moved, yardstick), relative.cohen_d)
    np.testing.assert_allclose(statistics.percent(moved, yardstick), relative.percent)


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


def run(images: int = 50, seed: int = 12) -> dict[str, xr.DataArray]:
    """The arrays of a small run: two samples an image, clean and three conditions of two families."""
    rng = np.random.default_rng(seed)
    samples, names = 2 * images, ["clean", "shift:1", "shift:2", "blur:1"]
    coords = {
        "sample": [f"s{i:03}" for i in range(samples)],
        "image": ("sample", [f"i{i // 2:03}" for i in range(samples)]),
        "condition": names,
        "family": ("condition", ["clean", "shift", "shift", "blur"]),
    }
    choice = rng.integers(0, 2, size=(samples, 4))
    choice[3, 2] = -1
    pairs = ("sample", "condition")
    one = {name: coords[name] for name in ("sample", "image")}
    choices = xr.DataArray(choice, dims=pairs, coords=coords)
    eroded = rng.normal(size=(samples, 4)) * (np.arange(4) > 0)
    eroded[3, 2] = NAN
    return {
        "flipped": flips.flipped(choices, choices.sel(condition="clean")),
        "correct": flips.correct(choices, xr.DataArray(rng.integers(0, 2, size=samples), dims="sample", coords=one)),
        "drift": xr.DataArray(rng.uniform(size=(samples, 4)) * (np.arange(4) > 0), dims=pairs, coords=coords),
        "control": xr.DataArray(rng.uniform(1, 2, size=samples), dims="sample", coords=one),
        "erosion": xr.DataArray(eroded, dims=pairs, coords=coords),
    }


def test_the_table_holds_what_the_analyses_say() -> None:
    data = run()
    table = statistics.by_family(**data)
    assert table.value.dims == ("family", "quantity", "bound")
    assert table.family.values.tolist() == ["clean", "shift", "blur", "any"]
    estimate = table.value.sel(bound="estimate")
    rates = flips.rates(data["flipped"], family="family")
    relative = drift.relative(drift.by_family(data["drift"]), data["control"])
    eroded = drift.by_family(data["erosion"]).mean("sample")
    for name in ("shift", "blur"):
        row, told = estimate.sel(family=name), relative.sel(family=name)
        assert row.sel(quantity="ifr") == rates.ifr.sel(family=name)
        assert row.sel(quantity="iv") == rates.iv.sel(family=name)
        assert row.sel(quantity="drift_percent").item() == pytest.approx(told.percent.item())
        assert row.sel(quantity="cohen_d").item() == pytest.approx(told.cohen_d.item())
        assert row.sel(quantity="margin_erosion").item() == pytest.approx(eroded.sel(family=name).item())
    assert estimate.sel(family="any", quantity="ifr") == rates.any_ifr
    assert estimate.sel(family="any", quantity="iv") == rates.any_iv
    right = data["correct"].isel(condition=[1, 2]).values
    assert estimate.sel(family="shift", quantity="accuracy").item() == pytest.approx(np.nanmean(right))


def test_every_estimate_of_the_table_lies_in_its_interval() -> None:
    value = statistics.by_family(**run()).value
    defined = value.sel(bound="estimate").notnull()
    assert defined.sel(family=["shift", "blur", "any"]).all()
    between = (value.sel(bound="low") <= value.sel(bound="estimate")) & (
        value.sel(bound="estimate") <= value.sel(bound="high")
    )
    assert between.where(defined, True).all()


def test_of_clean_only_the_accuracy_is_told() -> None:
    clean = statistics.by_family(**run()).value.sel(family="clean", bound="estimate")
    assert clean.dropna("quantity").quantity.values.tolist() == ["accuracy"]


def test_the_table_counts_what_is_undefined() -> None:
    table = statistics.by_family(**run())
    assert table.undefined.sel(family="shift").values.tolist() == [1, 1, 1, 0, 0, 1]
    assert table.defined.sel(family="shift", quantity="ifr") == 2 * 100 - 1
    assert table.attrs["any"] == ["shift", "blur"]
    assert table.attrs["images"] == 50


def test_the_table_does_not_depend_on_the_order_of_samples() -> None:
    data, order = run(), np.random.default_rng(13).permutation(100)
    xr.testing.assert_allclose(
        statistics.by_family(**{name: array.isel(sample=order) for name, array in data.items()}),
        statistics.by_family(**data),
    )


def test_bare_arrays_give_the_same_table() -> None:
    data = run()
    bare = statistics.by_family(
        **{name: array.values for name, array in data.items()},
        family=data["flipped"].family.values,
        image=data["control"].image.values,
    )
    xr.testing.assert_identical(bare, statistics.by_family(**data))


def test_image_level_drift_is_resampled_by_its_own_images() -> None:
    data = run()
    moved = data["drift"][::2].drop_vars("sample").swap_dims(sample="image")
    yardstick = data["control"][::2].drop_vars("sample").swap_dims(sample="image")
    table = statistics.by_family(**{**data, "drift": moved, "control": yardstick})
    expected = drift.relative(drift.by_family(moved), yardstick)
    value = table.value.sel(bound="estimate", family=["shift", "blur"])
    np.testing.assert_allclose(value.sel(quantity="cohen_d"), expected.cohen_d.sel(family=["shift", "blur"]))
    assert table.defined.sel(family="shift", quantity="cohen_d") == 100


def test_rates_of_few_images_have_wilson_intervals() -> None:
    value = statistics.by_family(**run(images=5)).value.sel(family="blur")
    rate = value.sel(quantity="iv", bound="estimate").item()
    np.testing.assert_allclose(value.sel(quantity="iv", bound=["low", "high"]), statistics.wilson(rate, 5))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"drift": run()["drift"].isel(condition=slice(0, 3))}, "differ in 'condition'"),
        ({"control": run()["control"].isel(sample=slice(0, 9))}, "differ in 'sample'"),
        ({"drift": run()["drift"].expand_dims(layer=[0, 1])}, "Select one site, layer"),
        ({"family": ["clean", "any", "any", "b"]}, "Rename it"),
        ({"image": ["a", "b"]}, "give one each"),
    ],
)
def test_the_table_refuses_what_does_not_fit(change, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        statistics.by_family(**{**run(), **change})
