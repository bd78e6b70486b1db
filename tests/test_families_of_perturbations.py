"""Any quantity per family, with its interval and its count of what is undefined."""

import numpy as np
import pytest
import xarray as xr

from analyses import statistics

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
    table = statistics.family_means(data)
    # sample 0 has one condition of "a" left and counts as much as the others
    per_sample = np.nanmean(data.values[:, 1:3], axis=1)
    np.testing.assert_allclose(table.value.sel(family="a", bound="estimate"), per_sample.mean(axis=0))
    assert table.value.dims == ("family", "layer", "bound")
    assert table.family.values.tolist() == ["clean", "a", "b", "any"]
    assert table.undefined.sel(family="a").values.tolist() == [1, 1, 1]
    assert table.defined.sel(family="any").values.tolist() == [47, 47, 47]


def test_the_interval_is_that_of_the_bootstrap_by_image():
    data = pairs()
    table = statistics.family_means(data, resamples=300, seed=5)
    mine = data.isel(condition=[3, 4]).mean("condition").values
    estimate, low, high = statistics.bootstrap(statistics.mean, mine, cluster=data.image.values, resamples=300, seed=5)
    np.testing.assert_allclose(table.value.sel(family="b"), np.stack([estimate, low, high], axis=-1))


def test_any_is_the_union_of_the_chosen_families():
    data = pairs()
    table = statistics.family_means(data, any_of=["b"])
    np.testing.assert_allclose(table.value.sel(family="any"), table.value.sel(family="b"))
    with pytest.raises(ValueError, match="any_of names the family 'c'"):
        statistics.family_means(data, any_of=["c"])


def test_the_order_of_the_samples_changes_nothing():
    data = pairs()
    shuffled = data.isel(sample=RNG.permutation(12))
    np.testing.assert_allclose(statistics.family_means(data).value, statistics.family_means(shuffled).value)


def test_a_family_without_a_defined_pair_is_nan_and_counted():
    data = pairs().where(pairs().family != "b")
    table = statistics.family_means(data)
    assert np.isnan(table.value.sel(family="b")).all()
    assert table.undefined.sel(family="b", layer=0).item() == 24


def test_values_per_image_are_their_own_clusters():
    data = pairs().rename(image="picture").rename(sample="image").drop_vars("picture")
    table = statistics.family_means(data)
    assert table.attrs["images"] == 12


def yes_or_no(samples=100):
    data = pairs(samples, layers=1).isel(layer=0, drop=True)
    data.values = RNG.integers(0, 2, data.shape).astype(float)
    return data


def test_a_share_is_the_ratio_of_sums_over_the_pairs_of_a_family():
    trials, cases = yes_or_no(), yes_or_no()
    cases = cases * trials
    trials[0, 1] = np.nan
    table = statistics.family_shares(cases, trials)
    tried = trials.values[:, 1:3]
    happened = np.where(np.isnan(tried), np.nan, cases.values[:, 1:3])
    assert table.value.sel(family="a", bound="estimate").item() == np.nansum(happened) / np.nansum(tried)
    assert table.trials.sel(family="a").item() == np.nansum(tried)
    assert table.cases.sel(family="a").item() == np.nansum(happened)


def test_a_share_of_many_images_carries_the_bootstrap_and_of_few_the_wilson_interval():
    trials, cases = yes_or_no() * 0 + 1, yes_or_no()
    table = statistics.family_shares(cases, trials, resamples=300, seed=2)
    sums = [part.values[:, 3:].sum(axis=1) for part in (cases, trials)]
    bounds = statistics.bootstrap(statistics.ratio, *sums, cluster=cases.image.values, resamples=300, seed=2)
    np.testing.assert_allclose(table.value.sel(family="b"), bounds)
    few = trials.where(trials.image.isin(["i0", "i1"]))
    table = statistics.family_shares(cases, few)
    estimate = cases.values[:4, 3:].mean()
    np.testing.assert_allclose(table.value.sel(family="b")[1:], statistics.wilson(estimate, 2))


def test_a_share_without_trials_is_nan():
    trials = yes_or_no() * 0
    assert np.isnan(statistics.family_shares(trials, trials).value).all()


def test_mismatched_tables_are_refused_by_name():
    data = yes_or_no()
    with pytest.raises(ValueError, match="cases and trials differ in 'sample'"):
        statistics.family_shares(data, data.isel(sample=slice(5)))
    with pytest.raises(ValueError, match="a table needs"):
        statistics.family_means(data.isel(condition=0))
    with pytest.raises(ValueError, match="image labels for 100 rows of 'sample'"):
        statistics.family_means(data, cluster=["a"])
