"""Slopes against noise power, by hand and against scipy."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from analyses import drift
from analyses.frequency import sensitivity
from probe.perturbations.frequency import FAMILIES, banded_noise

NAN = np.nan
LEVELS = [1.0, 2.0, 4.0, 8.0, 16.0]


def responses(samples: int = 6, seed: int = 0) -> xr.DataArray:
    """Erosions of samples under the suite's band noise: 2 bands, 5 levels."""
    family = next(family for family in FAMILIES if family.name == "band_noise")
    parameters = [(str(one["band"]), float(one["epsilon"])) for one in family.listed]
    return xr.DataArray(
        np.random.default_rng(seed).normal(size=(samples, len(parameters))),
        dims=("sample", "condition"),
        coords={
            "sample": [f"s{k}" for k in range(samples)],
            "condition": [f"band_noise:band={band},epsilon={epsilon:g}" for band, epsilon in parameters],
            "band": ("condition", [band for band, _ in parameters]),
            "epsilon": ("condition", [epsilon for _, epsilon in parameters]),
        },
    )


def test_a_slope_by_hand() -> None:
    # powers 1, 4, 16, mean 7, deviations -6, -3, 9; responses 1, 1, 4, mean 2, deviations -1, -1, 2
    # (6 + 3 + 18) / (36 + 9 + 81) = 27 / 126
    result = sensitivity.slope(np.array([[1.0, 1.0, 4.0]]), epsilon=[1, 2, 4], band=["low"] * 3)
    np.testing.assert_allclose(result, [[27 / 126]], rtol=1e-15)
    assert result.dims == ("sample", "band")
    assert result.points.values.tolist() == [[3]]


def test_slopes_agree_with_scipy_for_every_sample_and_band() -> None:
    values = responses()
    result = sensitivity.slope(values)
    assert result.band.values.tolist() == ["low", "high"]
    assert (result.points == 5).all()
    for sample in values["sample"].values:
        for band in ("low", "high"):
            one = values.sel(sample=sample).isel(condition=values.band == band)
            fit = stats.linregress(one.epsilon.values**2, one.values)
            np.testing.assert_allclose(result.sel(sample=sample, band=band), fit.slope, rtol=1e-10)


def test_undefined_pairs_are_left_out_and_counted() -> None:
    values = responses()
    values[0, [1, 3]] = NAN  # low, levels 2 and 8
    result = sensitivity.slope(values)
    fit = stats.linregress(np.array([1.0, 16.0, 256.0]), values.values[0, [0, 2, 4]])
    np.testing.assert_allclose(result.sel(sample="s0", band="low"), fit.slope, rtol=1e-10)
    assert result.points.sel(sample="s0").values.tolist() == [3, 5]
    untouched = sensitivity.slope(responses())
    np.testing.assert_array_equal(result[1:], untouched[1:])


def test_fewer_than_two_powers_have_no_slope() -> None:
    values = responses()
    values[0, 1:5] = NAN
    values[1, 0:5] = NAN
    result = sensitivity.slope(values).sel(band="low")
    assert np.isnan(result[:2]).all()
    assert result[2:].notnull().all()
    assert result.points[:3].values.tolist() == [1, 0, 5]
    single = values.isel(condition=values.epsilon == 4.0)
    assert sensitivity.slope(single).isnull().all()


def test_an_infinite_response_has_no_slope() -> None:
    values = responses()
    values[0, 2] = np.inf
    result = sensitivity.slope(values)
    assert np.isnan(result.sel(sample="s0", band="low"))
    assert int(result.isnull().sum()) == 1


def test_a_band_that_was_not_run_at_some_level_is_fitted_on_the_others() -> None:
    values = responses()
    fewer = values.isel(condition=slice(0, 8))  # high at 1, 2, 4
    result = sensitivity.slope(fewer)
    assert result.points.sel(band="high").values.tolist() == [3] * 6
    np.testing.assert_array_equal(result.sel(band="low"), sensitivity.slope(values).sel(band="low"))
    grid = sensitivity.by_band(fewer)
    assert grid.dims == ("sample", "band", "epsilon")
    assert grid.measured.sel(band="high").values.tolist() == [True, True, True, False, False]


def test_float32_drifts_are_summed_in_float64() -> None:
    values = (1e4 + responses()).astype(np.float32)
    result = sensitivity.slope(values)
    assert result.dtype == np.float64
    xr.testing.assert_allclose(result, sensitivity.slope(values.astype(np.float64)), rtol=1e-12)


def test_layers_and_images_keep_their_places_in_memory_and_under_dask() -> None:
    values = responses()
    layers = xr.concat([values, -3 * values], xr.IndexVariable("layer", [0, 7])).rename(sample="image")
    result = sensitivity.slope(layers)
    assert set(result.dims) == {"layer", "image", "band"}
    np.testing.assert_allclose(result.sel(layer=7), -3 * sensitivity.slope(values), rtol=1e-12)
    lazy = sensitivity.slope(layers.chunk(image=2, condition=3))
    assert lazy.chunks is not None
    xr.testing.assert_allclose(lazy.compute(), result, rtol=1e-12)


def test_slope_of_drift_from_states() -> None:
    # the state moves by epsilon^2 along one axis: euclidean drift has slope 1 in the power
    clean = xr.DataArray(np.ones((2, 3)), dims=("sample", "feature"), coords={"sample": ["a", "b"]})
    power = xr.DataArray(np.square(LEVELS), dims="condition")
    moved = clean + power * xr.DataArray([1.0, 0.0, 0.0], dims="feature")
    result = sensitivity.slope(drift.euclidean(clean, moved), epsilon=LEVELS, band=["low"] * 5)
    np.testing.assert_allclose(result, 1.0)


@pytest.mark.parametrize(("side", "factor"), [(64, 0.06), (512, 0.04)])
def test_noise_of_either_band_has_the_power_that_the_docstring_tells(side: int, factor: float) -> None:
    for band in ("low", "high"):
        draws = (
            banded_noise(side, side, np.random.default_rng(seed), band=band, epsilon=2, cut=0.25) for seed in range(8)
        )
        assert np.mean([np.mean(noise**2) for noise in draws]) == pytest.approx(factor * 2**2, rel=0.15)


def test_conditions_that_are_no_band_noise_are_refused_by_name() -> None:
    values = responses()
    with pytest.raises(ValueError, match="'band_noise:band=low,epsilon=1' has no epsilon"):
        sensitivity.slope(values, epsilon=[NAN, *values.epsilon.values[1:]])
    with pytest.raises(ValueError, match=r"both have band=low, epsilon=1\.0"):
        sensitivity.slope(xr.concat([values, values], "condition"))
    with pytest.raises(ValueError, match="no coordinate 'band'"):
        sensitivity.slope(values.drop_vars("band"))
    with pytest.raises(ValueError, match=r"epsilon=-1\.0"):
        sensitivity.slope(values, epsilon=-values.epsilon.values / 16)
    with pytest.raises(ValueError, match="epsilon must be a number"):
        sensitivity.slope(values, epsilon=values.epsilon.values.astype(str))
