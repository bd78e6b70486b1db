"""Laws of choices and margins that hold for any scores."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import flips, margins

laws = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
scores = st.tuples(st.integers(1, 5), st.integers(2, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-40, 0).map(float))
)


@laws
@given(scores, st.integers(-20, 20))
def test_a_constant_changes_neither_choice_nor_margin(s, constant: int) -> None:
    np.testing.assert_array_equal(margins.choice(s + constant), margins.choice(s))
    np.testing.assert_array_equal(margins.margin(s + constant, "top2"), margins.margin(s, "top2"))


@laws
@given(scores)
def test_the_choice_has_the_top_margin_which_is_zero_exactly_for_ties(s) -> None:
    top = margins.margin(s, "top2")
    assert (top >= 0).all()
    np.testing.assert_array_equal(top, margins.margin(s, margins.choice(s)))
    np.testing.assert_array_equal(top == 0, margins.ties(s) > 0)


@laws
@given(scores, scores)
def test_the_clean_choice_flips_where_its_margin_is_lost(clean, perturbed) -> None:
    if clean.shape != perturbed.shape:
        return
    choice = margins.choice(clean)
    after = margins.margin(perturbed, choice)
    flipped = flips.flipped(margins.choice(perturbed), choice)
    assert (flipped[after < 0] == 1).all()
    assert (flipped[after > 0] == 0).all()
    np.testing.assert_array_equal(
        margins.erosion(margins.margin(clean, choice), after) > margins.margin(clean, choice), after < 0
    )


@laws
@given(scores)
def test_padding_with_absent_options_changes_nothing(s) -> None:
    padded = np.concatenate([s, np.full((len(s), 2), np.nan)], axis=1)
    np.testing.assert_array_equal(margins.choice(padded), margins.choice(s))
    np.testing.assert_array_equal(margins.margin(padded, "top2"), margins.margin(s, "top2"))
    np.testing.assert_array_equal(margins.ties(padded), margins.ties(s))


@laws
@given(scores)
def test_yes_over_no_is_the_margin_of_two_options_in_either_order(s) -> None:
    pair, text = s[:, :2], np.tile(["yes", "no"], (len(s), 1))
    over = margins.yes_no(pair, text)
    np.testing.assert_array_equal(over, margins.margin(pair, np.zeros(len(s), int)))
    np.testing.assert_array_equal(margins.yes_no(pair[:, ::-1], text[:, ::-1]), over)
    np.testing.assert_array_equal(margins.yes_no(pair, text[:, ::-1]), -over)
