"""Confidence, reliability and the calibration error, by hand and by loops."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.special
import xarray as xr

from analyses import calibration, flips, margins, statistics

NAN = np.nan


def answers(seed: int = 0, samples: int = 60) -> tuple[xr.DataArray, xr.DataArray]:
    """Scores of four options under two conditions, and the right answers, two samples an image."""
    rng = np.random.default_rng(seed)
    coords = {
        "sample": [f"s{i:02}" for i in range(samples)],
        "image": ("sample", [f"i{i // 2}" for i in range(samples)]),
    }
    scores = xr.DataArray(
        2 * rng.normal(size=(samples, 2, 4)),
        dims=("sample", "condition", "option"),
        coords={**coords, "condition": ["clean", "fog"]},
    )
    return scores, xr.DataArray(rng.integers(0, 4, size=samples), dims="sample", coords=coords)


def judged(seed: int = 0) -> tuple[xr.DataArray, xr.DataArray]:
    scores, answer = answers(seed)
    return calibration.confidence(scores), flips.correct(margins.choice(scores), answer)


def looped(confidence, correct, bins: int = 15) -> float:
    """The definition written out: sort pairs into (lower, upper], weigh the gap of each bin by its share of pairs."""
    defined = [(c, a) for c, a in zip(confidence, correct, strict=True) if not np.isnan(c) and not np.isnan(a)]
    error = 0.0
    edges = np.linspace(0, 1, bins + 1)
    for lower, upper in pairwise(edges):
        inside = [(c, a) for c, a in defined if lower < c <= upper or (lower == 0 and c == 0)]
        if inside:
            gap = np.mean([a for _, a in inside]) - np.mean([c for c, _ in inside])
            error += len(inside) / len(defined) * abs(gap)
    return error


def test_confidence_by_hand() -> None:
    # exp(0) / (exp(0) + exp(-1)); two equal options share; a padded option does not count
    scores = np.array([[-3.0, -4.0, NAN], [-7.0, -7.0, NAN], [-900.0, NAN, NAN], [NAN, NAN, NAN]])
    np.testing.assert_allclose(calibration.confidence(scores), [1 / (1 + np.exp(-1)), 0.5, 1.0, NAN])


def test_confidence_is_the_softmax_of_the_choice() -> None:
    scores, _ = answers(1)
    result = calibration.confidence(scores)
    softmax = scipy.special.softmax(scores.values, axis=-1)
    assert result.dims == ("sample", "condition")
    np.testing.assert_allclose(result, softmax.max(axis=-1))
    chosen = np.take_along_axis(softmax, margins.choice(scores).values[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(result, chosen)
    np.testing.assert_allclose(calibration.confidence(scores.transpose("option", ...).values, dim=0), result)
    np.testing.assert_allclose(calibration.confidence(scores.chunk(sample=7)).compute(), result)


def test_impossible_and_overflowed_scores() -> None:
    inf = np.inf
    scores = np.array([[-inf, -2.0], [-inf, -inf], [-inf, NAN], [inf, 0.0], [-1e4, -1e5]])
    np.testing.assert_allclose(calibration.confidence(scores), [1.0, NAN, NAN, NAN, 1.0])


def test_the_calibration_error_by_hand() -> None:
    # (12/15, 13/15]: 0.82 and 0.86, one of two right: |0.5 - 0.84| = 0.34, half of the samples
    # (8/15, 9/15]: 0.55 and 0.6 (the bin's own edge), both right: |1 - 0.575| = 0.425, the other half
    confidence, correct = np.array([0.82, 0.86, 0.55, 0.6]), np.array([1, 0, 1, 1])
    assert calibration.expected_error(confidence, correct) == pytest.approx(0.5 * 0.34 + 0.5 * 0.425)


def test_the_calibration_error_agrees_with_a_loop_over_bins() -> None:
    confidence, correct = judged(2)
    confidence[3, 0], correct[4, 0], correct[5, 1] = NAN, NAN, NAN
    for bins in (1, 10, 15):
        result = calibration.expected_error(confidence, correct, bins=bins)
        expected = [looped(confidence[:, k].values, correct[:, k].values, bins) for k in range(2)]
        np.testing.assert_allclose(result, expected, rtol=1e-12)
    assert result.undefined.values.tolist() == [2, 1]
    assert result.condition.values.tolist() == ["clean", "fog"]


def test_bins_are_closed_on_the_right() -> None:
    edges = np.linspace(0, 1, 16)
    result = calibration.reliability(edges, np.ones(16))
    assert result["count"].values.tolist() == [2] + [1] * 14  # 0 and 1/15 both lie in the first
    np.testing.assert_allclose(result.confidence[1:], edges[2:])
    above = np.nextafter(edges[1:-1], 1)
    assert calibration.reliability(above, np.ones(14))["count"].values.tolist() == [0] + [1] * 14
    np.testing.assert_array_equal(result.low, edges[:-1])
    np.testing.assert_array_equal(result.high, edges[1:])


def test_the_reliability_curve_adds_up_to_the_error() -> None:
    confidence, correct = judged(3)
    curve = calibration.reliability(confidence, correct)
    assert curve.accuracy.dims == ("condition", "bin")
    assert curve["count"].sum("bin").values.tolist() == [60, 60]
    gap = np.abs(curve.accuracy - curve.confidence)
    error = (gap * curve["count"]).sum("bin") / curve["count"].sum("bin")
    np.testing.assert_allclose(error, calibration.expected_error(confidence, correct))
    assert (np.isnan(curve.accuracy) == (curve["count"] == 0)).all()
    assert ((curve.confidence > curve.low) & (curve.confidence <= curve.high)).values[curve["count"] > 0].all()


def test_empty_bins_and_empty_inputs_are_undefined() -> None:
    curve = calibration.reliability(np.array([0.9, NAN, 0.3]), np.array([1.0, 1.0, NAN]), bins=2)
    np.testing.assert_array_equal(curve.accuracy, [NAN, 1.0])
    np.testing.assert_array_equal(curve.confidence, [NAN, 0.9])
    assert curve["count"].values.tolist() == [0, 1]
    assert curve.undefined == 2
    assert np.isnan(calibration.expected_error(np.array([NAN]), np.array([1.0])))
    assert np.isnan(calibration.expected_error(np.zeros((0, 2)), np.zeros((0, 2)))).tolist() == [True, True]


def test_shares_of_right_answers_count_in_part() -> None:
    # VQA accuracy 1/3 at confidence 0.5: |1/3 - 0.5|
    assert calibration.expected_error(np.array([0.5]), np.array([1 / 3])) == pytest.approx(1 / 6)


def test_bare_arrays_and_dask_give_the_same() -> None:
    confidence, correct = judged(4)
    expected = calibration.expected_error(confidence, correct)
    np.testing.assert_array_equal(calibration.expected_error(confidence.values, correct.values), expected)
    lazy = calibration.expected_error(confidence.chunk(condition=1), correct.chunk(condition=1))
    xr.testing.assert_allclose(lazy.compute(), expected)
    bare = calibration.reliability(confidence.values[:, 0], correct.values[:, 0])
    np.testing.assert_array_equal(bare.accuracy, calibration.reliability(confidence, correct).accuracy[0])


def test_what_does_not_fit_is_refused() -> None:
    confidence, correct = judged(5)
    cases = [
        (confidence[1:], correct, "differ in 'sample': only in confidence: none; only in correct: 's00'"),
        (confidence, correct[:, 0], "one goes with one"),
        (confidence.values, correct.values[1:], "one goes with one"),
        (confidence * 3, correct, "confidence holds .*: it is a share in"),
        (confidence, correct - 1, "correct holds -1: it is a share in"),
        (confidence.rename(sample="item"), correct.rename(sample="item"), "no dimension 'sample'"),
    ]
    for sure, right, told in cases:
        with pytest.raises(ValueError, match=told):
            calibration.expected_error(sure, right)
        with pytest.raises(ValueError, match=told):
            calibration.reliability(sure, right)
    with pytest.raises(TypeError, match="correct: a bare array"):
        calibration.expected_error(confidence, correct.values)
    with pytest.raises(ValueError, match="bins=0"):
        calibration.expected_error(confidence, correct, bins=0)
    with pytest.raises(ValueError, match="bins=0"):
        calibration.binned_error(0)


def test_the_interval_of_the_error_comes_from_the_bootstrap_by_image() -> None:
    confidence, correct = judged(6)
    confidence[7, 0] = NAN
    estimate, low, high = statistics.bootstrap(
        calibration.binned_error(), confidence, correct, cluster="image", resamples=100, seed=2
    )
    np.testing.assert_allclose(estimate, calibration.expected_error(confidence, correct))
    names, image = np.unique(confidence.image.values), confidence.image.values
    drawn = np.random.default_rng(2).integers(len(names), size=(100, len(names)))
    errors = [
        calibration.expected_error(confidence.values[index], correct.values[index])
        for index in (np.concatenate([np.flatnonzero(image == names[k]) for k in row]) for row in drawn)
    ]
    np.testing.assert_allclose([low, high], np.quantile(errors, [0.025, 0.975], axis=0))


def test_a_model_that_draws_its_answers_from_its_confidence_is_nearly_calibrated() -> None:
    rng = np.random.default_rng(7)
    confidence = rng.uniform(0.25, 1, size=20_000)
    honest = rng.random(20_000) < confidence
    assert calibration.expected_error(confidence, honest) < 0.02
    assert calibration.expected_error(confidence, np.zeros(20_000)) == pytest.approx(confidence.mean())
