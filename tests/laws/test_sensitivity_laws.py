"""Laws of slopes against noise power that hold for any responses."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses.frequency import sensitivity

laws = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
numbers = st.floats(-100, 100).map(lambda x: round(x, 3))


@st.composite
def responses(draw, least: int = 2):
    epsilon = np.array(draw(st.lists(st.integers(0, 16), min_size=least, max_size=6, unique=True)), float)
    values = draw(arrays(np.float64, (draw(st.integers(1, 4)), 2 * len(epsilon)), elements=numbers))
    return values, np.tile(epsilon, 2), ["low"] * len(epsilon) + ["high"] * len(epsilon)


def slope(values, epsilon, band) -> np.ndarray:
    return sensitivity.slope(values, epsilon=epsilon, band=band).sel(band=["low", "high"]).values


@laws
@given(responses(), numbers, numbers)
def test_a_line_in_the_power_has_its_own_slope(response, rise: float, start: float) -> None:
    values, epsilon, band = response
    line = np.broadcast_to(start + rise * epsilon**2, values.shape)
    np.testing.assert_allclose(slope(line, epsilon, band), rise, atol=1e-9, rtol=1e-9)


@laws
@given(responses(), numbers, numbers)
def test_slopes_add_and_scale_and_forget_what_is_constant(response, factor: float, start: float) -> None:
    values, epsilon, band = response
    other = values[:, ::-1]
    expected = slope(values, epsilon, band) + factor * slope(other, epsilon, band)
    result = slope(values + factor * other + start, epsilon, band)
    np.testing.assert_allclose(result, expected, rtol=1e-7, atol=1e-7)


@laws
@given(responses(), st.floats(0.1, 10))
def test_in_other_units_of_epsilon_the_slope_is_divided_by_the_square(response, unit: float) -> None:
    values, epsilon, band = response
    result = slope(values, unit * epsilon, band)
    np.testing.assert_allclose(result, slope(values, epsilon, band) / unit**2, rtol=1e-6, atol=1e-9)


@laws
@given(responses())
def test_slopes_are_those_of_a_fitted_polynomial(response) -> None:
    values, epsilon, band = response
    half = len(epsilon) // 2
    for k, result in enumerate(slope(values, epsilon, band).T):
        here = slice(k * half, (k + 1) * half)
        centred = epsilon[here] ** 2 - (epsilon[here] ** 2).mean()
        expected = np.linalg.lstsq(np.stack([centred, np.ones(half)], axis=1), values[:, here].T, rcond=None)[0][0]
        np.testing.assert_allclose(result, expected, rtol=1e-7, atol=1e-9)


@laws
@given(responses(), st.randoms(use_true_random=False))
def test_the_order_of_conditions_changes_nothing_but_rounding(response, random) -> None:
    values, epsilon, band = response
    order = random.sample(range(len(epsilon)), len(epsilon))
    result = slope(values[:, order], epsilon[order], [band[k] for k in order])
    np.testing.assert_array_equal(result, slope(values, epsilon, band))


@laws
@given(responses(least=1), st.data())
def test_a_slope_needs_two_defined_powers_and_no_more(response, data) -> None:
    values, epsilon, band = response
    lost = data.draw(arrays(np.bool_, values.shape))
    result = sensitivity.slope(np.where(lost, np.nan, values), epsilon=epsilon, band=band)
    half = len(epsilon) // 2
    left = np.stack([(~lost)[:, :half].sum(axis=1), (~lost)[:, half:].sum(axis=1)], axis=1)
    np.testing.assert_array_equal(result.points, left)
    np.testing.assert_array_equal(result.notnull(), left >= 2)
