"""Laws of distance that hold for any states."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ortho_group

from analyses import control_sampling, drift

laws = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
numbers = st.floats(-100, 100).map(lambda x: round(x, 3))
shapes = st.tuples(st.integers(1, 6), st.integers(2, 5))


@st.composite
def pair(draw):
    shape = draw(shapes)
    return draw(arrays(np.float64, shape, elements=numbers)), draw(arrays(np.float64, shape, elements=numbers))


@laws
@given(pair(), st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_cosine_drift_ignores_scale(states, left: float, right: float) -> None:
    a, b = states
    np.testing.assert_allclose(drift.cosine(left * a, right * b), drift.cosine(a, b), atol=1e-12)


@laws
@given(pair())
def test_cosine_drift_is_symmetric_within_bounds_and_defined_unless_a_vector_is_zero(states) -> None:
    a, b = states
    result = drift.cosine(a, b)
    np.testing.assert_array_equal(np.isnan(result), ~a.any(axis=-1) | ~b.any(axis=-1))
    np.testing.assert_array_equal(result, drift.cosine(b, a))
    defined = result[~np.isnan(result)]
    assert ((defined >= 0) & (defined <= 2 + 1e-12)).all()


@laws
@given(pair())
def test_unmoved_is_exactly_zero_and_reversed_is_two(states) -> None:
    a = states[0][states[0].any(axis=-1)]
    assert (drift.cosine(a, a) == 0).all()
    assert (drift.euclidean(a, a) == 0).all()
    np.testing.assert_allclose(drift.cosine(a, -a), 2)


@laws
@given(pair(), st.integers(0, 100))
def test_turning_the_space_leaves_both_drifts(states, seed: int) -> None:
    a, b = states
    turn = ortho_group.rvs(a.shape[-1], random_state=seed)
    np.testing.assert_allclose(drift.cosine(a @ turn, b @ turn), drift.cosine(a, b), atol=1e-9)
    np.testing.assert_allclose(drift.euclidean(a @ turn, b @ turn), drift.euclidean(a, b), rtol=1e-9, atol=1e-9)


@laws
@given(pair(), st.randoms(use_true_random=False))
def test_permuting_samples_permutes_drift(states, random) -> None:
    a, b = states
    order = random.sample(range(len(a)), len(a))
    np.testing.assert_array_equal(drift.cosine(a[order], b[order]), drift.cosine(a, b)[order])


@laws
@given(pair())
def test_on_unit_vectors_cosine_is_half_the_squared_distance(states) -> None:
    a, b = (x[states[0].any(axis=-1) & states[1].any(axis=-1)] for x in states)
    a, b = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    np.testing.assert_allclose(drift.cosine(a, b), drift.euclidean(a, b) ** 2 / 2, atol=1e-12)


@laws
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=12),
    st.integers(1, 6),
    st.integers(0, 9),
    st.randoms(use_true_random=False),
)
def test_partners_obey_their_sampling_in_any_order(labels, pairs: int, seed: int, random) -> None:
    within, avoiding = (np.array(column) for column in zip(*labels, strict=True))
    ids = np.array([f"s{i}" for i in range(len(labels))])
    drawn = control_sampling.draw(ids, within, avoiding, pairs=pairs, seed=seed)
    for i, row in enumerate(drawn):
        allowed = {j for j in range(len(ids)) if within[j] == within[i] and avoiding[j] != avoiding[i]}
        chosen = [j for j in row if j >= 0]
        assert set(chosen) <= allowed
        assert len(set(chosen)) == len(chosen) == min(pairs, len(allowed))
    order = np.array(random.sample(range(len(ids)), len(ids)))
    again = control_sampling.draw(ids[order], within[order], avoiding[order], pairs=pairs, seed=seed)
    for place, i in enumerate(order):
        assert {ids[j] for j in drawn[i] if j >= 0} == {ids[order][j] for j in again[place] if j >= 0}


@laws
@given(pair(), st.sampled_from([1, 2, 3]))
def test_token_drift_is_drift_on_the_same_grid_and_nothing_on_another(states, rows: int) -> None:
    a, b = states
    grid, other = np.array([1, 1, len(a)]), np.array([rows, 1, len(a)])
    moved = drift.tokens(a, b, grid, other)
    np.testing.assert_array_equal(moved, drift.cosine(a, b) if rows == 1 else np.full(len(a), np.nan))
