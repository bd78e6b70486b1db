"""Laws of correlations, their intervals and p-values that hold for any pairs."""

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import correlation

laws = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
METHODS = {"pearson": correlation.pearson, "spearman": correlation.spearman}
methods = st.sampled_from(list(METHODS))
numbers = st.integers(-9, 9).map(float)


@st.composite
def pairs(draw, undefined: bool = False):
    """Pairs of small whole numbers, so that many tie."""
    count = draw(st.integers(3, 12))
    elements = numbers | st.just(np.nan) if undefined else numbers
    return draw(arrays(np.float64, count, elements=elements)), draw(arrays(np.float64, count, elements=elements))


@laws
@given(pairs(undefined=True), methods)
def test_correlation_is_symmetric_and_lies_between_minus_one_and_one(made, method: str) -> None:
    x, y = made
    r = METHODS[method](x, y)
    np.testing.assert_allclose(METHODS[method](y, x), r, atol=1e-12)
    assert np.isnan(r) or -1 <= r <= 1


@laws
@given(pairs(), methods, st.integers(1, 9), numbers)
def test_units_and_offsets_do_not_matter_and_a_sign_turns_it(made, method: str, factor: int, shift: float) -> None:
    x, y = made
    r = METHODS[method](x, y)
    np.testing.assert_allclose(METHODS[method](factor * x + shift, y), r, atol=1e-12)
    np.testing.assert_allclose(METHODS[method](-x, y), -r, atol=1e-12)


@laws
@given(pairs())
def test_rank_correlation_sees_order_alone(made) -> None:
    x, y = made
    np.testing.assert_allclose(correlation.spearman(np.exp(x), y**3), correlation.spearman(x, y), atol=1e-12)


@laws
@given(pairs(), methods)
def test_a_quantity_correlates_fully_with_itself_unless_it_is_constant(made, method: str) -> None:
    x, _ = made
    expected = 1.0 if len(set(x)) > 1 else np.nan
    np.testing.assert_allclose(METHODS[method](x, x), expected)


@laws
@given(pairs(undefined=True), methods, st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(made, method: str, random) -> None:
    x, y = made
    order = random.sample(range(len(x)), len(x))
    np.testing.assert_allclose(METHODS[method](x[order], y[order]), METHODS[method](x, y), atol=1e-12)
    p, interval = (
        [f(a, b, method=method, **few) for a, b in ((x, y), (x[order], y[order]))]
        for f, few in ((correlation.permutation, {"permutations": 50}), (correlation.interval, {"resamples": 50}))
    )
    np.testing.assert_allclose(p[1], p[0])
    np.testing.assert_allclose(interval[1], interval[0], atol=1e-12)


@laws
@given(pairs(undefined=True), methods)
def test_leaving_undefined_pairs_out_by_hand_changes_nothing(made, method: str) -> None:
    x, y = made
    kept = ~(np.isnan(x) | np.isnan(y))
    np.testing.assert_allclose(METHODS[method](x[kept], y[kept]), METHODS[method](x, y), atol=1e-12)
    without = correlation.interval(x[kept], y[kept], method=method, resamples=50)
    np.testing.assert_allclose(correlation.interval(x, y, method=method, resamples=50), without)


@laws
@given(pairs(), methods)
def test_an_interval_widens_with_its_level_and_stays_in_range(made, method: str) -> None:
    x, y = made
    _, low, high = correlation.interval(x, y, method=method, resamples=100)
    _, narrow_low, narrow_high = correlation.interval(x, y, method=method, resamples=100, level=0.5)
    assume(not np.isnan(low))
    assert -1 <= low <= narrow_low <= narrow_high <= high <= 1


@laws
@given(pairs(undefined=True), methods)
def test_p_values_are_defined_where_the_correlation_is_and_know_no_sign(made, method: str) -> None:
    x, y = made
    p = correlation.permutation(x, y, method=method, permutations=50)
    assert np.isnan(p) == np.isnan(METHODS[method](x, y))
    if not np.isnan(p):
        assert 0 < p <= 1
        if len(x) <= 8:  # all orders are tried, so no draw differs
            np.testing.assert_allclose(correlation.permutation(-x, y, method=method), p)
            np.testing.assert_allclose(correlation.permutation(y, x, method=method), p)
