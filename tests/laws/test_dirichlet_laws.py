"""Laws of Dirichlet energy that hold for any tokens on any grid."""

import networkx
import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses.dirichlet import ragged_energy
from analyses.kernels import dirichlet_energy

laws = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
shapes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(2, 4), st.integers(1, 3))
tokens = shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=st.integers(-50, 50).map(float)))


@laws
@given(tokens)
def test_energy_is_zero_exactly_where_every_frame_is_constant(x) -> None:
    constant = (x == x[:, :1, :1]).all()
    assert (dirichlet_energy(x) == 0) == constant
    assert dirichlet_energy(x) >= 0


@laws
@given(tokens, st.integers(-30, 30))
def test_a_constant_leaves_the_energy(x, constant: int) -> None:
    np.testing.assert_allclose(dirichlet_energy(x + constant), dirichlet_energy(x), rtol=1e-12)


@laws
@given(tokens, st.floats(-8, 8).filter(lambda a: abs(a) > 1e-3))
def test_scaling_squares_the_energy_and_leaves_its_scale_free_form(x, factor: float) -> None:
    np.testing.assert_allclose(dirichlet_energy(factor * x), factor**2 * dirichlet_energy(x), rtol=1e-9)
    np.testing.assert_allclose(dirichlet_energy(factor * x, True), dirichlet_energy(x, True), rtol=1e-9)


@laws
@given(tokens)
def test_turning_and_mirroring_the_grid_leaves_the_energy(x) -> None:
    for other in (x.transpose(0, 2, 1, 3), x[:, ::-1], x[:, :, ::-1], x[::-1], x[..., ::-1]):
        np.testing.assert_allclose(dirichlet_energy(other), dirichlet_energy(x), rtol=1e-12)


@laws
@given(tokens)
def test_energy_is_the_laplacian_form(x) -> None:
    frames, rows, columns, features = x.shape
    graph = networkx.grid_2d_graph(rows, columns)
    laplacian = networkx.laplacian_matrix(graph, nodelist=sorted(graph)).toarray()
    flat = x.reshape(frames, rows * columns, features)
    trace = sum(np.trace(frame.T @ laplacian @ frame) for frame in flat)
    np.testing.assert_allclose(dirichlet_energy(x), 2 * trace / (2 * frames * graph.number_of_edges()), rtol=1e-9)


@laws
@given(tokens)
def test_the_scale_free_form_is_bounded_by_the_largest_eigenvalue(x) -> None:
    # x^T L x <= 8 |x|^2 on a grid, so E / variance <= 8 * tokens / edges
    frames, rows, columns, _ = x.shape
    edges = frames * ((rows - 1) * columns + rows * (columns - 1))
    value = dirichlet_energy(x, scale_free=True)
    assume(not np.isnan(value))
    assert 0 <= value <= 8 * frames * rows * columns / edges


@laws
@given(tokens, st.integers(0, 3))
def test_tokens_in_a_row_have_the_energy_of_their_grid_whatever_the_padding(x, padding: int) -> None:
    flat = x.reshape(-1, x.shape[-1])
    padded = np.concatenate([flat, np.full((padding, x.shape[-1]), np.nan)])
    np.testing.assert_array_equal(ragged_energy(padded, np.array(x.shape[:3])), dirichlet_energy(x))
