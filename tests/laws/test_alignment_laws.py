"""Laws of alignment that hold for any representations."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ortho_group

from analyses import alignment

laws = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
scales = st.floats(1e-6, 1e6)
CKA = [pytest.param({"unbiased": unbiased}, id=f"unbiased={unbiased}") for unbiased in (False, True)]


@st.composite
def pair(draw):
    """Two noisy representations of the same samples, with numbers of features of their own."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    samples, shared, ours, theirs = draw(st.tuples(st.integers(6, 20), *[st.integers(2, 6)] * 3))
    common = rng.normal(size=(samples, shared))
    return tuple(common @ rng.normal(size=(shared, d)) + rng.normal(size=(samples, d)) for d in (ours, theirs))


@st.composite
def ties(draw):
    """Two representations on a coarse grid: equal rows, opposite rows, zero rows."""
    shape = draw(st.tuples(st.integers(3, 9), st.integers(1, 3)))
    elements = st.integers(-2, 2).map(float)
    return draw(arrays(np.float64, shape, elements=elements)), draw(arrays(np.float64, shape, elements=elements))


def rotated(x: np.ndarray, seed: int) -> np.ndarray:
    return x @ ortho_group.rvs(x.shape[1], random_state=seed)


@pytest.mark.parametrize("kind", CKA)
@laws
@given(states=pair(), seed=st.integers(0, 99), scale=scales)
def test_cka_ignores_rotation_shift_and_isotropic_scale(kind, states, seed: int, scale: float) -> None:
    x, y = states
    moved = scale * (rotated(x, seed) + seed)
    np.testing.assert_allclose(alignment.cka(moved, y, **kind), alignment.cka(x, y, **kind), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", CKA)
@laws
@given(states=pair())
def test_cka_is_symmetric_within_bounds_and_one_with_itself(kind, states) -> None:
    x, y = states
    value = alignment.cka(x, y, **kind)
    assert (-1 if kind["unbiased"] else 0) - 1e-12 <= value <= 1 + 1e-12
    np.testing.assert_allclose(alignment.cka(y, x, **kind), value, atol=1e-12)
    np.testing.assert_allclose(alignment.cka(x, x, **kind), 1.0)


@laws
@given(pair(), scales, st.integers(1, 5))
def test_neighbours_ignore_isotropic_scale(states, scale: float, k: int) -> None:
    x, y = states
    np.testing.assert_array_equal(
        alignment.neighbour_overlap(scale * x, y, k=k), alignment.neighbour_overlap(x, y, k=k)
    )


@laws
@given(pair(), st.integers(0, 99), st.integers(1, 5))
def test_unclipped_neighbours_ignore_rotation(states, seed: int, k: int) -> None:
    x, y = states
    np.testing.assert_array_equal(
        alignment.neighbour_overlap(rotated(x, seed), y, k=k, quantile=1),
        alignment.neighbour_overlap(x, y, k=k, quantile=1),
    )


@laws
@given(ties(), st.data())
def test_overlap_is_symmetric_a_share_and_whole_with_itself_also_at_ties(states, data) -> None:
    x, y = states
    k = data.draw(st.integers(1, len(x) - 1))
    result = alignment.neighbour_overlap(x, y, k=k, quantile=1)
    np.testing.assert_allclose(result, alignment.neighbour_overlap(y, x, k=k, quantile=1))
    defined = result[~np.isnan(result)]
    assert ((defined >= 0) & (defined <= 1 + 1e-12)).all()
    itself = alignment.neighbour_overlap(x, x, k=k, quantile=1)
    np.testing.assert_allclose(itself[~np.isnan(itself)], 1.0)
    enough = x.any(axis=1).sum() > k
    np.testing.assert_array_equal(np.isnan(itself), ~(x.any(axis=1) & enough))


@laws
@given(ties(), st.data())
def test_no_order_of_samples_decides_a_tie(states, data) -> None:
    x, y = states
    k = data.draw(st.integers(1, len(x) - 1))
    order = data.draw(st.permutations(range(len(x))))
    result = alignment.neighbour_overlap(x[order], y[order], k=k)
    np.testing.assert_allclose(result, alignment.neighbour_overlap(x, y, k=k)[order])
    np.testing.assert_allclose(alignment.mutual_knn(x[order], y[order], k=k), alignment.mutual_knn(x, y, k=k))


@laws
@given(pair(), st.permutations(range(6)))
def test_reductions_ignore_the_order_of_samples(states, order) -> None:
    x, y = (one[:6] for one in states)
    for kind in (False, True):
        np.testing.assert_allclose(
            alignment.cka(x[order], y[order], unbiased=kind), alignment.cka(x, y, unbiased=kind), atol=1e-9
        )


@laws
@given(pair(), st.integers(1, 5))
def test_overlap_is_as_large_as_can_be_when_everyone_is_a_neighbour(states, k: int) -> None:
    x, y = (one[: k + 1] for one in states)
    np.testing.assert_array_equal(alignment.neighbour_overlap(x, y, k=k), np.ones(k + 1))


@laws
@given(pair(), scales, st.integers(0, 99))
def test_the_modality_gap_ignores_scale_and_a_common_rotation(states, scale: float, seed: int) -> None:
    width = min(one.shape[1] for one in states)
    x, y = (one[:, :width] for one in states)
    gap = alignment.modality_gap(x, y)
    assert 0 <= gap <= 2
    np.testing.assert_allclose(alignment.modality_gap(scale * x, y), gap)
    np.testing.assert_allclose(alignment.modality_gap(rotated(x, seed), rotated(y, seed)), gap, atol=1e-12)
    np.testing.assert_allclose(alignment.modality_gap(y, x), gap)
    assert alignment.modality_gap(x, scale * x) < 1e-12


@laws
@given(ties(), scales)
def test_cosine_is_symmetric_within_bounds_and_ignores_scale(states, scale: float) -> None:
    x, y = states
    assume(x.any())
    value = alignment.cosine(x, y)
    np.testing.assert_array_equal(np.isnan(value), ~(x.any(axis=1) & y.any(axis=1)))
    defined = ~np.isnan(value)
    assert (np.abs(value[defined]) <= 1 + 1e-12).all()
    np.testing.assert_array_equal(value, alignment.cosine(y, x))
    np.testing.assert_allclose(alignment.cosine(scale * x, y), value, atol=1e-12)
    np.testing.assert_allclose(alignment.cosine(-x, y), -value, atol=1e-12)
