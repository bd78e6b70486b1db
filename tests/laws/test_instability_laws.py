"""Laws of hidden instability and of ranking flips that hold for any drifts and flips."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import mannwhitneyu

from analyses import instability
from analyses.instability import ranking

laws = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
numbers = st.integers(-20, 20).map(float)


@st.composite
def runs(draw):
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 5)))
    undefined = st.sampled_from([0.0, 0.0, 1.0, np.nan])
    drift = draw(arrays(np.float64, shape, elements=st.integers(0, 20).map(float)))
    control = draw(arrays(np.float64, (shape[0], 3), elements=st.integers(1, 20).map(float)))
    return drift, control, draw(arrays(np.float64, shape, elements=undefined))


@st.composite
def rankings(draw):
    size = draw(st.integers(2, 20))
    flipped = draw(arrays(np.bool_, size))
    flipped[:2] = [True, False]
    image = draw(arrays(np.int64, size, elements=st.integers(0, 3)))
    return draw(arrays(np.float64, size, elements=numbers)), flipped, image


def areas(score, flipped, image) -> np.ndarray:
    return ranking.Ranked.of(score, flipped, image).areas(np.ones((1, int(image.max()) + 1)))[0]


@laws
@given(runs(), st.floats(0, 1), st.floats(0, 1))
def test_a_farther_control_hides_no_more(run, one: float, other: float) -> None:
    near, far = (instability.hidden(*run, quantile=quantile) for quantile in sorted((one, other)))
    assert np.isnan(near) == np.isnan(far)
    assert np.isnan(near) or near >= far


@laws
@given(runs(), st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_the_unit_of_drift_does_not_matter(run, factor: float) -> None:
    drift, control, flipped = run
    np.testing.assert_array_equal(
        instability.hidden_pairs(factor * drift, factor * control, flipped, quantile=0.3),
        instability.hidden_pairs(drift, control, flipped, quantile=0.3),
    )


@laws
@given(runs())
def test_a_verdict_is_passed_exactly_where_the_choice_is_known_to_have_stayed(run) -> None:
    drift, control, flipped = run
    for verdicts in (
        instability.hidden_pairs(drift, control, flipped),
        instability.eroded_pairs(drift - 10, flipped),
    ):
        np.testing.assert_array_equal(~np.isnan(verdicts), flipped == 0)
        assert set(verdicts[flipped == 0].tolist()) <= {0.0, 1.0}


@laws
@given(runs())
def test_unmoved_states_hide_nothing_and_states_beyond_all_controls_everything(run) -> None:
    drift, control, flipped = run
    for moved, share in ((0 * drift, 0.0), (drift + control.max() + 1, 1.0)):
        result = instability.hidden(moved, control, flipped, quantile=1.0)
        assert result == share or (np.isnan(result) and not (flipped == 0).any())


@laws
@given(runs(), st.randoms(use_true_random=False))
def test_permuting_samples_permutes_the_verdicts(run, random) -> None:
    order = random.sample(range(len(run[0])), len(run[0]))
    np.testing.assert_array_equal(
        instability.hidden_pairs(*(array[order] for array in run)), instability.hidden_pairs(*run)[order]
    )


@laws
@given(rankings())
def test_the_area_is_the_mann_whitney_statistic(case) -> None:
    score, flipped, _ = case
    expected = mannwhitneyu(score[flipped], score[~flipped]).statistic / (flipped.sum() * (~flipped).sum())
    np.testing.assert_allclose(areas(*case)[0], expected)


@laws
@given(rankings())
def test_the_opposite_score_has_the_opposite_area(case) -> None:
    score, flipped, image = case
    np.testing.assert_allclose(areas(score, flipped, image)[0] + areas(-score, flipped, image)[0], 1.0)


@laws
@given(rankings())
def test_only_the_order_of_the_scores_matters(case) -> None:
    score, flipped, image = case
    np.testing.assert_array_equal(areas(np.exp(score / 5) + score**3, flipped, image), areas(*case))


@laws
@given(rankings(), st.randoms(use_true_random=False))
def test_permuting_pairs_leaves_the_areas_and_their_intervals(case, random) -> None:
    order = random.sample(range(len(case[0])), len(case[0]))
    effort = {"resamples": 20, "seed": 0, "level": 0.9}
    score, flipped, image = (array[order] for array in case)
    np.testing.assert_allclose(
        ranking.intervals(score, flipped.astype(float), image, **effort),
        ranking.intervals(case[0], case[1].astype(float), case[2], **effort),
        rtol=1e-12,
    )


@laws
@given(rankings())
def test_both_areas_are_shares_and_a_perfect_score_has_both(case) -> None:
    _, flipped, image = case
    both = areas(*case)
    assert ((both >= 0) & (both <= 1 + 1e-12)).all()
    np.testing.assert_allclose(areas(flipped.astype(float), flipped, image), 1.0)
    level = areas(np.zeros(len(flipped)), flipped, image)
    np.testing.assert_allclose(level, [0.5, flipped.mean()])
