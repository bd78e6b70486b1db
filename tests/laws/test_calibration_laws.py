"""Laws of confidence and calibration that hold for any scores and judgements."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import calibration

laws = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
bins = st.integers(1, 20)


@st.composite
def judgements(draw, undefined: bool = False):
    count = draw(st.integers(1, 30))
    shares = st.floats(0, 1) | st.integers(0, 15).map(lambda k: k / 15)
    verdicts = st.sampled_from([0.0, 1.0])
    if undefined:
        shares, verdicts = shares | st.just(np.nan), verdicts | st.just(np.nan)
    return draw(arrays(np.float64, count, elements=shares)), draw(arrays(np.float64, count, elements=verdicts))


@laws
@given(judgements(), bins)
def test_the_error_lies_between_the_overall_gap_and_one(made, count: int) -> None:
    confidence, correct = made
    error = calibration.expected_error(confidence, correct, bins=count)
    assert abs(confidence.mean() - correct.mean()) - 1e-12 <= error <= 1 + 1e-12


@laws
@given(judgements())
def test_one_bin_sees_the_overall_gap_alone(made) -> None:
    confidence, correct = made
    error = calibration.expected_error(confidence, correct, bins=1)
    np.testing.assert_allclose(error, abs(confidence.mean() - correct.mean()), atol=1e-12)


@laws
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=6), bins)
def test_whoever_is_right_as_often_as_sure_has_no_error(groups, count: int) -> None:
    # each group: `right` of `size` samples right, all of them right/size sure
    sizes = [(size, min(right, size)) for size, right in groups]
    confidence = np.concatenate([np.full(size, right / size) for size, right in sizes])
    correct = np.concatenate([np.arange(size) < right for size, right in sizes])
    np.testing.assert_allclose(calibration.expected_error(confidence, correct, bins=count), 0, atol=1e-12)


@laws
@given(judgements(undefined=True), bins, st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter_nor_does_seeing_all_twice(made, count: int, random) -> None:
    confidence, correct = made
    order = random.sample(range(len(confidence)), len(confidence))
    error = calibration.expected_error(confidence, correct, bins=count)
    shuffled = calibration.expected_error(confidence[order], correct[order], bins=count)
    twice = calibration.expected_error(np.tile(confidence, 2), np.tile(correct, 2), bins=count)
    np.testing.assert_allclose([shuffled, twice], error, atol=1e-12)


@laws
@given(judgements(undefined=True), bins)
def test_every_defined_sample_lies_in_exactly_one_bin(made, count: int) -> None:
    confidence, correct = made
    curve = calibration.reliability(confidence, correct, bins=count)
    assert curve["count"].sum() + curve.undefined == len(confidence)
    total = np.nansum(curve.confidence * curve["count"])
    np.testing.assert_allclose(total, confidence[~np.isnan(confidence + correct)].sum(), atol=1e-9)


@laws
@given(judgements(), bins)
def test_finer_bins_that_split_coarser_ones_never_lower_the_error(made, count: int) -> None:
    confidence, correct = made
    # an edge that rounds differently in the two would move a sample across it
    clear = np.abs(confidence * count - np.round(confidence * count)) > 1e-9
    confidence, correct = confidence[clear], correct[clear]
    if len(confidence):
        coarse = calibration.expected_error(confidence, correct, bins=count)
        assert calibration.expected_error(confidence, correct, bins=2 * count) >= coarse - 1e-12


@laws
@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.integers(-40, 0).map(float)))
def test_confidence_is_at_least_an_even_share_and_ignores_a_common_offset(scores) -> None:
    result = calibration.confidence(scores)
    assert (result >= 1 / scores.shape[-1] - 1e-12).all()
    assert (result <= 1).all()
    np.testing.assert_allclose(calibration.confidence(scores - 1000), result)
    padded = np.concatenate([scores, np.full((len(scores), 2), np.nan)], axis=-1)
    np.testing.assert_allclose(calibration.confidence(padded), result)
