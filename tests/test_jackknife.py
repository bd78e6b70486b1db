"""Jackknife intervals against scipy's t interval, and where there is none."""

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from analyses import statistics

NAN = np.nan


def without_each(values: np.ndarray) -> xr.DataArray:
    """The mean without each value along the last axis."""
    n = values.shape[-1]
    means = (values.sum(axis=-1, keepdims=True) - values) / (n - 1)
    return xr.DataArray(means, dims=("family", "left_out")[-values.ndim :])


def test_the_interval_of_a_mean_is_students() -> None:
    values = np.random.default_rng(0).normal(size=(3, 12))
    estimate = xr.DataArray(values.mean(axis=-1), dims="family", coords={"family": list("abc")})
    for level in (0.95, 0.5):
        bounds = statistics.jackknife(estimate, without_each(values).assign_coords(family=list("abc")), level=level)
        assert bounds.dims == ("family", "bound")
        assert bounds.bound.values.tolist() == ["estimate", "low", "high"]
        expected = scipy.stats.t.interval(level, 11, loc=values.mean(axis=-1), scale=scipy.stats.sem(values, axis=-1))
        np.testing.assert_allclose(bounds.sel(bound="low"), expected[0])
        np.testing.assert_allclose(bounds.sel(bound="high"), expected[1])
        np.testing.assert_allclose(bounds.sel(bound="estimate"), estimate)


def test_the_interval_of_a_correlation_has_scipys_standard_error() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=40)
    y = x + rng.normal(size=40)
    left_out = [scipy.stats.pearsonr(np.delete(x, k), np.delete(y, k))[0] for k in range(40)]
    bounds = statistics.jackknife(xr.DataArray(scipy.stats.pearsonr(x, y)[0]), xr.DataArray(left_out, dims="left_out"))
    drawn = scipy.stats.bootstrap(
        (x, y), lambda x, y: scipy.stats.pearsonr(x, y)[0], paired=True, vectorized=False, n_resamples=2000, rng=rng
    )
    half = (bounds.sel(bound="high") - bounds.sel(bound="low")).item() / 2
    assert half == pytest.approx(scipy.stats.t.ppf(0.975, 39) * drawn.standard_error, rel=0.15)


def test_one_image_or_an_undefined_entry_leaves_the_estimate_alone() -> None:
    for left_out in ([], [1.0], [1.0, NAN, 2.0]):
        bounds = statistics.jackknife(xr.DataArray(1.0), xr.DataArray(np.array(left_out, float), dims="left_out"))
        np.testing.assert_array_equal(bounds, [1.0, NAN, NAN])
    bounds = statistics.jackknife(xr.DataArray(NAN), xr.DataArray([1.0, 2.0], dims="left_out"))
    assert bounds.isnull().all()


def test_what_does_not_vary_has_no_width() -> None:
    bounds = statistics.jackknife(xr.DataArray(1.0), xr.DataArray(np.ones(5), dims="left_out"))
    np.testing.assert_array_equal(bounds, [1.0, 1.0, 1.0])


def test_the_order_of_images_does_not_matter() -> None:
    left_out = without_each(np.random.default_rng(2).normal(size=9))
    np.testing.assert_allclose(
        statistics.jackknife(xr.DataArray(0.0), left_out[::-1]), statistics.jackknife(xr.DataArray(0.0), left_out)
    )


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="it needs 'left_out' beside them"):
        statistics.jackknife(xr.DataArray(0.0), xr.DataArray([1.0], dims="image"))
    with pytest.raises(ValueError, match="level=95"):
        statistics.jackknife(xr.DataArray(0.0), xr.DataArray([1.0], dims="left_out"), level=95)
