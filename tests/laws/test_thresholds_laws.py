"""Laws of flip thresholds that hold for any sweep."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import flips
from analyses.frequency import thresholds

laws = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def sweeps(draw, undefined: bool = True):
    cutoffs = np.array(draw(st.lists(st.integers(1, 99), min_size=1, max_size=8, unique=True))) / 100
    values = st.sampled_from([0.0, 1.0, np.nan] if undefined else [0.0, 1.0])
    flipped = draw(arrays(np.float64, (draw(st.integers(1, 5)), len(cutoffs)), elements=values))
    return flipped, cutoffs


@laws
@given(sweeps())
def test_a_threshold_is_a_cutoff_that_flips_after_none_that_does_not_hold(sweep) -> None:
    flipped, cutoffs = sweep
    for row, low, high in zip(
        flipped,
        thresholds.low_pass(flipped, cutoff=cutoffs),
        thresholds.high_pass(flipped, cutoff=cutoffs),
        strict=True,
    ):
        for found, before in ((low, cutoffs > low), (high, cutoffs < high)):
            if np.isnan(found):
                assert np.isnan(row).any() or not row.any()
            else:
                assert row[cutoffs == found] == 1
                assert (row[before] == 0).all()


@laws
@given(sweeps())
def test_the_two_sweeps_mirror_each_other(sweep) -> None:
    flipped, cutoffs = sweep
    mirrored = thresholds.high_pass(flipped, cutoff=1 - cutoffs)
    np.testing.assert_allclose(thresholds.low_pass(flipped, cutoff=cutoffs), 1 - mirrored)


@laws
@given(sweeps(), st.randoms(use_true_random=False))
def test_the_order_of_conditions_changes_nothing_and_that_of_samples_the_order_alone(sweep, random) -> None:
    flipped, cutoffs = sweep
    rows = random.sample(range(flipped.shape[0]), flipped.shape[0])
    columns = random.sample(range(flipped.shape[1]), flipped.shape[1])
    shuffled = thresholds.low_pass(flipped[rows][:, columns], cutoff=cutoffs[columns])
    np.testing.assert_array_equal(shuffled, thresholds.low_pass(flipped, cutoff=cutoffs)[rows])


@laws
@given(sweeps(undefined=False))
def test_where_all_is_defined_a_sample_has_a_threshold_if_it_ever_flips_and_low_pass_has_the_higher(sweep) -> None:
    flipped, cutoffs = sweep
    low, high = thresholds.low_pass(flipped, cutoff=cutoffs), thresholds.high_pass(flipped, cutoff=cutoffs)
    ever = flips.ever_flipped(flipped)
    np.testing.assert_array_equal(~np.isnan(low), ever == 1)
    np.testing.assert_array_equal(~np.isnan(high), ever == 1)
    assert (low[ever == 1] >= high[ever == 1]).all()


@laws
@given(sweeps(undefined=False), st.data())
def test_more_flips_never_make_a_sample_look_sturdier(sweep, data) -> None:
    flipped, cutoffs = sweep
    more = np.maximum(flipped, data.draw(arrays(np.float64, flipped.shape, elements=st.sampled_from([0.0, 1.0]))))
    before = np.nan_to_num(thresholds.low_pass(flipped, cutoff=cutoffs), nan=-1)
    assert (np.nan_to_num(thresholds.low_pass(more, cutoff=cutoffs), nan=-1) >= before).all()


@laws
@given(sweeps())
def test_an_answer_survives_until_its_threshold_and_never_comes_back(sweep) -> None:
    flipped, cutoffs = sweep
    for survival, threshold, sign in (
        (thresholds.low_pass_survival, thresholds.low_pass, -1),
        (thresholds.high_pass_survival, thresholds.high_pass, 1),
    ):
        kept, first = survival(flipped, cutoff=cutoffs), threshold(flipped, cutoff=cutoffs)
        assert kept.cutoff.values.tolist() == sorted(cutoffs.tolist(), key=lambda c: sign * c)
        for row, at, given_row in zip(kept.values, first, flipped, strict=True):
            if np.isnan(at):
                expected = 1.0 if (given_row == 0).all() else np.nan
                np.testing.assert_array_equal(row, np.full(len(cutoffs), expected))
            else:
                np.testing.assert_array_equal(row, sign * kept.cutoff.values < sign * at)


@laws
@given(sweeps(), st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0, np.nan]))
def test_the_ends_of_a_sweep_change_nothing(sweep, end: float, value: float) -> None:
    flipped, cutoffs = sweep
    longer = np.column_stack([flipped, np.full(len(flipped), value)])
    for function in (thresholds.low_pass, thresholds.high_pass, thresholds.low_pass_survival):
        np.testing.assert_array_equal(function(longer, cutoff=[*cutoffs, end]), function(flipped, cutoff=cutoffs))
