"""Corruption errors by hand and by loops, and the tables that they refuse."""

import warnings

import numpy as np
import pytest
import xarray as xr

from analyses import corruption, statistics
from analyses.corruption import SmallDenominator

NAN = np.nan
CORRUPTIONS = ["fog", "contrast", "pixelate"]


def errors(seed: int = 0, models: int = 2) -> xr.DataArray:
    """Errors of some models on two datasets under three corruptions at severities 1, 3 and 5."""
    values = np.random.default_rng(seed).uniform(0.1, 0.9, size=(models, 2, 3, 3))
    return xr.DataArray(
        values,
        dims=("model", "dataset", "corruption", "severity"),
        coords={
            "model": [f"m{i}" for i in range(models)],
            "dataset": ["gqa", "vqa"],
            "corruption": CORRUPTIONS,
            "severity": [1, 3, 5],
        },
    )


def clean_errors(seed: int = 0, models: int = 2) -> xr.DataArray:
    return errors(seed, models).isel(corruption=0, severity=0, drop=True) / 4


def pair() -> tuple[xr.DataArray, xr.DataArray]:
    """An aligned and a base model's errors, of one shape."""
    return errors(1).isel(model=0, drop=True), errors(2).isel(model=0, drop=True)


def test_corruption_error_by_hand() -> None:
    # (0.2 + 0.4) / (0.4 + 0.8), (0.3 + 0.6) / (0.3 + 0.3)
    result = corruption.ce(np.array([[0.2, 0.4], [0.3, 0.6]]), np.array([[0.4, 0.8], [0.3, 0.3]]))
    np.testing.assert_allclose(result, [0.5, 1.5])
    assert corruption.mce(result) == pytest.approx(1.0)
    assert corruption.mcr(corruption.mce(result)) == pytest.approx(0.0)


def test_corruption_errors_agree_with_a_loop() -> None:
    error, reference = errors(1), errors(2).isel(model=0)
    result = corruption.ce(error, reference)
    assert result.dims == ("model", "dataset", "corruption")
    for place in np.ndindex(*result.shape):
        one, other = error.values[place], reference.values[place[1:]]
        assert result.values[place] == pytest.approx(sum(one.tolist()) / sum(other.tolist()))
    mean = corruption.mce(result)
    for i, j in np.ndindex(2, 2):
        assert mean.values[i, j] == pytest.approx(sum(result.values[i, j].tolist()) / 3)


def test_relative_corruption_error_by_hand() -> None:
    # added by the corruption: (0.3 - 0.1) + (0.5 - 0.1) = 0.6 to the model, 0.1 + 0.3 = 0.4 to the reference
    result = corruption.relative_ce(
        np.array([[0.3, 0.5]]),
        np.array([[0.3, 0.5]]),
        clean_error=np.array(0.1),
        clean_reference_error=np.array(0.2),
    )
    np.testing.assert_allclose(result, [1.5])


def test_relative_corruption_errors_agree_with_a_loop() -> None:
    error, reference = errors(1), errors(2).isel(model=0)
    clean, own = clean_errors(1).assign_coords(condition="clean"), clean_errors(2).isel(model=0)
    reference = reference.clip(own + 0.02)
    result = corruption.relative_ce(error, reference, clean_error=clean, clean_reference_error=own)
    for i, j, k in np.ndindex(2, 2, 3):
        added = sum(error.values[i, j, k, s] - clean.values[i, j] for s in range(3))
        control = sum(reference.values[j, k, s] - own.values[j] for s in range(3))
        assert result.values[i, j, k] == pytest.approx(added / control)


def test_bare_arrays_give_what_labelled_ones_give() -> None:
    error, reference, clean, own = errors(1), errors(2) / 2 + 0.5, clean_errors(1), clean_errors(2)
    labelled = corruption.relative_ce(error, reference, clean_error=clean, clean_reference_error=own)
    bare = corruption.relative_ce(
        error.values, reference.values, clean_error=clean.values, clean_reference_error=own.values
    )
    assert isinstance(bare, np.ndarray)
    np.testing.assert_array_equal(bare, labelled.values)
    aligned, base = pair()
    for function in (
        corruption.ce,
        corruption.relative_mce_within_pair,
        corruption.advantage,
        corruption.relative_mce_global,
    ):
        np.testing.assert_array_equal(function(aligned.values, base.values), function(aligned, base).values)
    np.testing.assert_array_equal(corruption.mce(labelled.values), corruption.mce(labelled).values)
    np.testing.assert_array_equal(corruption.macro(clean.values), corruption.macro(clean).values)
    np.testing.assert_array_equal(
        corruption.severity_curve(error.values, clean.values), corruption.severity_curve(error, clean).values
    )


def test_the_same_corruption_errors_come_out_of_dask() -> None:
    error, reference = errors(1), errors(2)
    lazy = corruption.ce(error.chunk(model=1), reference.chunk(corruption=1))
    xr.testing.assert_allclose(lazy.compute(), corruption.ce(error, reference))
    lazy = corruption.crossover_severity(error.chunk(model=1), reference.chunk(severity=1))
    xr.testing.assert_allclose(lazy.compute(), corruption.crossover_severity(error, reference))


def test_an_undefined_error_makes_its_corruption_undefined_and_is_counted() -> None:
    error, reference = errors(1), errors(2)
    error[0, 0, 1, 2] = NAN
    reference[0, 0, 1, 0] = NAN
    result = corruption.ce(error, reference)
    assert np.isnan(result.values).sum() == 1
    assert result.undefined.values[0, 0].tolist() == [0, 2, 0]
    mean = corruption.mce(result)
    assert np.isnan(mean.values).tolist() == [[True, False], [False, False]]
    assert mean.undefined.values.tolist() == [[1, 0], [0, 0]]
    left_out = corruption.mce(result.sel(corruption=["fog", "pixelate"]))
    np.testing.assert_allclose(left_out[0, 0], result.values[0, 0, [0, 2]].mean())
    over_datasets = corruption.macro(mean)
    assert np.isnan(over_datasets.values).tolist() == [True, False]
    assert over_datasets.undefined.values.tolist() == [1, 0]
    assert np.isnan(corruption.relative_mce_global(mean[0], mean[1]).values).tolist() == [True, False]


def test_an_undefined_clean_error_makes_all_relative_corruption_errors_undefined() -> None:
    clean = clean_errors(1)
    clean[1, 0] = NAN
    result = corruption.relative_ce(
        errors(1), errors(2) / 2 + 0.5, clean_error=clean, clean_reference_error=clean_errors(2)
    )
    assert np.isnan(result.values).any(axis=-1).tolist() == [[False, False], [True, False]]
    assert (result.undefined[1, 0] == 3).all()


def test_a_small_denominator_is_undefined_and_the_warning_names_the_corruption() -> None:
    error, reference = errors(1), errors(2)
    reference[1, 0, 2] = [0.0, 0.004, 0.01]  # the sum over severities, 0.014, is what counts
    reference[1, 0, 0] = [0.0, 0.01, 0.01]  # 0.02 is not below 0.02
    with pytest.warns(SmallDenominator, match=r"model='m1' dataset='gqa' corruption='pixelate' \(0.014\)\.$"):
        result = corruption.ce(error, reference)
    assert np.isnan(result.values).sum() == 1
    assert np.isnan(result.sel(model="m1", dataset="gqa", corruption="pixelate"))
    assert result.undefined.sum() == 0


def test_rounding_does_not_push_a_denominator_below_the_smallest() -> None:
    reference = np.array([[0.002, 0.009, 0.009]])
    assert reference.sum() < 0.02  # by a last bit: they are twenty thousandths
    np.testing.assert_allclose(corruption.ce(np.full((1, 3), 0.1), reference), 0.3 / 0.02)


def test_the_warning_names_the_corruption_of_a_single_one_too() -> None:
    error = errors(1).sel(model="m0", dataset="gqa", corruption="fog")
    with pytest.warns(SmallDenominator, match="corruption='fog'"):
        assert np.isnan(corruption.ce(error, error * 0))
    with pytest.warns(SmallDenominator, match=r"axis_0=0 \(0\), axis_0=1 \(0\)"):
        corruption.ce(np.full((2, 3), 0.5), np.zeros((2, 3)))


def test_a_long_warning_is_cut() -> None:
    with pytest.warns(SmallDenominator, match=r"and 7 more\.$"):
        corruption.ce(errors(1), errors(1) * 0)


def test_a_reference_that_gets_better_under_the_corruption_is_no_yardstick() -> None:
    error = np.array([[0.5, 0.5]])
    with pytest.warns(SmallDenominator, match="relative_ce"):
        result = corruption.relative_ce(
            error, error - 0.2, clean_error=np.array(0.4), clean_reference_error=np.array(0.4)
        )
    assert np.isnan(result).all()


def test_undefined_denominators_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(corruption.ce(np.array([0.5, 0.5]), np.array([NAN, 0.0])))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda x: x.isel(corruption=slice(0, 2)), "differ in 'corruption': only in error: 'pixelate'"),
        (lambda x: x.isel(severity=slice(0, 2)), "differ in 'severity': only in error: 5"),
        (lambda x: x.isel(severity=slice(None, None, -1)), "another order"),
        (lambda x: x.assign_coords(dataset=["gqa", "mmb"]), "only in error: 'vqa'; only in reference_error: 'mmb'"),
        (lambda x: x.isel(severity=0, drop=True), "reference_error has no dimension 'severity'"),
        (lambda x: x.isel(corruption=0, drop=True), "error has a dimension 'corruption' and reference_error has not"),
        (lambda x: x.isel(dataset=0, drop=True), "error has a dimension 'dataset' and reference_error has not"),
        (lambda x: x.expand_dims(seed=2), "reference_error has a dimension 'seed' and error has not"),
        (lambda x: x * 100, "reference_error holds .*: an error is a share"),
    ],
)
def test_references_that_do_not_fit_are_refused_by_name(broken, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        corruption.ce(errors(1), broken(errors(2)))


def test_bare_arrays_of_another_shape_are_not_broadcast() -> None:
    with pytest.raises(ValueError, match="differ in 'severity': 5 against 1"):
        corruption.ce(np.full((3, 5), 0.5), np.full((3, 1), 0.5))
    with pytest.raises(ValueError, match="has a dimension 'axis_0'"):
        corruption.ce(np.full((3, 5), 0.5), np.full(5, 0.5))
    with pytest.raises(ValueError, match=r"shape \(5,\): its last axes must be corruption, severity"):
        corruption.relative_mce_within_pair(np.full(5, 0.5), np.full(5, 0.5))
    with pytest.raises(TypeError, match="reference_error: a bare array"):
        corruption.ce(errors(1), errors(2).values)


def test_clean_errors_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"clean_error has .*corruption: 3.*but for severity and corruption"):
        corruption.relative_ce(
            errors(1),
            errors(2),
            clean_error=errors(1).isel(severity=0, drop=True),
            clean_reference_error=clean_errors(2),
        )
    with pytest.raises(ValueError, match="differ in 'dataset'"):
        corruption.severity_curve(errors(1), clean_errors(1).assign_coords(dataset=["a", "b"]))


def test_percent_are_refused_wherever_errors_go_in() -> None:
    error, clean = errors(1), clean_errors(1)
    with pytest.raises(ValueError, match="clean_error holds"):
        corruption.severity_curve(error, -clean)
    with pytest.raises(ValueError, match="base_error holds"):
        corruption.advantage(error, 100 * error)
    with pytest.raises(ValueError, match="clean_reference_error holds"):
        corruption.relative_ce(error, error, clean_error=clean, clean_reference_error=100 * clean)
    five = 100 * corruption.alexnet_error().expand_dims(severity=[1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="error holds"):
        corruption.alexnet_ce(five)


def test_a_pair_needs_a_base_for_every_aligned_model() -> None:
    aligned = errors(1).rename(model="pair")
    with pytest.raises(ValueError, match="aligned_error has a dimension 'pair' and base_error has not"):
        corruption.relative_mce_within_pair(aligned, aligned.isel(pair=0, drop=True))
    with pytest.raises(ValueError, match="differ in 'model'"):
        corruption.advantage(errors(1), errors(2).assign_coords(model=["m0", "m2"]))
    with pytest.raises(ValueError, match="aligned_mce has a dimension 'dataset'"):
        corruption.relative_mce_global(clean_errors(1)[0], clean_errors(1)[0, 0])


def test_errors_by_severity_keep_other_names_of_dimensions() -> None:
    error, reference = (x.rename(severity="level", corruption="kind") for x in (errors(1), errors(2)))
    result = corruption.mce(corruption.ce(error, reference, severity="level"), corruption="kind")
    np.testing.assert_array_equal(result, corruption.mce(corruption.ce(errors(1), errors(2))))


def test_the_sum_of_alexnets_errors_is_five_times_their_mean() -> None:
    # a model that errs 0.5, 0.75, 1, 1 and 1 times as often as AlexNet does on average: 4.25 of 5
    factors = xr.DataArray([0.5, 0.75, 1.0, 1.0, 1.0], dims="severity", coords={"severity": [1, 2, 3, 4, 5]})
    error = corruption.alexnet_error() * factors
    np.testing.assert_allclose(corruption.alexnet_ce(error), 4.25 / 5)
    assert corruption.mce(corruption.alexnet_ce(error)) == pytest.approx(4.25 / 5)
    shuffled = error.isel(severity=[4, 0, 3, 1, 2], corruption=[7, 2])
    result = corruption.alexnet_ce(shuffled)
    assert result.corruption.values.tolist() == ["snow", "impulse_noise"]
    np.testing.assert_allclose(result, 4.25 / 5)


def test_alexnet_is_the_mean_over_exactly_five_severities() -> None:
    error = corruption.alexnet_error().expand_dims(severity=[1, 3, 5])
    with pytest.raises(
        ValueError, match=r"severities \[1.0, 3.0, 5.0\]; AlexNet's error is known as the mean over 1-5"
    ):
        corruption.alexnet_ce(error)
    five = corruption.alexnet_error().expand_dims(severity=[1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match=r"no error of AlexNet under 'rain'\. There are: gaussian_noise"):
        corruption.alexnet_ce(five.isel(corruption=[0]).assign_coords(corruption=["rain"]))
    with pytest.raises(TypeError, match="error: a bare array"):
        corruption.alexnet_ce(five.values)
    with pytest.raises(ValueError, match="no names along 'corruption'"):
        corruption.alexnet_ce(five.drop_vars("corruption"))
    with pytest.raises(ValueError, match="reference_error has no dimension 'severity'"):
        corruption.ce(five, corruption.alexnet_error())


def test_alexnet_under_an_undefined_error() -> None:
    error = corruption.alexnet_error().expand_dims(severity=[1, 2, 3, 4, 5]).copy()
    error[2, 4] = NAN
    result = corruption.alexnet_ce(error)
    assert np.flatnonzero(np.isnan(result)).tolist() == [4]
    assert result.undefined.values.tolist() == [0] * 4 + [1] + [0] * 10


def test_the_two_readings_of_relative_mce_by_hand() -> None:
    # CE of aligned over base: 0.4 / 0.2 = 2 and 0.4 / 0.8 = 0.5: their mean is 1.25
    aligned, base, third = np.array([[0.4], [0.4]]), np.array([[0.2], [0.8]]), np.array([[0.4], [0.4]])
    assert corruption.relative_mce_within_pair(aligned, base) == pytest.approx(1.25)
    # against a third model: mCE aligned = (1 + 1) / 2, base = (0.5 + 2) / 2 = 1.25: their ratio is 0.8
    globally = [corruption.mce(corruption.ce(one, third)) for one in (aligned, base)]
    assert corruption.relative_mce_global(*globally) == pytest.approx(0.8)


def test_the_macro_is_the_mean_of_ratios() -> None:
    aligned, base = np.array([1.0, 1.0]), np.array([0.5, 2.0])
    ratios = corruption.relative_mce_global(aligned, base)
    assert corruption.macro(ratios) == pytest.approx((2 + 0.5) / 2)
    assert corruption.macro(aligned) / corruption.macro(base) == pytest.approx(1 / 1.25)


def test_an_interval_of_mce_comes_from_the_bootstrap_by_image() -> None:
    rng = np.random.default_rng(0)
    wrong, reference = rng.random((40, 3, 2)) < 0.3, rng.random((40, 3, 2)) < 0.6

    def statistic(model, base):
        return corruption.mce(corruption.ce(model.mean(axis=0), base.mean(axis=0)))

    estimate, low, high = statistics.bootstrap(
        statistic, 1.0 * wrong, 1.0 * reference, cluster=np.repeat(np.arange(20), 2), resamples=200
    )
    assert float(estimate) == pytest.approx((wrong.sum((0, 2)) / reference.sum((0, 2))).mean())
    assert 0.3 < low < estimate < high < 0.8
