"""Any quantity per family, with its interval and its count of what is undefined."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binomtest, norm, pearsonr
from scipy.stats import t as student

from analyses import drift, flips, statistics

RNG = np.random.default_rng(0)


def pairs(samples=12, layers=3):
    values = RNG.normal(size=(samples, 5, layers))
    return xr.DataArray(
        values,
        dims=("sample", "condition", "layer"),
        coords={
            "sample": [f"s{k}" for k in range(samples)],
            "image": ("sample", [f"i{k // 2}" for k in range(samples)]),
            "condition": ["clean", "a1", "a2", "b1", "b2"],
            "family": ("condition", ["clean", "a", "a", "b", "b"]),
            "layer": [0, 4, 8][:layers],
        },
    )


def test_the_estimate_is_the_mean_over_samples_of_the_mean_over_conditions():
    data = pairs()
    data[0, 1] = np.nan
    table = statistics.by_family(statistics.MEAN, data)
    # sample 0 has one condition of "a" left and counts as much as the others
    of_samples = np.nanmean(data.values[:, 1:3], axis=1)
    np.testing.assert_allclose(table.value.sel(family="a", bound="estimate"), of_samples.mean(axis=0))
    assert table.value.dims == ("family", "layer", "bound")
    assert table.family.values.tolist() == ["clean", "a", "b", "all perturbations"]
    assert table.undefined.sel(family="a").values.tolist() == [1, 1, 1]
    assert table.defined.sel(family=statistics.ALL).values.tolist() == [47, 47, 47]


def test_the_interval_is_that_of_the_bootstrap_by_image():
    data = pairs()
    table = statistics.by_family(statistics.MEAN, data, resamples=300, seed=5)
    mine = data.isel(condition=[3, 4]).mean("condition").values
    estimate, low, high = statistics.bootstrap(statistics.mean, mine, cluster=data.image.values, resamples=300, seed=5)
    np.testing.assert_allclose(table.value.sel(family="b"), np.stack([estimate, low, high], axis=-1))


def test_unions_are_named_and_hold_the_families_that_they_list():
    data = pairs()
    table = statistics.by_family(statistics.MEAN, data, unions={"second": ["b"], "both": ["a", "b"]})
    assert table.family.values.tolist() == ["clean", "a", "b", "second", "both"]
    np.testing.assert_allclose(table.value.sel(family="second"), table.value.sel(family="b"))
    both = statistics.by_family(statistics.MEAN, data).value.sel(family=statistics.ALL)
    np.testing.assert_allclose(table.value.sel(family="both"), both)
    assert table.attrs["unions"] == {"second": ["b"], "both": ["a", "b"]}


def test_a_union_of_an_unknown_family_and_one_with_a_familys_name_are_refused():
    with pytest.raises(ValueError, match="a union names the family 'c'"):
        statistics.by_family(statistics.MEAN, pairs(), unions={"some": ["c"]})
    with pytest.raises(ValueError, match="Rename one"):
        statistics.by_family(statistics.MEAN, pairs(), unions={"a": ["b"]})


def test_a_table_within_each_kind_is_that_of_its_samples_alone():
    data = pairs()
    data = data.assign_coords(kind=("sample", ["mcq", "mcq", "yesno"] * 4))
    table = statistics.by_family(statistics.MEAN, data, within="kind")
    assert table.value.dims == ("kind", "family", "layer", "bound")
    for kind in ("mcq", "yesno"):
        alone = statistics.by_family(statistics.MEAN, data.isel(sample=data.kind.values == kind))
        np.testing.assert_allclose(table.value.sel(kind=kind), alone.value)
        assert (table.defined.sel(kind=kind) == alone.defined).all()
    with pytest.raises(ValueError, match="no coordinate 'dataset'"):
        statistics.by_family(statistics.MEAN, data, within="dataset")


def test_drift_on_its_control_is_that_of_relative_for_every_layer():
    moved = abs(pairs(40))
    control = xr.DataArray(
        RNG.uniform(1, 2, size=(40, 3)), dims=("sample", "layer"), coords={n: moved[n] for n in ("sample", "layer")}
    )
    relative = drift.relative(statistics.per_sample(moved), control)
    for reduction, name in ((statistics.PERCENT, "percent"), (statistics.COHEN_D, "cohen_d")):
        table = statistics.by_family(reduction, moved, control, resamples=50)
        for family in ("a", "b"):
            value = table.value.sel(family=family, bound="estimate")
            np.testing.assert_allclose(value, relative[name].sel(family=family))


def test_a_sample_counts_once_however_often_its_answer_flips():
    happened = yes_or_no(60)
    happened[:3, 1:3] = [[1, 1], [0, 0], [np.nan, np.nan]]
    table = statistics.by_family(statistics.EVER, happened)
    rates = flips.rates(happened, family="family")
    for family in ("a", "b"):
        assert table.value.sel(family=family, bound="estimate") == rates.iv.sel(family=family)


def test_a_pooled_statistic_sees_every_pair_and_draws_whole_images():
    data = pairs(layers=1).isel(layer=0, drop=True)
    data[0, 1] = np.nan
    table = statistics.by_family(statistics.pooled(statistics.median), data, resamples=100, seed=3)
    assert table.value.sel(family="a", bound="estimate") == np.nanmedian(data.values[:, 1:3])
    flat, cluster = data.values[:, 1:3].reshape(-1), np.repeat(data.image.values, 2)
    bounds = statistics.bootstrap(statistics.median, flat, cluster=cluster, resamples=100, seed=3)
    np.testing.assert_allclose(table.value.sel(family="a"), bounds)


def test_the_order_of_the_samples_changes_nothing():
    data = pairs()
    shuffled = data.isel(sample=RNG.permutation(12))
    np.testing.assert_allclose(
        statistics.by_family(statistics.MEAN, data).value, statistics.by_family(statistics.MEAN, shuffled).value
    )


def test_a_family_without_a_defined_pair_is_nan_and_counted():
    data = pairs().where(pairs().family != "b")
    table = statistics.by_family(statistics.MEAN, data)
    assert np.isnan(table.value.sel(family="b")).all()
    assert table.undefined.sel(family="b", layer=0).item() == 24


def test_values_per_image_are_their_own_clusters():
    data = pairs().rename(image="picture").rename(sample="image").drop_vars("picture")
    table = statistics.by_family(statistics.MEAN, data)
    assert table.attrs["images"] == 12


def yes_or_no(samples=100):
    data = pairs(samples, layers=1).isel(layer=0, drop=True)
    data.values = RNG.integers(0, 2, data.shape).astype(float)
    return data


def test_a_share_is_the_ratio_of_sums_over_the_pairs_of_a_family():
    trials, cases = yes_or_no(), yes_or_no()
    cases = cases * trials
    trials[0, 1] = np.nan
    table = statistics.by_family(statistics.SHARE, cases, trials)
    tried = trials.values[:, 1:3]
    happened = np.where(np.isnan(tried), np.nan, cases.values[:, 1:3])
    assert table.value.sel(family="a", bound="estimate").item() == np.nansum(happened) / np.nansum(tried)
    assert table.defined.sel(family="a").item() == np.nansum(tried), "trials are what is counted"
    assert table.undefined.sel(family="a").item() == 1


def test_a_share_carries_wilsons_interval_on_the_effective_number_of_trials():
    trials, cases = yes_or_no() * 0 + 1, yes_or_no()
    table = statistics.by_family(statistics.SHARE, cases, trials)
    happened, tried = (part.values[:, 3:].sum(axis=1).reshape(50, 2).sum(axis=1) for part in (cases, trials))
    p = happened.sum() / tried.sum()
    variance = 50 / 49 * ((happened - p * tried) ** 2).sum() / tried.sum() ** 2
    worth = p * (1 - p) / variance * (norm.ppf(0.975) / student.ppf(0.975, 49)) ** 2
    bounds = binomtest(1, 2).proportion_ci  # scipy's Wilson takes whole numbers; by its formula otherwise
    assert bounds(method="wilson").low == pytest.approx(statistics.wilson(0.5, 2)[0])
    np.testing.assert_allclose(table.value.sel(family="b"), [p, *statistics.wilson(p, worth)])


def test_an_interval_of_a_share_does_not_jump_with_the_number_of_images_nor_collapse():
    happened = xr.DataArray(np.tile([[0.0, 1, 0], [0, 0, 1], [0, 0, 0]], (20, 1)), dims=("sample", "condition"))
    widths = []
    for count in range(36, 48, 3):
        some = happened.isel(sample=slice(count))
        table = statistics.by_family(statistics.SHARE, some, family=["clean", "a", "b"], image=range(count))
        assert (table.value.sel(family="clean").values[1:] != 0).tolist() == [False, True], "nothing happened yet"
        widths.append(np.ptp(table.value.sel(family="a").values[1:]))
    assert np.all(np.abs(np.diff(np.log(widths))) < 0.08), widths


def test_the_mean_of_a_unions_families_weighs_each_family_the_same():
    happened = np.zeros((30, 6))
    happened[:15, 1] = 1  # one condition of "a", which flips half; four of "b", which never do
    table = statistics.by_family(statistics.SHARE, happened, family=["clean", "a", "b", "b", "b", "b"], image=range(30))
    union = table.sel(family=statistics.ALL)
    assert union.value.sel(bound="estimate") == pytest.approx(0.1)
    assert union.mean_of_families.sel(bound="estimate") == pytest.approx(0.25)
    assert union.mean_of_families.sel(bound="low") > union.value.sel(bound="estimate")
    assert table.mean_of_families.sel(family="a").isnull().all()
    drift = statistics.by_family(statistics.MEAN, happened, family=["clean", "a", "b", "b", "b", "b"], image=range(30))
    assert drift.mean_of_families.sel(family=statistics.ALL, bound="estimate") == pytest.approx(0.25)


def test_the_lead_over_the_next_family_is_that_of_the_same_draws():
    data = pairs(40, layers=1).isel(layer=0, drop=True)
    data = data.where(data.family != "a", data + 1)
    table = statistics.by_family(statistics.MEAN, data, resamples=200, seed=4)
    apart = data.isel(condition=[1, 2]).mean("condition") - data.isel(condition=[3, 4]).mean("condition")
    bounds = statistics.bootstrap(statistics.mean, apart.values, cluster=data.image.values, resamples=200, seed=4)
    np.testing.assert_allclose(table.above_others.sel(family="a"), bounds)
    np.testing.assert_allclose(table.below_others.sel(family="b"), bounds)
    assert table.above_others.sel(family="clean").isnull().all(), "what is no perturbation is in no ranking"


def test_ever_among_k_conditions_is_the_mean_over_all_choices_of_k():
    happened = yes_or_no(30)
    table = statistics.by_family(statistics.ever_among(2), happened, family=["clean", *"aaaa"])
    among = [happened.values[:, list(two)].max(axis=1) for two in combinations(range(1, 5), 2)]
    assert table.value.sel(family="a", bound="estimate") == pytest.approx(np.mean(among))
    assert table.value.sel(family="clean").isnull().all(), "one condition is fewer than two"


def test_a_share_without_trials_is_nan():
    trials = yes_or_no() * 0
    assert np.isnan(statistics.by_family(statistics.SHARE, trials, trials).value).all()


def test_mismatched_tables_are_refused_by_name():
    data = yes_or_no()
    with pytest.raises(ValueError, match="array 0 and array 1 differ in 'sample'"):
        statistics.by_family(statistics.SHARE, data, data.isel(sample=slice(5)))
    with pytest.raises(ValueError, match="a table needs"):
        statistics.by_family(statistics.MEAN, data.isel(condition=0))
    with pytest.raises(ValueError, match="image labels for 100 rows of 'sample'"):
        statistics.by_family(statistics.MEAN, data, image=["a"])


def test_a_union_of_none_of_the_families_is_undefined_for_every_reduction():
    pairs = np.array([[0.0, 1.0], [1.0, 1.0]])
    for reduction in (statistics.MEAN, statistics.SHARE, statistics.pooled(statistics.median)):
        table = statistics.by_family(
            reduction, pairs, family=["clean", "white"], image=["a", "b"], unions={"none": []}, resamples=50
        )
        assert table.value.sel(family="none").isnull().all()
        assert table.value.sel(family="white", bound="estimate").item() == 1.0


def test_a_correlation_over_the_pairs_of_a_family_is_scipys_and_drawn_by_image():
    x = 1e6 + pairs(samples=16)  # far from 0: sums of squares alone would cancel
    y = 3 * x.isel(layer=0, drop=True) + RNG.normal(size=(16, 5))
    x[0, 1], y[3, 2] = np.nan, np.nan
    table = statistics.by_family(statistics.CORRELATION, x, y, resamples=200, seed=2)
    assert table.value.dims == ("family", "layer", "bound")
    places = {"a": [1, 2], "b": [3, 4], statistics.ALL: [1, 2, 3, 4]}
    for family, own in places.items():
        for layer in range(3):
            a, b = x.values[:, own, layer].ravel(), y.values[:, own].ravel()
            known = ~np.isnan(a + b)
            here = table.value.sel(family=family).values[layer]
            assert here[0] == pytest.approx(pearsonr(a[known], b[known]).statistic, abs=1e-9)
            assert table.defined.sel(family=family).values[layer] == known.sum()
            cluster = np.repeat(x.image.values, len(own))

            def r(rows, a=a, b=b):
                rows = rows.astype(int)
                known = ~np.isnan(a[rows] + b[rows])
                return np.corrcoef(a[rows][known], b[rows][known])[0, 1]

            rows = np.arange(len(a), dtype=float)
            mine = statistics.bootstrap(r, rows, cluster=cluster, resamples=200, seed=2)
            np.testing.assert_allclose(here, mine, atol=1e-9)


def test_a_correlation_of_two_pairs_or_of_what_does_not_vary_is_undefined():
    x, y = pairs(samples=4, layers=1), pairs(samples=4, layers=1)
    few = x.where(x.sample.isin(["s0", "s1"]) & (x.condition.isin(["a1", "b1", "b2"])))
    table = statistics.by_family(statistics.CORRELATION, few, y, resamples=50)
    assert np.isnan(table.value.sel(family="a")).all()
    assert np.isfinite(table.value.sel(family="b", bound="estimate")).all()
    flat = statistics.by_family(statistics.CORRELATION, xr.full_like(x, 0.1), y, resamples=50)
    assert np.isnan(flat.value).all()
    nothing = statistics.by_family(statistics.CORRELATION, x * np.nan, y, unions={"none": []}, resamples=50)
    assert np.isnan(nothing.value).all()


def test_a_single_family_has_a_table_of_its_own_row():
    one, control = pairs().isel(condition=[1, 2]), pairs().isel(condition=0, drop=True)
    for layers in (one, one.isel(layer=0, drop=True)):
        table = statistics.by_family(statistics.MEAN, layers, unions={}, resamples=20)
        assert table.value.dims == ("family", *layers.dims[2:], "bound")
        assert table.family.values.tolist() == ["a"]
        mean = layers.mean(["sample", "condition"]).values
        np.testing.assert_allclose(table.value.sel(family="a", bound="estimate"), mean)
    for beside in (abs(control), abs(control).isel(layer=0, drop=True)):
        table = statistics.by_family(statistics.PERCENT, one, beside, unions={}, resamples=20)
        expected = 100 * one.mean(["sample", "condition"]) / beside.mean("sample")
        np.testing.assert_allclose(table.value.sel(family="a", bound="estimate"), expected)
    nothing = one.isel(condition=[])
    table = statistics.by_family(statistics.MEAN, nothing, unions={"none": []}, resamples=20)
    assert table.value.isnull().all()
    assert table.sizes["family"] == 1
