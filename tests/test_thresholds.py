"""Flip thresholds by hand, by a loop, and on the cutoffs of the frequency suite."""

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from analyses import flips
from analyses.frequency import thresholds
from probe.perturbations import generator
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
    # the same rows swept the other way, 0.25, 0.5
    result = thresholds.high_pass(sweep())
    np.testing.assert_array_equal(result, [0.5, NAN, 0.25, NAN, NAN])
    assert result.never.values.tolist() == [False, True, False, False, False]


def test_the_clean_and_the_flat_picture_are_no_part_of_a_sweep() -> None:
    for cutoff in (0.0, 1.0):
        flat = sweep()
        flat[:, CUTOFFS.index(cutoff)] = 1.0
        for function in (thresholds.low_pass, thresholds.high_pass):
            xr.testing.assert_identical(function(flat), function(sweep()))
        ends = sweep().sel(condition=["low_pass:cutoff=1", "low_pass:cutoff=0"])
        assert thresholds.low_pass(ends).isnull().all()
        assert not thresholds.low_pass(ends).never.any()
        assert thresholds.low_pass_survival(ends).sizes == {"sample": 5, "cutoff": 0}


def test_the_flat_picture_of_either_sweep_is_flat() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (33, 40, 3)).astype(np.uint8)
    shades = np.linspace(40, 200, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    by_name = {family.name: family for family in FAMILIES}
    for name, cutoff, photo in (("low_pass", 0.0, pixels), ("high_pass", 1.0, shades)):
        family = by_name[name]
        condition = family.condition(cutoff=cutoff)
        made = family.function(photo, generator(0, "a", condition.id), **family.settings(condition))
        assert len(np.unique(made.reshape(-1, 3), axis=0)) == 1


def test_survival_by_hand() -> None:
    # low-pass, 0.5 then 0.25: a and d have flipped at 0.5, b never does, of c and e nobody knows
    low = thresholds.low_pass_survival(sweep())
    assert low.dims == ("sample", "cutoff")
    assert low.cutoff.values.tolist() == [0.5, 0.25]
    np.testing.assert_array_equal(low, [[0, 0], [1, 1], [NAN, NAN], [0, 0], [NAN, NAN]])
    # high-pass, 0.25 then 0.5: a flips at 0.5, c at 0.25
    high = thresholds.high_pass_survival(sweep())
    assert high.cutoff.values.tolist() == [0.25, 0.5]
    np.testing.assert_array_equal(high, [[1, 0], [1, 1], [0, 0], [NAN, NAN], [NAN, NAN]])
    np.testing.assert_array_equal(thresholds.low_pass_survival(sweep().values, cutoff=CUTOFFS), low)
    assert set(low.coords) == {"sample", "cutoff"}


def test_the_share_that_survives_is_that_of_scipy() -> None:
    rng = np.random.default_rng(1)
    cutoffs = np.round(np.linspace(0.1, 0.9, 9), 2)
    flipped = (rng.random((300, 9)) < 0.1).astype(float)
    first = thresholds.high_pass(flipped, cutoff=cutoffs)
    never = np.isnan(first)
    assert 0.2 < never.mean() < 0.6
    share = thresholds.high_pass_survival(flipped, cutoff=cutoffs).mean("sample")
    data = scipy.stats.CensoredData.right_censored(np.where(never, 1.0, first), never)
    curve = scipy.stats.ecdf(data).sf
    np.testing.assert_allclose(share, curve.evaluate(cutoffs))
    # the median of all, those that never flip beyond the end
    assert thresholds.median(share).item() == np.sort(np.where(never, np.inf, first))[149]
    # a mean of those that flip is another thing: it says nothing about most
    assert np.nanmean(first) < thresholds.median(share).item()


def test_the_median_lies_where_half_have_changed_and_nowhere_where_fewer_do() -> None:
    coords = {"cutoff": [0.8, 0.5, 0.2]}
    curves = xr.DataArray(
        [[0.9, 0.6, 0.51], [0.9, 0.5, 0.4], [0.5, 0.1, 0.0], [0.9, NAN, 0.1]], dims=("family", "cutoff"), coords=coords
    )
    np.testing.assert_array_equal(thresholds.median(curves), [NAN, 0.5, 0.8, NAN])


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
        inner = [cutoff for cutoff in cutoffs if 0 < cutoff < 1]
        assert len(inner) == 8
        flipped = rng.choice([0.0, 0.0, 0.0, 1.0, NAN], size=(200, 10), p=[0.4, 0.2, 0.2, 0.15, 0.05])
        result = function(flipped, cutoff=cutoffs)
        for row, found in zip(flipped, result, strict=True):
            expected = NAN
            for cutoff, flip in sorted(zip(cutoffs, row, strict=True), key=lambda step: sign * step[0]):
                if cutoff in inner and flip != 0:
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
    # 1 - sweep: the rows 0 1, 1 1, nan 0, 0 nan and 1 nan at the cutoffs 0.5 and 0.25
    np.testing.assert_array_equal(result.sel(model="aligned"), [0.25, 0.5, NAN, NAN, 0.5])
    survival = thresholds.low_pass_survival(several)
    assert set(survival.dims) == {"model", "sample", "cutoff"}
    np.testing.assert_array_equal(survival.sel(model="base"), thresholds.low_pass_survival(sweep()))


def test_dask_and_memory_give_the_same_threshold() -> None:
    lazy = thresholds.low_pass(sweep().chunk(sample=2, condition=1))
    assert lazy.chunks is not None
    xr.testing.assert_identical(lazy.compute(), thresholds.low_pass(sweep()))
    lazy = thresholds.low_pass_survival(sweep().chunk(sample=2, condition=1))
    xr.testing.assert_identical(lazy.compute(), thresholds.low_pass_survival(sweep()))


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
