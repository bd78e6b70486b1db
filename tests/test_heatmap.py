"""The Fourier heat map by hand, by a loop, and on the waves of the frequency suite."""

import numpy as np
import pytest
import xarray as xr

from analyses import statistics
from analyses.frequency import heatmap
from probe.perturbations.frequency import CYCLES, FAMILIES, basis

NAN = np.nan


def waves(pairs: list[tuple[int, int]], samples: int = 4, seed: int = 0) -> xr.DataArray:
    """Drifts of samples, two to an image, under one wave each of the given frequencies."""
    return xr.DataArray(
        np.random.default_rng(seed).uniform(size=(samples, len(pairs))),
        dims=("sample", "condition"),
        coords={
            "sample": [f"s{k}" for k in range(samples)],
            "image": ("sample", [f"x{k // 2}" for k in range(samples)]),
            "condition": [f"fourier_basis:i={i},j={j}" for i, j in pairs],
            "i": ("condition", [i for i, _ in pairs]),
            "j": ("condition", [j for _, j in pairs]),
        },
    )


def suite() -> list[tuple[int, int]]:
    family = next(family for family in FAMILIES if family.name == "fourier_basis")
    return [(int(one["i"]), int(one["j"])) for one in family.listed]


def test_a_map_by_hand() -> None:
    # axes -1, 0, 1; (1, 0) fills (-1, 0), (1, -1) fills (-1, 1); (1, 1) was not run, nor its twin
    values = waves([(0, 0), (1, 0), (1, -1)], samples=1).copy(data=[[0.1, 0.2, 0.3]])
    result = heatmap.fourier(values)
    assert result.dims == ("sample", "i", "j")
    assert result.i.values.tolist() == result.j.values.tolist() == [-1, 0, 1]
    np.testing.assert_array_equal(result[0], [[NAN, 0.2, 0.3], [NAN, 0.1, NAN], [0.3, 0.2, NAN]])
    assert result.attrs["missing"] == 4
    assert int(result.measured.sum()) == 3
    assert result.measured.sel(i=1, j=-1)
    assert not result.measured.sel(i=-1, j=1)


def test_every_wave_of_the_suite_and_its_twin_has_its_place() -> None:
    values = waves(suite())
    result = heatmap.fourier(values)
    side = 2 * len(CYCLES) - 1
    assert result.shape == (4, side, side)
    assert result.attrs["missing"] == 0
    assert result.notnull().all()
    assert int(result.measured.sum()) == len(suite())
    for i in result.i.values:
        for j in result.j.values:
            run = (i, j) if (i, j) in suite() else (-i, -j)
            expected = values.sel(condition=f"fourier_basis:i={run[0]},j={run[1]}")
            np.testing.assert_array_equal(result.sel(i=i, j=j), expected)


def test_a_wave_and_its_twin_have_the_same_two_frequencies() -> None:
    for i, j in [(1, 0), (2, -3), (0, 4)]:
        power = [np.abs(np.fft.fft2(basis(16, 16, *wave))) ** 2 for wave in ((i, j), (-i, -j))]
        np.testing.assert_allclose(power[0], power[1], atol=1e-9)
        assert (power[0] > 1e-6).sum() == 2
        assert power[0][i, j] > 1e-6
        assert power[0][-i, -j] > 1e-6


def test_where_both_phases_were_run_each_keeps_its_own() -> None:
    values = waves([(1, 2), (-1, -2)], samples=1).copy(data=[[0.25, 0.75]])
    result = heatmap.fourier(values)
    assert result.sel(i=1, j=2).item() == 0.25
    assert result.sel(i=-1, j=-2).item() == 0.75


def test_an_undefined_value_is_undefined_in_both_places_and_for_its_sample_alone() -> None:
    values = waves([(0, 0), (1, 1)])
    values[2, 1] = NAN
    result = heatmap.fourier(values)
    for i, j in ((1, 1), (-1, -1)):
        assert result.sel(i=i, j=j).isnull().values.tolist() == [False, False, True, False]
    # a measured wave without a value is no hole to be filled from elsewhere
    both = waves([(1, 0), (-1, 0)])
    both[0, 1] = NAN
    assert np.isnan(heatmap.fourier(both).sel(sample="s0", i=-1, j=0))


def test_the_map_of_a_model_is_the_mean_over_samples_with_an_interval_by_image() -> None:
    values = waves([(0, 0), (0, 1), (1, -1), (1, 0), (1, 1)], samples=12)
    estimate, low, high = statistics.bootstrap(
        statistics.mean, heatmap.fourier(values), cluster="image", resamples=200, seed=1
    )
    assert estimate.dims == ("i", "j")
    np.testing.assert_allclose(estimate.sel(i=0, j=-1), values.sel(condition="fourier_basis:i=0,j=1").mean())
    assert ((low <= estimate) & (estimate <= high)).all()
    assert (low < high).all()


def test_bare_arrays_other_dimensions_and_dask() -> None:
    values = waves(suite())
    expected = heatmap.fourier(values)
    bare = heatmap.fourier(values.values, i=values.i.values, j=values.j.values)
    np.testing.assert_array_equal(bare, expected)
    assert bare.i.values.tolist() == expected.i.values.tolist()
    lazy = heatmap.fourier(values.chunk(sample=1, condition=20))
    assert lazy.chunks is not None
    xr.testing.assert_identical(lazy.compute(), expected)
    layers = xr.concat([values, 2 * values], xr.IndexVariable("layer", [0, 5])).transpose("sample", "condition", ...)
    result = heatmap.fourier(layers)
    assert result.dims == ("sample", "layer", "i", "j")
    np.testing.assert_array_equal(result.sel(layer=5), 2 * expected)


def test_frequencies_of_any_integer_type_are_mirrored() -> None:
    values = waves([(0, 1), (2, 1)], samples=1)
    small = values.assign_coords(i=values.i.astype(np.uint8), j=values.j.astype(np.int8))
    xr.testing.assert_equal(heatmap.fourier(small), heatmap.fourier(values))


def test_unclear_waves_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'fourier_basis:i=0,j=1' and condition 'fourier_basis:i=0,j=1' both have"):
        heatmap.fourier(waves([(0, 1), (0, 1)]))
    with pytest.raises(ValueError, match="no coordinate 'j'"):
        heatmap.fourier(waves([(0, 1)]).drop_vars("j"))
    with pytest.raises(ValueError, match="'fourier_basis:i=0,j=1' has no i"):
        heatmap.fourier(waves([(0, 1), (1, 1)]), i=[NAN, 1])
    with pytest.raises(ValueError, match="i counts whole cycles"):
        heatmap.fourier(waves([(0, 1), (1, 1)]), i=[0.5, 1])
    with pytest.raises(ValueError, match="i must be a number"):
        heatmap.fourier(waves([(0, 1), (1, 1)]), i=["0", "1"])
