"""Arrays large enough for the compiled kernels give what the definitions give in float64."""

import numpy as np
import pytest

from analyses import dirichlet, drift, kernels
from analyses.kernels.precision import FUSED
from analyses.statistics.quantiles import quantiles

RNG = np.random.default_rng(3)
CLEAN = RNG.normal(size=(40, 1, 300)).astype(np.float32)
MOVED = (CLEAN + 1e-3 * RNG.normal(size=(40, 7, 300))).astype(np.float32)


def test_small_angles_keep_their_digits_and_equal_vectors_are_at_0() -> None:
    assert MOVED.size >= FUSED
    x, y = (np.broadcast_to(each, MOVED.shape).astype(np.float64) for each in (CLEAN, MOVED))
    unit = [each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (x, y)]
    expected = 0.5 * ((unit[0] - unit[1]) ** 2).sum(axis=-1)
    np.testing.assert_allclose(drift.cosine(CLEAN, MOVED), expected, rtol=1e-6)
    np.testing.assert_allclose(drift.euclidean(CLEAN, MOVED), np.linalg.norm(x - y, axis=-1), rtol=1e-6)
    assert (drift.cosine(MOVED, MOVED) == 0).all()
    assert (drift.cosine(MOVED, 4 * MOVED) == 0).all()


@pytest.mark.parametrize("fill", [0.0, np.nan, np.inf])
def test_what_was_never_written_is_undefined(fill: float) -> None:
    moved = MOVED.copy()
    moved[3, 2] = fill
    for measure in (drift.cosine, drift.euclidean):
        assert np.argwhere(np.isnan(measure(CLEAN, moved))).tolist() == [[3, 2]]


def test_pairs_of_rows_are_as_far_apart_as_their_vectors() -> None:
    states, row, other = CLEAN[:, 0], RNG.integers(0, 40, 500), RNG.integers(0, 40, 500)
    for metric, measure in kernels.METRICS.items():
        np.testing.assert_array_equal(
            kernels.drift_between(metric, states, row, other), measure(states[row], states[other])
        )


@pytest.mark.parametrize("shape", [(2, 3, 8, 9, 160), (5, 1, 1, 9, 2000)])
def test_energy_is_the_mean_over_all_edges(shape: tuple[int, ...]) -> None:
    tokens = (100 + RNG.normal(size=shape)).astype(np.float32)
    wide = tokens.astype(np.float64)
    down, right = np.diff(wide, axis=-3), np.diff(wide, axis=-2)
    edges = down[0, ..., 0].size + right[0, ..., 0].size
    expected = ((down**2).sum(axis=(1, 2, 3, 4)) + (right**2).sum(axis=(1, 2, 3, 4))) / edges
    np.testing.assert_allclose(dirichlet.energy(tokens, grid=("frame", "row", "col")), expected, rtol=1e-6)
    variance = ((wide - wide.mean(axis=(1, 2, 3), keepdims=True)) ** 2).sum(axis=-1).mean(axis=(1, 2, 3))
    scaled = dirichlet.energy(tokens, grid=("frame", "row", "col"), scale_free=True)
    np.testing.assert_allclose(scaled, expected / variance, rtol=1e-6)
    assert np.isnan(dirichlet.energy(0 * tokens + 3, grid=("frame", "row", "col"), scale_free=True)).all()


@pytest.mark.parametrize("clusters", [2, 30, 400])
def test_quantiles_of_draws_are_those_of_the_repeated_values(clusters: int) -> None:
    values, cluster = RNG.normal(size=3000).round(2), RNG.integers(0, clusters, 3000)
    values[::9] = np.nan
    orders = np.array([0.0, 0.05, 0.5, 1.0])
    found = quantiles(values, cluster, clusters, orders, resamples=40, seed=4)
    draw = np.random.default_rng(4)  # as many images as there are, with repetition
    chosen = draw.integers(clusters, size=(40, clusters), dtype=np.int64)
    for own, drawn in zip(chosen, found.drawn, strict=True):
        times = np.bincount(own, minlength=clusters)[cluster]
        expected = np.nanquantile(np.repeat(values, times), orders)
        np.testing.assert_allclose(drawn, expected, rtol=0, atol=1e-12)
