"""Correlations, their intervals and p-values, by hand, by loops and against scipy."""

from itertools import permutations

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from analyses import correlation, statistics

NAN = np.nan
METHODS = {"pearson": scipy.stats.pearsonr, "spearman": scipy.stats.spearmanr}
CONDITIONS = ["clean", "LL1", "LL2", "LL3", "MB1", "MB2", "MB3", "OCC1", "OCC2", "OCC3"]
# Cheng, Table 3 (mIoU) and Tables 4 and 5 (critical omission rate)
MIOU = {
    "DeepLabV3+": [0.77, 0.73, 0.48, 0.26, 0.73, 0.59, 0.43, 0.66, 0.58, 0.41],
    "Mask2Former": [0.64, 0.59, 0.57, 0.49, 0.58, 0.50, 0.42, 0.60, 0.50, 0.35],
}
OMISSION = {
    "CLIP": [0.94, 0.94, 0.94, 0.94, 0.98, 1.0, 0.96, 0.80, 0.84, 0.84],
    "SigLIP": [0.92, 0.90, 0.88, 0.86, 0.92, 0.86, 0.86, 0.88, 0.84, 0.78],
}


def along(values, dim: str = "condition") -> xr.DataArray:
    return xr.DataArray(np.asarray(values, float), dims=dim, coords={dim: [f"{dim}{i}" for i in range(len(values))]})


def images(seed: int = 0, count: int = 12, conditions: int = 5) -> tuple[xr.DataArray, xr.DataArray]:
    """Two quantities (image, condition) that move together, and in steps, so that values tie."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 6, size=(count, conditions))
    y = x + rng.integers(0, 6, size=(count, conditions))
    coords = {"image": [f"i{i:02}" for i in range(count)], "condition": [f"c{i}" for i in range(conditions)]}
    return tuple(xr.DataArray(v.astype(float), dims=("image", "condition"), coords=coords) for v in (x, y))


def test_pearson_by_hand() -> None:
    # deviations (-1, 0, 1) and (-1, 2, -1) + mean: 0; and (-1, 0, 1) with (-2, 1, 1): 3 / sqrt(2 * 6)
    assert correlation.pearson(np.array([1.0, 2, 3]), np.array([0.0, 3, 0])) == pytest.approx(0)
    assert correlation.pearson(np.array([1.0, 2, 3]), np.array([0.0, 3, 3])) == pytest.approx(3 / np.sqrt(12))


def test_spearman_by_hand() -> None:
    # ranks 1, 2, 3, 4 and 1, 3, 2, 4: 1 - 6 * (0 + 1 + 1 + 0) / (4 * 15) = 0.8; ties share: 1.5, 1.5, 3
    assert correlation.spearman(np.array([1.0, 5, 6, 90]), np.array([-3.0, 7, 2, 8])) == pytest.approx(0.8)
    expected = correlation.pearson(np.array([1.5, 1.5, 3]), np.array([2.0, 1, 3]))
    assert correlation.spearman(np.array([4.0, 4, 9]), np.array([20.0, 10, 30])) == pytest.approx(expected)


@pytest.mark.parametrize("method", METHODS)
def test_correlations_agree_with_scipy_ties_included(method: str) -> None:
    x, y = images(1)
    function = getattr(correlation, method)
    across_images = function(x, y, dim="image")
    across_conditions = function(x, y, dim="condition")
    assert across_images.dims == ("condition",)
    assert across_conditions.dims == ("image",)
    np.testing.assert_allclose(across_images, [METHODS[method](x[:, k], y[:, k])[0] for k in range(5)])
    np.testing.assert_allclose(across_conditions, [METHODS[method](x[k], y[k])[0] for k in range(12)])
    np.testing.assert_array_equal(function(x.values, y.values, dim=0), across_images)
    np.testing.assert_array_equal(function(x.values, y.values), across_conditions)


@pytest.mark.parametrize("method", METHODS)
def test_undefined_pairs_are_left_out_and_counted(method: str) -> None:
    x, y = images(2)
    x[0, 0], x[1, 0], y[1, 0], y[2, 1], y[3, 1] = NAN, NAN, NAN, NAN, np.inf
    result = getattr(correlation, method)(x, y, dim="image")
    assert result.n.values.tolist() == [10, 10, 12, 12, 12]
    assert result[0].item() == pytest.approx(METHODS[method](x[2:, 0], y[2:, 0])[0])
    rest = [0, 1, *range(4, 12)]
    assert result[1].item() == pytest.approx(METHODS[method](x[rest, 1], y[rest, 1])[0])


@pytest.mark.parametrize("function", [correlation.pearson, correlation.spearman, correlation.permutation])
def test_fewer_than_three_pairs_or_no_spread_have_no_correlation(function) -> None:
    assert np.isnan(function(np.array([1.0, 2]), np.array([1.0, 2])))
    assert np.isnan(function(np.array([1.0, 2, NAN]), np.array([1.0, 2, 3])))
    assert np.isnan(function(np.array([1.0, 2, 3]), np.array([5.0, 5, 5])))
    assert np.isnan(function(np.array([1.0, 2, 3, 4]), np.array([5.0, 5, 5, NAN])))
    assert np.isnan(function(np.zeros(0), np.zeros(0)))
    assert np.isnan(function(np.zeros((2, 0)), np.zeros((2, 0)))).tolist() == [True, True]


def test_rounding_is_no_spread() -> None:
    assert np.isnan(correlation.pearson(np.array([1.0, 2, 3]), np.array([0.1 + 0.2, 0.3, 0.3])))


def test_huge_and_tiny_values_do_not_overflow() -> None:
    x = np.array([1.0, 2, 4, 5])
    y = np.array([1.0, 3, 2, 4])
    expected = correlation.pearson(x, y)
    np.testing.assert_allclose(correlation.pearson(1e200 * x, 1e-200 * y), expected)
    np.testing.assert_allclose(correlation.pearson(1e9 + x, y), expected)


def test_a_quantity_of_each_class_meets_one_without_classes() -> None:
    x, y = images(3)
    by_class = xr.concat([x, -x], "class").assign_coords({"class": ["car", "bus"]})
    result = correlation.pearson(by_class, y, dim="image")
    assert set(result.dims) == {"class", "condition"}
    np.testing.assert_allclose(result.sel({"class": "bus"}), -result.sel({"class": "car"}))
    bounds = correlation.interval(by_class, y, dim="image", resamples=20)
    np.testing.assert_allclose(bounds.sel(bound="estimate").transpose(*result.dims), result)


@pytest.mark.parametrize(
    "function", [correlation.pearson, correlation.spearman, correlation.interval, correlation.permutation]
)
def test_strangers_are_refused(function) -> None:
    x, y = images(4)
    with pytest.raises(ValueError, match="differ in 'image': only in x: none; only in y: 'i00'"):
        function(x[1:], y, dim="image")
    with pytest.raises(ValueError, match="same 'condition' labels in another order"):
        function(x, y[:, ::-1])
    with pytest.raises(ValueError, match="x has a dimension 'image' and y has not"):
        function(x, y[0])
    with pytest.raises(ValueError, match="no dimension 'sample'"):
        function(x, y, dim="sample")
    with pytest.raises(ValueError, match="shapes differ"):
        function(x.values, y.values[1:])
    with pytest.raises(TypeError, match="y: a bare array"):
        function(x, y.values)


def test_correlations_come_out_of_dask() -> None:
    x, y = images(5)
    lazy = correlation.spearman(x.chunk(condition=2), y.chunk(condition=2), dim="image")
    assert lazy.chunks is not None
    xr.testing.assert_allclose(lazy.compute(), correlation.spearman(x, y, dim="image"))


@pytest.mark.parametrize("method", METHODS)
def test_weighing_pairs_is_drawing_clusters(method: str) -> None:
    rng = np.random.default_rng(6)
    x = rng.integers(0, 9, size=40).astype(float)
    y = x + rng.integers(0, 9, size=40)
    y[7] = NAN
    cluster = rng.integers(0, 8, size=40).astype(str)
    result = correlation.interval(x, y, cluster=cluster, method=method, resamples=300, seed=2)
    names, looped, defined = np.unique(cluster), [], ~np.isnan(y)
    for row in np.random.default_rng(2).integers(8, size=(300, 8)):
        index = np.concatenate([np.flatnonzero((cluster == names[k]) & defined) for k in row])
        looped.append(METHODS[method](x[index], y[index])[0])
    np.testing.assert_allclose(result[0], METHODS[method](x[defined], y[defined])[0])
    tail = scipy.stats.norm.sf(scipy.stats.t.ppf(0.975, 7) * np.sqrt(8 / 7))  # expanded for eight clusters
    np.testing.assert_allclose(result[1:], np.quantile(looped, [tail, 1 - tail]))


def test_the_interval_names_its_unit_and_its_bounds() -> None:
    x, y = images(7)
    pairs = [array.stack(pair=("image", "condition"), create_index=False) for array in (x, y)]
    by_image = correlation.interval(*pairs, dim="pair", cluster="image", resamples=50)
    assert by_image.bound.values.tolist() == ["estimate", "low", "high"]
    assert (by_image.attrs["unit"], by_image.n) == ("image", 60)
    labelled = correlation.interval(*pairs, dim="pair", cluster=pairs[0].image.values, resamples=50)
    np.testing.assert_array_equal(by_image, labelled)
    each = correlation.interval(x, y, dim="image", resamples=50)
    assert each.attrs["unit"] == "image"
    assert each.dims == ("condition", "bound")
    assert (each.sel(bound="low") <= each.sel(bound="high")).all()


def test_pairs_of_one_image_move_together() -> None:
    # every pair ten times: drawn one by one the interval would be far too narrow, drawn by image it is as before
    x, y = (array.values[:, 0] for array in images(8, count=20))
    single = correlation.interval(x, y, cluster=range(20), resamples=500)
    often = correlation.interval(np.repeat(x, 10), np.repeat(y, 10), cluster=np.repeat(range(20), 10), resamples=500)
    np.testing.assert_allclose(often, single)
    alone = correlation.interval(np.repeat(x, 10), np.repeat(y, 10), resamples=500)
    assert alone[2] - alone[1] < 0.5 * (single[2] - single[1])


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_pairs_does_not_matter(method: str) -> None:
    rng = np.random.default_rng(9)
    x, y, order = rng.normal(size=30), rng.normal(size=30), rng.permutation(30)
    x[4] = NAN
    for cluster in (None, rng.integers(0, 7, size=30)):
        moved = None if cluster is None else cluster[order]
        shuffled = correlation.interval(x[order], y[order], cluster=moved, method=method, resamples=100)
        straight = correlation.interval(x, y, cluster=cluster, method=method, resamples=100)
        np.testing.assert_allclose(shuffled, straight)
    p = correlation.permutation(x, y, method=method, permutations=500)
    assert correlation.permutation(x[order], y[order], method=method, permutations=500) == p


def test_one_image_gives_an_estimate_without_an_interval() -> None:
    result = correlation.interval(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), cluster=["a"] * 3, resamples=20)
    np.testing.assert_allclose(result, [0.5, NAN, NAN])
    assert np.isnan(correlation.interval(np.array([1.0, 2, NAN]), np.array([1.0, 2, 3]), resamples=20)).all()


def test_bad_settings_are_refused() -> None:
    x, y = images(10)
    with pytest.raises(ValueError, match=r"method='kendall': unknown\. Choose one of pearson, spearman"):
        correlation.interval(x, y, method="kendall")
    with pytest.raises(ValueError, match="method='kendall'"):
        correlation.permutation(x, y, method="kendall")
    with pytest.raises(ValueError, match="level=95"):
        correlation.interval(x, y, level=95)
    with pytest.raises(ValueError, match="x has no such coordinate along 'image'"):
        correlation.interval(x, y, dim="image", cluster="scene")
    with pytest.raises(ValueError, match="2 cluster labels for 12 pairs along 'image': give one each"):
        correlation.interval(x, y, dim="image", cluster=["a", "b"])


def independent_drops(sets: int, conditions: int = 9, seed: int = 20) -> tuple[xr.DataArray, xr.DataArray]:
    """Two drops that have nothing to do with each other (set, condition), both 0 at clean, which comes second."""
    drops = np.random.default_rng(seed).normal(0.15, 0.057, size=(2, sets, conditions + 1))
    drops[:, :, 1] = 0.0
    names = [f"fog:{k}" for k in range(conditions + 1)]
    names[1] = "clean"
    coords = {"condition": names}
    return tuple(xr.DataArray(drop, dims=("set", "condition"), coords=coords) for drop in drops)


def test_independent_drops_do_not_correlate_because_clean_has_none() -> None:
    x, y = independent_drops(1000)
    with_clean = correlation.pearson(x.values, y.values)
    assert np.mean(with_clean) == pytest.approx(0.41, abs=0.05), "bare arrays hold what they are given"
    for function in (correlation.pearson, correlation.spearman):
        r = function(x, y)
        assert np.mean(r) == pytest.approx(0.0, abs=0.03)  # standard error 0.011
        assert (r.n == 9).all()
    kept = [0, *range(2, 10)]
    expected = [scipy.stats.pearsonr(a, b)[0] for a, b in zip(x.values[:, kept], y.values[:, kept], strict=True)]
    np.testing.assert_allclose(correlation.pearson(x, y), expected)
    p = correlation.permutation(x[:200], y[:200], permutations=200)
    assert 0.01 <= (p <= 0.05).mean() <= 0.1


def test_an_interval_over_nine_conditions_covers_no_correlation_nineteen_times_in_twenty() -> None:
    x, y = independent_drops(600, seed=21)
    bounds = correlation.interval(x, y, resamples=1000)
    covered = (bounds.sel(bound="low") <= 0) & (bounds.sel(bound="high") >= 0)
    assert 0.92 <= covered.mean() <= 0.98  # standard error 0.009


@pytest.mark.parametrize("name", ["condition", "family"])
def test_clean_is_known_by_name_or_family_wherever_it_lies_along_the_pairs(name: str) -> None:
    x, y = images(22)
    x, y = (array.assign_coords(condition=["clean", "a", "b", "c", "d"]) for array in (x, y))
    if name == "family":
        x = x.assign_coords(condition=list("vwxyz"), family=("condition", ["clean", "f", "f", "g", "g"]))
        y = y.assign_coords(condition=list("vwxyz"))  # one of the two says it
    expected = [scipy.stats.pearsonr(x[k, 1:], y[k, 1:])[0] for k in range(12)]
    np.testing.assert_allclose(correlation.pearson(x, y), expected)
    np.testing.assert_allclose(correlation.interval(x, y, resamples=20).sel(bound="estimate"), expected)
    # of pairs (image, condition) those of the clean condition are left out, with their cluster labels
    pairs = [array.stack(pair=("image", "condition"), create_index=False) for array in (x, y)]
    r = correlation.interval(*pairs, dim="pair", cluster="image", resamples=200)
    assert r.n == 48
    assert r[0].item() == pytest.approx(scipy.stats.pearsonr(x[:, 1:].values.ravel(), y[:, 1:].values.ravel())[0])
    bare = [array.isel(pair=pairs[0][name].values != pairs[0][name].values[0]) for array in pairs]
    np.testing.assert_allclose(correlation.interval(*bare, dim="pair", cluster="image", resamples=200), r)
    # one correlation per condition keeps the clean one: nothing runs along conditions
    assert correlation.pearson(x, y, dim="image").sizes["condition"] == 5


def test_fewer_than_three_conditions_beside_clean_have_no_correlation_and_fewer_than_five_no_interval() -> None:
    x, y = independent_drops(4, conditions=2)
    assert correlation.pearson(x, y).isnull().all()
    assert correlation.permutation(x, y).isnull().all()
    table = correlation.table({"miou": x[0]}, {"HR": y[0]}, resamples=20)
    assert table.pearson.isnull().all()
    assert table.n.item() == 2
    for conditions, told in ((4, False), (5, True)):
        x, y = independent_drops(4, conditions=conditions)
        assert correlation.interval(x, y, resamples=100).sel(bound="low").notnull().all().item() is told


def test_a_table_over_conditions_leaves_clean_out_and_draws_conditions_beside_images() -> None:
    # 200 tables of nine conditions, each number made from 20 images; qualities and measures are independent
    rng = np.random.default_rng(23)
    covered, estimates, tables = [], [], []
    for _ in range(200):
        x, y = independent_drops(1, seed=int(rng.integers(1 << 30)))
        noise = rng.normal(0, 0.05, size=(2, 20, 10)) * (x.condition.values != "clean")
        names = {"image": [f"i{k}" for k in range(20)], "condition": x.condition.values}
        made = [
            correlation.resampled(
                statistics.mean,
                xr.DataArray(drop.values[0] + images_of, dims=("image", "condition"), coords=names),
                resamples=500,
            )
            for drop, images_of in zip((x, y), noise, strict=True)
        ]
        table = correlation.table({"miou": made[0]}, {"HR": made[1]}, permutations=20)
        r, low, high = table.pearson.values[0, 0]
        covered.append(low <= 0 <= high)
        estimates.append(r)
        tables.append(table)
    assert all(table.n.item() == 9 for table in tables)
    assert (tables[0].attrs["unit"], tables[0].attrs["redrawn"]) == ("condition", ["condition", "image"])
    assert np.mean(estimates) == pytest.approx(0.0, abs=0.08)  # standard error 0.025
    assert 0.91 <= np.mean(covered) <= 1  # standard error 0.015


def test_the_order_of_conditions_does_not_matter_to_a_table() -> None:
    x, y = images(24, conditions=8)
    made = [correlation.resampled(statistics.mean, array, resamples=60) for array in (x, y)]
    order = np.random.default_rng(0).permutation(8)
    straight = correlation.table({"q": made[0]}, {"m": made[1]}, permutations=50)
    shuffled = correlation.table(
        {"q": made[0].isel(condition=order)}, {"m": made[1].isel(condition=order)}, permutations=50
    )
    xr.testing.assert_allclose(shuffled, straight)


@pytest.mark.parametrize("method", METHODS)
def test_p_values_of_few_pairs_count_all_orders(method: str) -> None:
    x, y = np.array([1.0, 2, 2, 4, 7, 9]), np.array([3.0, 1, 4, 4, 9, 5])
    correlate = METHODS[method]
    observed = abs(correlate(x, y)[0])
    all_orders = [abs(correlate(x, y[list(order)])[0]) for order in permutations(range(6))]
    assert correlation.permutation(x, y, method=method) == np.mean(np.array(all_orders) >= observed - 1e-12)
    tested = scipy.stats.permutation_test(
        (y,), lambda y: correlate(x, y)[0], permutation_type="pairings", n_resamples=np.inf, vectorized=False
    )
    beyond = np.abs(tested.null_distribution) >= observed - 1e-12
    assert correlation.permutation(x, y, method=method) == beyond.mean()


def test_the_given_order_counts_among_the_random_ones() -> None:
    x = np.arange(20.0)  # no random order of 20 comes as close to a line
    assert correlation.permutation(x, x, permutations=99) == 1 / 100


def test_p_values_of_many_pairs_are_close_to_those_of_the_t_test() -> None:
    rng = np.random.default_rng(11)
    x = rng.normal(size=40)
    for slope in (0.0, 0.2, 0.4):
        y = slope * x + rng.normal(size=40)
        assert correlation.permutation(x, y) == pytest.approx(scipy.stats.pearsonr(x, y).pvalue, abs=0.02)


def test_p_values_hold_what_they_promise_where_nothing_is_related() -> None:
    rng = np.random.default_rng(12)
    x, y = rng.normal(size=(2, 400, 12))
    p = correlation.permutation(x, y, permutations=199)
    assert 0.03 <= (p <= 0.05).mean() <= 0.075  # 400 tests: standard error 0.011
    assert 0.45 <= (p <= 0.5).mean() <= 0.55


def test_the_seed_decides_and_nothing_else() -> None:
    x, y = np.random.default_rng(13).normal(size=(2, 25))
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = (correlation.permutation(x, y, permutations=99, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    intervals = [correlation.interval(x, y, resamples=99, seed=seed).tolist() for seed in (1, 1, 2)]
    assert intervals[0] == intervals[1] != intervals[2]
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_the_published_omission_rates_rise_with_segmentation_quality_for_siglip() -> None:
    result = correlation.table(MIOU, OMISSION, resamples=200, permutations=2000)
    r = result.pearson.sel(bound="estimate")
    assert r.sel(quality="DeepLabV3+", measure="SigLIP").item() == pytest.approx(0.67, abs=0.005)
    assert r.sel(quality="Mask2Former", measure="SigLIP").item() == pytest.approx(0.89, abs=0.005)
    assert abs(r.sel(measure="CLIP")).max() < 0.25
    for quality, miou in MIOU.items():
        for measure, omission in OMISSION.items():
            cell = result.sel(quality=quality, measure=measure)
            assert cell.pearson.sel(bound="estimate").item() == pytest.approx(scipy.stats.pearsonr(miou, omission)[0])
            assert cell.spearman.sel(bound="estimate").item() == pytest.approx(scipy.stats.spearmanr(miou, omission)[0])


def test_of_the_published_tables_clean_is_left_out_where_it_is_named() -> None:
    miou = {name: along(values).assign_coords(condition=CONDITIONS) for name, values in MIOU.items()}
    omission = {name: along(values).assign_coords(condition=CONDITIONS) for name, values in OMISSION.items()}
    result = correlation.table(miou, omission, resamples=200, permutations=2000)
    assert (result.n == 9).all()
    for quality, values in MIOU.items():
        for measure, omitted in OMISSION.items():
            expected = scipy.stats.pearsonr(values[1:], omitted[1:])[0]
            cell = result.sel(quality=quality, measure=measure)
            assert cell.pearson.sel(bound="estimate").item() == pytest.approx(expected)


def test_a_table_holds_what_its_parts_give() -> None:
    x, y = images(14)
    x[0, 0] = NAN
    result = correlation.table(
        {"miou": x, "accuracy": -x}, {"HR": y, "COR": y**2}, dim="image", resamples=60, permutations=300, seed=4
    )
    assert result.p.dims == ("quality", "measure", "condition", "coefficient")
    cell = result.sel(quality="accuracy", measure="COR")
    for method in METHODS:
        parts = {"dim": "image", "method": method, "seed": 4}
        interval = correlation.interval(-x, y**2, resamples=60, **parts)
        np.testing.assert_allclose(cell[method], interval)
        p = correlation.permutation(-x, y**2, permutations=300, **parts)
        np.testing.assert_allclose(cell.p.sel(coefficient=method), p)
    assert result.n.sel(quality="miou", measure="HR").values.tolist() == [11, 12, 12, 12, 12]
    assert result.undefined.sum() == 4
    assert result.condition.values.tolist() == x.condition.values.tolist()
    told = {
        "unit": "image",
        "redrawn": ["image"],
        "along": "image",
        "resamples": 60,
        "permutations": 300,
        "seed": 4,
        "level": 0.95,
    }
    assert result.attrs == told


def test_p_values_are_adjusted_over_the_whole_table() -> None:
    x, y = images(15)
    y[:, 1] = 1.0  # no correlation: no test either
    result = correlation.table({"a": x, "b": x**2}, {"HR": y}, dim="image", resamples=20, permutations=200)
    p = result.p.values
    defined = ~np.isnan(p)
    assert defined.sum() == 16
    expected = scipy.stats.false_discovery_control(p[defined])
    np.testing.assert_allclose(result.p_adjusted.values[defined], expected)
    assert np.isnan(result.p_adjusted.sel(condition="c1")).all()


def test_a_table_along_conditions_alone_draws_conditions() -> None:
    x, y = (along(values.values[0]) for values in images(16))
    result = correlation.table({"miou": x}, {"HR": y}, resamples=50)
    assert (result.attrs["unit"], result.attrs["redrawn"]) == ("condition", ["condition"])
    np.testing.assert_allclose(result.pearson[0, 0], correlation.interval(x, y, resamples=50))


def test_a_table_refuses_what_does_not_fit() -> None:
    x, y = images(17)
    made = correlation.resampled(statistics.mean, y, resamples=10)
    cases = [
        ({"q": x}, {"m": y[1:]}, "image", "quality 'q' and measure 'm' differ in 'image'"),
        ({"q": x}, {"m": y[:, 0]}, "image", r"quality 'q' has dimensions .* and measure 'm' \('image',\)"),
        ({"q": x}, {"m": y}, "sample", "quality 'q' has no values along 'sample'"),
        ({"q": x}, {"m": made}, "condition", "quality 'q': no draws, beside entries from `resampled`"),
        ({"q": x.values}, {"m": y.values}, "condition", r"quality 'q' is a bare array of shape \(12, 5\)"),
        ({}, {"m": y}, "condition", "0 qualities and 1 measures"),
        (
            {"q": made},
            {"m": correlation.resampled(statistics.mean, y, resamples=10, seed=1)},
            "condition",
            "seed 0.*seed 1",
        ),
        ({"q": made}, {"m": correlation.resampled(statistics.mean, y[1:], resamples=10)}, "condition", "12 images.*11"),
        ({"q": made}, {"m": correlation.resampled(statistics.mean, y, resamples=9)}, "condition", "Redraw both"),
        ({"q": made.drop_vars("resampled_from")}, {"m": made}, "condition", "drawn from several"),
        (
            {"q": made.drop_vars("resampled_from")},
            {"m": made.drop_vars("resampled_from")},
            "condition",
            "drawn from several",
        ),
    ]
    for qualities, measures, dim, told in cases:
        with pytest.raises(ValueError, match=told):
            correlation.table(qualities, measures, dim=dim, resamples=10)
    with pytest.raises(TypeError, match="measure 'm': a bare array"):
        correlation.table({"q": x[0]}, {"m": y[0].values})
    with pytest.raises(ValueError, match="level=95"):
        correlation.table({"q": x}, {"m": y}, level=95)
