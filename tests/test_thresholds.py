"""Flip thresholds by hand, by a loop, and on the cutoffs of the frequency suite."""

import numpy as np
import pytest
import xarray as xr

from analyses import flips
from analyses.frequency import thresholds
from probe.perturbations.frequency import FAMILIES

NAN = np.nan
CUTOFFS = [1.0, 0.5, 0.25, 0.0]


def sweep() -> xr.DataArray:
    """Whether 5 samples flip at 4 cutoffs, listed from 1 down."""
    values = [
        [0, 1, 0, 1],  # flips at 0.5, comes back, flips again
        [0, 0, 0, 0],  # never
        [0, NAN, 1, 1],  # may have flipped at 0.5
        [0, 1, NAN, 1],  # has flipped at 0.5, whatever 0.25 was
        [0, 0, NAN, 0],  # nothing is seen to flip, one cutoff is unknown
    ]
    return xr.DataArray(
        np.array(values, float),
        dims=("sample", "condition"),
        coords={
            "sample": list("abcde"),
            "condition": [f"low_pass:cutoff={cutoff:g}" for cutoff in CUTOFFS],
            "family": ("condition", ["low_pass"] * 4),
            "cutoff": ("condition", CUTOFFS),
        },
    )


def test_low_pass_threshold_by_hand() -> None:
    # swept 1, 0.5, 0.25, 0: the first 1 of each row above; c is undefined before its first flip
    result = thresholds.low_pass(sweep())
    np.testing.assert_array_equal(result, [0.5, NAN, NAN, 0.5, NAN])
    assert result.never.values.tolist() == [False, True, False, False, False]
    assert result.undefined.values.tolist() == [0, 0, 1, 1, 1]


def test_high_pass_threshold_by_hand() -> None:
    # the same rows swept the other way, 0, 0.25, 0.5, 1
    result = thresholds.high_pass(sweep())
    np.testing.assert_array_equal(result, [0.0, NAN, 0.0, 0.0, NAN])
    assert result.never.values.tolist() == [False, True, False, False, False]


def test_the_sweep_goes_by_cutoff_whatever_the_order_of_the_conditions() -> None:
    for order in ([2, 0, 3, 1], [3, 2, 1, 0]):
        shuffled = sweep().isel(condition=order)
        xr.testing.assert_identical(thresholds.low_pass(shuffled), thresholds.low_pass(sweep()))
        xr.testing.assert_identical(thresholds.high_pass(shuffled), thresholds.high_pass(sweep()))


def test_bare_arrays_and_lists_give_the_same_as_labels() -> None:
    result = thresholds.low_pass(sweep().values, cutoff=CUTOFFS)
    assert isinstance(result, np.ndarray)
    np.testing.assert_array_equal(result, thresholds.low_pass(sweep()))
    np.testing.assert_array_equal(thresholds.high_pass(sweep(), cutoff=CUTOFFS), thresholds.high_pass(sweep()))


def test_thresholds_agree_with_a_loop_over_the_suites_own_cutoffs() -> None:
    rng = np.random.default_rng(0)
    for name, function, sign in (("low_pass", thresholds.low_pass, -1), ("high_pass", thresholds.high_pass, 1)):
        family = next(family for family in FAMILIES if family.name == name)
        cutoffs = [float(one["cutoff"]) for one in family.listed]
        assert len(cutoffs) == 10
        flipped = rng.choice([0.0, 0.0, 0.0, 1.0, NAN], size=(200, 10), p=[0.4, 0.2, 0.2, 0.15, 0.05])
        result = function(flipped, cutoff=cutoffs)
        for row, found in zip(flipped, result, strict=True):
            expected = NAN
            for cutoff, flip in sorted(zip(cutoffs, row, strict=True), key=lambda step: sign * step[0]):
                if flip != 0:
                    expected = cutoff if flip == 1 else NAN
                    break
            np.testing.assert_equal(found, expected)
        assert 20 < np.isnan(result).sum() < 180


def test_other_dimensions_and_labels_of_samples_stay() -> None:
    several = xr.concat([sweep(), 1 - sweep()], xr.IndexVariable("model", ["base", "aligned"]))
    several = several.assign_coords(image=("sample", list("xxyyz")))
    result = thresholds.low_pass(several)
    assert set(result.dims) == {"model", "sample"}
    assert set(result.coords) == {"model", "sample", "image", "never", "undefined"}
    np.testing.assert_array_equal(result.sel(model="base"), thresholds.low_pass(sweep()))
    # 1 - sweep flips at cutoff 1 for every sample
    np.testing.assert_array_equal(result.sel(model="aligned"), 1.0)


def test_dask_and_memory_give_the_same_threshold() -> None:
    lazy = thresholds.low_pass(sweep().chunk(sample=2, condition=1))
    assert lazy.chunks is not None
    xr.testing.assert_identical(lazy.compute(), thresholds.low_pass(sweep()))


def test_thresholds_of_flips_themselves() -> None:
    choice = xr.DataArray([[0, 0, 2, 1], [1, -1, 1, 0]], dims=("sample", "condition"), coords={"sample": ["a", "b"]})
    flipped = flips.flipped(choice, choice.isel(condition=0))
    result = thresholds.low_pass(flipped, cutoff=CUTOFFS)
    np.testing.assert_array_equal(result, [0.25, NAN])


def test_conditions_of_another_family_are_refused_by_name() -> None:
    with_clean = sweep().assign_coords(cutoff=("condition", [NAN, 0.5, 0.25, 0.0]))
    with pytest.raises(ValueError, match="condition 'low_pass:cutoff=1' has no cutoff"):
        thresholds.low_pass(with_clean)
    both = xr.concat([sweep(), sweep()], "condition")
    with pytest.raises(ValueError, match=r"both have cutoff=1\.0"):
        thresholds.high_pass(both)


def test_cutoffs_that_are_missing_or_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="no coordinate 'cutoff'"):
        thresholds.low_pass(sweep().drop_vars("cutoff"))
    with pytest.raises(ValueError, match="cutoff must be a number"):
        thresholds.low_pass(sweep(), cutoff=["1", "0.5", "0.25", "0"])
    with pytest.raises(ValueError, match="3,\\) values of cutoff for 4 conditions"):
        thresholds.low_pass(sweep(), cutoff=[1, 0.5, 0])
