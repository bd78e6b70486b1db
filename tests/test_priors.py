"""Drift to prior in its three forms, by hand and by loops."""

import numpy as np
import pytest
import xarray as xr
from scipy.spatial import distance

from analyses import margins, priors, statistics

NAN = np.nan


def vectors(samples: int = 5, seed: int = 0) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """States of samples when clean, under three conditions, and at the prior."""
    rng = np.random.default_rng(seed)
    sample = {"sample": [f"s{k}" for k in range(samples)]}
    clean, prior = (
        xr.DataArray(rng.normal(size=(samples, 8)), dims=("sample", "feature"), coords={**sample, "condition": name})
        for name in ("clean", "white")
    )
    moved = xr.DataArray(
        rng.normal(size=(samples, 3, 8)),
        dims=("sample", "condition", "feature"),
        coords={**sample, "condition": ["blur:1", "blur:2", "fog:1"]},
    )
    return clean, moved, prior


def chosen() -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Choices of 4 samples under 3 conditions, when clean, and at the prior."""
    sample = {"sample": list("abcd")}
    choice = xr.DataArray(
        [[0, 1, 2], [1, 1, 3], [2, -1, 0], [0, 1, 1]],
        dims=("sample", "condition"),
        coords={**sample, "condition": ["x", "y", "z"]},
    )
    clean, prior = (xr.DataArray(values, dims="sample", coords=sample) for values in ([0, 0, 2, 0], [1, 1, 0, 0]))
    return choice, clean, prior


# margins


def test_margin_drift_by_hand() -> None:
    # clean 3, prior -1: the way is -4; 3 -> 0, 1 -> -2 / -4, -1 -> 1, -3 -> -6 / -4, 5 -> 2 / -4
    result = priors.margin_drift(np.array([3.0]), np.array([[3.0, 1.0, -1.0, -3.0, 5.0]]), np.array([-1.0]))
    np.testing.assert_array_equal(result, [[0.0, 0.5, 1.0, 1.5, -0.5]])


def test_margin_drift_is_a_ratio_of_erosions() -> None:
    rng = np.random.default_rng(0)
    clean, perturbed, prior = rng.normal(size=6), rng.normal(size=(6, 4)), rng.normal(size=6)
    expected = margins.erosion(clean, perturbed) / margins.erosion(clean, prior)[:, None]
    np.testing.assert_allclose(priors.margin_drift(clean, perturbed, prior), expected)


def test_a_prior_at_the_clean_margin_leaves_margin_drift_undefined() -> None:
    clean = np.array([1.0, 1.0, 1.0, NAN, 1.0])
    prior = np.array([1.0, 1.0 + 0.9e-6, 1.0 + 1.1e-6, 0.0, NAN])
    result = priors.margin_drift(clean, np.full((5, 2), 2.0), prior)
    assert np.isnan(result).any(axis=1).tolist() == [True, True, False, True, True]
    hole = priors.margin_drift(np.array([1.0]), np.array([[NAN, 0.0]]), np.array([-1.0]))
    np.testing.assert_array_equal(hole, [[NAN, 0.5]])


def test_infinite_margins_give_no_warning_and_no_number() -> None:
    result = priors.margin_drift(np.array([np.inf]), np.array([[np.inf, 1.0]]), np.array([np.inf]))
    assert np.isnan(result).all()


def test_labelled_margins_keep_their_labels_and_order() -> None:
    sample = {"sample": ["a", "b"]}
    clean = xr.DataArray([2.0, 1.0], dims="sample", coords={**sample, "condition": "clean"})
    prior = xr.DataArray([0.0, -1.0], dims="sample", coords={**sample, "condition": "white"})
    moved = xr.DataArray(
        [[1.0, -1.0], [0.5, 1.0]], dims=("condition", "sample"), coords={**sample, "condition": ["x", "y"]}
    )
    result = priors.margin_drift(clean, moved, prior)
    assert result.dims == ("condition", "sample")
    assert result.condition.values.tolist() == ["x", "y"]
    np.testing.assert_array_equal(result, [[0.5, 1.0], [0.75, 0.0]])
    xr.testing.assert_identical(priors.margin_drift(clean, moved.chunk(sample=1), prior).compute(), result)


def test_mismatched_margins_are_refused_by_name() -> None:
    sample = {"sample": ["a", "b"]}
    clean = xr.DataArray([2.0, 1.0], dims="sample", coords=sample)
    moved = clean.expand_dims(condition=["x"])
    with pytest.raises(ValueError, match="clean and prior differ in 'sample'"):
        priors.margin_drift(clean, moved, clean.assign_coords(sample=["a", "c"]))
    with pytest.raises(ValueError, match="perturbed and prior hold the same 'sample' labels in another order"):
        priors.margin_drift(clean.drop_vars("sample"), moved, clean[::-1])
    with pytest.raises(ValueError, match="perturbed has a dimension 'sample' and prior has not"):
        priors.margin_drift(clean, moved, clean[0])
    with pytest.raises(ValueError, match=r"prior has shape \(3,\) and perturbed \(2, 4\)"):
        priors.margin_drift(np.ones(2), np.ones((2, 4)), np.ones(3))
    with pytest.raises(TypeError, match="prior: a bare array"):
        priors.margin_drift(clean, moved, clean.values)


# representations


@pytest.mark.parametrize(("metric", "measure"), [("cosine", distance.cosine), ("euclidean", distance.euclidean)])
def test_embedding_drift_agrees_with_scipy(metric: str, measure) -> None:
    clean, moved, prior = vectors()
    result = priors.embedding_drift(clean, moved, prior, metric=metric)
    assert result.dims == ("sample", "condition")
    for k in range(5):
        for c in range(3):
            expected = 1 - measure(moved[k, c], prior[k]) / measure(clean[k], prior[k])
            np.testing.assert_allclose(result[k, c], expected, rtol=1e-10)
    bare = priors.embedding_drift(clean.values[:, None], moved.values, prior.values[:, None], metric=metric)
    np.testing.assert_allclose(bare, result, rtol=1e-12)
    lazy = priors.embedding_drift(clean, moved.chunk(sample=2), prior, metric=metric)
    xr.testing.assert_allclose(lazy.compute(), result)


def test_embedding_drift_by_hand() -> None:
    # from (4, 1) the prior (0, 1) is 4 away: at (2, 1) half, at (0, 1) none of it is left; at (8, 1) it is doubled
    clean, prior = np.array([[4.0, 1.0]]), np.array([[0.0, 1.0]])
    moved = np.array([[4.0, 1.0], [2.0, 1.0], [0.0, 1.0], [8.0, 1.0]])
    result = priors.embedding_drift(clean, moved, prior, metric="euclidean")
    np.testing.assert_array_equal(result, [0.0, 0.5, 1.0, -1.0])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_prior_at_the_clean_state_and_zero_vectors_are_undefined(metric: str) -> None:
    clean, moved, prior = (x.values for x in vectors())
    prior[0] = clean[0]
    prior[1], clean[2] = 0, 0
    moved[3, 1] = 0
    result = priors.embedding_drift(clean[:, None], moved, prior[:, None], metric=metric)
    np.testing.assert_array_equal(np.isnan(result).sum(axis=1), [3, 3, 3, 1, 0])
    named = vectors()
    for array, values in zip(named, (clean, moved, prior), strict=True):
        array.values = values
    np.testing.assert_array_equal(priors.embedding_drift(*named, metric=metric), result)


def test_mismatched_states_and_unknown_metrics_are_refused() -> None:
    clean, moved, prior = vectors()
    with pytest.raises(ValueError, match="Choose one of cosine, euclidean"):
        priors.embedding_drift(clean, moved, prior, metric="manhattan")
    with pytest.raises(ValueError, match="differ in 'sample'"):
        priors.embedding_drift(clean, moved, prior.isel(sample=slice(1, None)))
    with pytest.raises(ValueError, match="a dimension 'sample'"):
        priors.embedding_drift(clean.isel(sample=0, drop=True), moved, prior)
    with pytest.raises(ValueError, match="shapes differ"):
        priors.embedding_drift(clean.values, moved.values, prior.values)


# choices


def test_landings_by_hand() -> None:
    choice, clean, prior = chosen()
    # a: clean 0, prior 1: kept, lands, elsewhere; b: clean 0, prior 1: lands twice, elsewhere
    # c: clean 2, prior 0: kept, undefined, lands; d: the prior is the clean choice, so no flip can land on it
    expected = [[NAN, 1, 0], [1, 1, 0], [NAN, NAN, 1], [NAN, NAN, NAN]]
    result = priors.flips_to_prior(choice, clean, prior, 3)
    assert result.dims == choice.dims
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(priors.flips_to_prior(choice.values, clean.values, prior.values, 3), expected)


def test_a_flip_between_two_options_lands_nowhere() -> None:
    # it has one place to go: that it goes there says nothing
    choice, clean, prior = np.array([[1, 1], [1, 2]]), np.array([0, 0]), np.array([1, 1])
    expected = [[NAN, NAN], [1, 0]]
    np.testing.assert_array_equal(priors.flips_to_prior(choice, clean, prior, np.array([2, 3])), expected)
    assert np.isnan(priors.flip_to_prior_rate(choice[:1], clean[:1], prior[:1], 2)).all()
    assert priors.flip_to_prior_rate(choice[:1], clean[:1], prior[:1], 2).undefined.values.tolist() == [0, 0]


def test_the_flip_to_prior_rate_is_a_share_of_flips_with_its_counts() -> None:
    choice, clean, prior = chosen()
    options = xr.DataArray([3, 5, 4, 3], dims="sample", coords={"sample": choice.sample})
    by_condition = priors.flip_to_prior_rate(choice, clean, prior, options)
    # x: 1 of 1 (b); y: 2 of 2 (a, b); z: c of a, b, c
    np.testing.assert_allclose(by_condition, [1, 1, 1 / 3])
    np.testing.assert_allclose(by_condition.chance, [1 / 4, (1 / 2 + 1 / 4) / 2, (1 / 2 + 1 / 4 + 1 / 3) / 3])
    assert by_condition.flips.values.tolist() == [1, 2, 3]
    assert by_condition.undefined.values.tolist() == [0, 1, 0]
    by_sample = priors.flip_to_prior_rate(choice, clean, prior, options, dim="condition")
    np.testing.assert_allclose(by_sample, [1 / 2, 2 / 3, 1, NAN])
    np.testing.assert_allclose(by_sample.chance, [1 / 2, 1 / 4, 1 / 3, NAN])
    assert by_sample.flips.values.tolist() == [2, 3, 1, 0]
    bare = priors.flip_to_prior_rate(choice.values, clean.values, prior.values, options.values)
    np.testing.assert_array_equal(bare, by_condition)
    np.testing.assert_array_equal(bare.chance, by_condition.chance)


def test_a_rate_without_flips_is_undefined() -> None:
    result = priors.flip_to_prior_rate(np.array([[0], [1]]), np.array([0, 1]), np.array([2, 2]), 4)
    assert np.isnan([result, result.chance]).all()
    assert result.flips.values.tolist() == [0]


def test_an_unknown_prior_is_counted_as_undefined_not_as_a_miss() -> None:
    result = priors.flip_to_prior_rate(np.array([[1], [1], [0]]), np.array([0, 0, 0]), np.array([-1, 1, -1]), 3)
    assert result.item() == 1.0
    assert result.flips.item() == 1
    assert result.undefined.item() == 1  # the third sample kept its choice, wherever the prior is


def test_texts_land_too() -> None:
    result = priors.flips_to_prior(np.array([["a bus", "a car", ""]]), np.array(["a dog"]), np.array(["a car"]), 3)
    np.testing.assert_array_equal(result, [[0, 1, NAN]])


def test_flips_at_random_land_as_often_as_chance() -> None:
    rng = np.random.default_rng(3)
    options = rng.integers(2, 6, 20_000)
    choice, clean, prior = (rng.integers(0, options) for _ in range(3))
    result = priors.flip_to_prior_rate(choice[:, None], clean, prior, options)
    # sd of the share: sqrt(.3 x .7 / 7,500) = .005
    assert result.item() == pytest.approx(result.chance.item(), abs=0.02)


def test_landings_have_an_interval_by_image() -> None:
    rng = np.random.default_rng(0)
    choice, clean, prior = rng.integers(0, 4, (60, 3)), rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    landed = priors.flips_to_prior(choice, clean, prior, 4)
    estimate, low, high = statistics.bootstrap(statistics.mean, landed, cluster=np.arange(60) // 2, resamples=200)
    np.testing.assert_allclose(estimate, priors.flip_to_prior_rate(choice, clean, prior, 4))
    assert ((low < estimate) & (estimate < high)).all()


def test_mismatched_choices_and_missing_dimensions_are_refused() -> None:
    choice, clean, prior = chosen()
    with pytest.raises(ValueError, match="differ in 'sample'"):
        priors.flips_to_prior(choice, clean, prior.assign_coords(sample=list("abce")), 3)
    with pytest.raises(ValueError, match="a dimension 'sample'"):
        priors.flips_to_prior(choice, clean[0], prior, 3)
    with pytest.raises(ValueError, match="no dimension 'model'"):
        priors.flip_to_prior_rate(choice, clean, prior, 3, dim="model")


def test_inputs_are_left_as_they_were() -> None:
    given = vectors()
    before = [x.copy(deep=True) for x in given]
    priors.embedding_drift(*given)
    for x, y in zip(given, before, strict=True):
        xr.testing.assert_identical(x, y)
