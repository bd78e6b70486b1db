"""Laws of intervals and tests that hold for any data."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import statistics

laws = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
values = arrays(np.float64, st.integers(2, 20), elements=st.integers(-100, 100).map(float))


def images(x: np.ndarray) -> np.ndarray:
    return np.arange(len(x)) // 2


@laws
@given(values, st.integers(1, 9), st.integers(-9, 9))
def test_the_interval_of_a_mean_moves_with_the_data(x, factor: int, shift: int) -> None:
    interval = statistics.bootstrap(statistics.mean, x, cluster=images(x), resamples=200)
    moved = statistics.bootstrap(statistics.mean, factor * x + shift, cluster=images(x), resamples=200)
    np.testing.assert_allclose(moved, factor * np.array(interval) + shift, atol=1e-9)


@laws
@given(values)
def test_an_interval_lies_within_the_range_of_the_images_and_widens_with_its_level(x) -> None:
    _, low, high = statistics.bootstrap(statistics.mean, x, cluster=images(x), resamples=200)
    _, narrow_low, narrow_high = statistics.bootstrap(statistics.mean, x, cluster=images(x), resamples=200, level=0.5)
    if len(np.unique(images(x))) > 1:
        assert x.min() - 1e-9 <= low <= narrow_low <= narrow_high <= high <= x.max() + 1e-9


@laws
@given(values)
def test_no_spread_between_images_is_no_width(x) -> None:
    same = np.full(len(x), x[0])
    estimate, low, high = statistics.bootstrap(statistics.mean, same, cluster=range(len(x)), resamples=50)
    np.testing.assert_allclose([low, high], estimate)


@laws
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_adjusted_p_values_keep_their_order_and_never_shrink(p, random) -> None:
    adjusted = statistics.benjamini_hochberg(p)
    assert (adjusted >= np.array(p) - 1e-15).all()
    assert (adjusted <= 1).all()
    order = random.sample(range(len(p)), len(p))
    np.testing.assert_allclose(statistics.benjamini_hochberg(np.array(p)[order]), adjusted[order])
    ranked = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[ranked]) >= -1e-15).all()


@laws
@given(st.integers(0, 50), st.integers(1, 50))
def test_a_wilson_interval_holds_its_rate(successes: int, trials: int) -> None:
    rate = min(successes, trials) / trials
    low, high = statistics.wilson(rate, trials)
    assert 0 <= low <= rate + 1e-12
    assert rate - 1e-12 <= high <= 1


@laws
@given(values)
def test_swapping_the_sides_of_a_paired_test_turns_the_sign_alone(x) -> None:
    difference, p = statistics.paired_permutation(x, np.zeros(len(x)), cluster=images(x))
    turned, same = statistics.paired_permutation(np.zeros(len(x)), x, cluster=images(x))
    assert (turned, same) == (-difference, p)
    assert 0 < p <= 1
