"""Conditions laid out along their parameters, against a loop over conditions."""

import dask.array
import numpy as np
import pytest
import xarray as xr

from analyses.frequency import layout


def noisy(seed: int = 0) -> xr.DataArray:
    """Values of 3 samples at 2 layers under 5 conditions, of which no two share band and epsilon."""
    return xr.DataArray(
        np.random.default_rng(seed).normal(size=(3, 5, 2)).astype(np.float32),
        dims=("sample", "condition", "layer"),
        coords={
            "sample": ["a", "b", "c"],
            "image": ("sample", ["x", "x", "y"]),
            "condition": [f"noise:{k}" for k in range(5)],
            "family": ("condition", ["band_noise"] * 5),
            "band": ("condition", ["low", "high", "low", "high", "low"]),
            "epsilon": ("condition", [16.0, 1.0, 2.0, 2.0, 1.0]),
            "layer": [0, 3],
        },
        attrs={"units": "nats"},
    )


def test_every_condition_lands_where_its_parameters_say() -> None:
    values = noisy()
    grid = layout.unfold(values, {"band": "band", "epsilon": "epsilon"})
    assert grid.dims == ("sample", "layer", "band", "epsilon")
    assert grid.band.values.tolist() == ["low", "high"]
    assert grid.epsilon.values.tolist() == [1.0, 2.0, 16.0]
    for k in range(5):
        one = values.isel(condition=k)
        np.testing.assert_array_equal(grid.sel(band=one.band, epsilon=one.epsilon), one)
    # high at 16 was not run
    assert grid.measured.values.tolist() == [[True, True, True], [True, True, False]]
    assert grid.sel(band="high", epsilon=16.0).isnull().all()
    assert int(grid.isnull().sum()) == 3 * 2


def test_labels_of_samples_stay_and_those_of_conditions_and_the_unit_go() -> None:
    grid = layout.unfold(noisy(), {"band": "band", "epsilon": "epsilon"})
    assert set(grid.coords) == {"sample", "image", "layer", "band", "epsilon", "measured"}
    assert grid.attrs == {}
    assert grid.dtype == np.float32


def test_lists_serve_as_well_as_coordinates_and_bare_arrays_as_labelled_ones() -> None:
    values = noisy()
    lists = {"band": values.band.values.tolist(), "epsilon": values.epsilon.values.tolist()}
    expected = layout.unfold(values, {"band": "band", "epsilon": "epsilon"})
    xr.testing.assert_identical(layout.unfold(values, lists), expected)
    np.testing.assert_array_equal(layout.unfold(values.values, lists), expected)


def test_dask_and_memory_give_the_same_layout() -> None:
    axes = {"band": "band", "epsilon": "epsilon"}
    lazy = layout.unfold(noisy().chunk(sample=1, condition=2), axes)
    assert isinstance(lazy.data, dask.array.Array)
    xr.testing.assert_identical(lazy.compute(), layout.unfold(noisy(), axes))


def test_undefined_values_stay_undefined_in_measured_places() -> None:
    values = noisy()
    values[0, 2] = np.nan
    grid = layout.unfold(values, {"band": "band", "epsilon": "epsilon"})
    one = grid.sel(sample="a", band="low", epsilon=2.0)
    assert one.isnull().all()
    assert one.measured


def test_whole_numbers_and_flags_become_floats_that_can_be_undefined() -> None:
    assert layout.unfold(np.array([[True, False]]), {"cutoff": [1, 0]}).values.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ({"cutoff": "cutoff"}, "no coordinate 'cutoff'"),
        ({"epsilon": [1, 2]}, r"\(2,\) values of epsilon for 5 conditions"),
        ({"band": "band"}, "condition 'noise:0' and condition 'noise:2' both have band=low"),
        ({"epsilon": [1, 2, np.nan, 3, 4]}, "condition 'noise:2' has no epsilon"),
        ({"band": ["low", "", "a", "b", "c"]}, "condition 'noise:1' has no band"),
        ({"layer": [1, 2, 3, 4, 5]}, "a dimension 'layer' exists already"),
    ],
)
def test_conditions_without_a_place_of_their_own_are_refused_by_name(axes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        layout.unfold(noisy(), axes)


def test_unlabelled_conditions_are_named_by_number() -> None:
    with pytest.raises(ValueError, match="condition number 0 and condition number 1 both have cutoff=1"):
        layout.unfold(np.ones((2, 2)), {"cutoff": [1, 1]})


def test_no_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="no condition to lay out"):
        layout.unfold(noisy().isel(condition=[]), {"epsilon": "epsilon"})
    with pytest.raises(ValueError, match="no condition to lay out"):
        layout.unfold(noisy().rename(condition="view"), {"epsilon": "epsilon"})


def test_numbers_are_told_from_texts() -> None:
    grid = layout.unfold(noisy(), {"band": "band", "epsilon": "epsilon"})
    assert layout.numbers(grid, "epsilon").tolist() == [1.0, 2.0, 16.0]
    with pytest.raises(ValueError, match="band must be a number for every condition, not a text such as 'low'"):
        layout.numbers(grid, "band")
