"""Distances between two representations."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from .precision import FUSED, are_float32, at_least_float32

Floats = NDArray[np.float64]


def cosine_drift(a: Any, b: Any) -> Any:
    """1 - cos between the vectors along the last axis: (..., feature), (..., feature) -> (...), in [0, 2].

    Computed as half the squared distance of the unit vectors, which is the same number without the cancellation that
    costs `1 - cos` its small values, or from sums in float64: equal vectors give exactly 0. Zero and non-finite vectors
    give nan.
    """
    if are_float32(a, b):
        return _cosine(_pair_sums(a, b)).astype(np.float32)
    xp: Any = array_namespace(a, b)
    difference = _unit(a) - _unit(b)
    return 0.5 * xp.sum(difference * difference, axis=-1)


def euclidean_drift(a: Any, b: Any) -> Any:
    """Length of the difference along the last axis: (..., feature), (..., feature) -> (...), in [0, inf).

    Zero and non-finite vectors give nan: a representation that is all zeros was never written.
    """
    if are_float32(a, b):
        return _euclidean(_pair_sums(a, b)).astype(np.float32)
    xp: Any = array_namespace(a, b)
    a, b = at_least_float32(a), at_least_float32(b)
    difference = a - b
    largest = xp.max(xp.abs(difference), axis=-1, keepdims=True)
    safe = xp.where(largest == 0, 1.0, largest)  # squares of the scaled difference can neither overflow nor vanish
    scaled = difference / safe
    distance = xp.sqrt(xp.sum(scaled * scaled, axis=-1)) * safe[..., 0]
    defined = xp.any(a != 0, axis=-1) & xp.any(b != 0, axis=-1)
    return xp.where(defined, distance, xp.nan)


def drift_between(metric: str, states: NDArray[Any], row: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[Any]:
    """Distance of pairs of rows: states (sample, feature), places (pair) twice -> (pair), as the metric."""
    if are_float32(states) and len(row) * states.shape[1] >= FUSED:
        return OF_SUMS[metric](_compiled_sums(states, states, row, other)).astype(np.float32)
    return METRICS[metric](states[row], states[other])


METRICS: Mapping[str, Callable[[Any, Any], Any]] = {"cosine": cosine_drift, "euclidean": euclidean_drift}
"""The distances that drift and its control can be measured in, by name."""


def _unit(x: Any) -> Any:
    xp: Any = array_namespace(x)
    x = at_least_float32(x)
    largest = xp.max(xp.abs(x), axis=-1, keepdims=True)
    x = x / xp.where(largest > 0, largest, xp.nan)  # scaled first: the squares of 1e20 overflow float32
    return x / xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))


def _pair_sums(a: NDArray[np.float32], b: NDArray[np.float32]) -> Floats:
    """(..., 4) the sums in float64 of (a - b)^2, a b, a^2 and b^2 over the features: no square overflows there."""
    a, b = (np.broadcast_to(x, (*x.shape[:-1], max(a.shape[-1], b.shape[-1]))) for x in (a, b))
    lead = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    if max(a.size, b.size) < FUSED:
        x, y = (each.astype(np.float64) for each in (a, b))
        with np.errstate(invalid="ignore"):  # of infinities
            sums = [np.sum(each, axis=-1) for each in ((x - y) ** 2, x * y, x * x, y * y)]
        return np.stack(np.broadcast_arrays(*sums), axis=-1)
    rows = (np.arange(x[..., 0].size).reshape(x.shape[:-1]) for x in (a, b))
    places = (np.broadcast_to(each, lead).reshape(-1) for each in rows)
    return _compiled_sums(a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1]), *places).reshape(*lead, 4)


def _compiled_sums(
    a: NDArray[np.float32], b: NDArray[np.float32], row: NDArray[np.intp], other: NDArray[np.intp]
) -> Floats:
    from . import fused  # numba takes longer to import than a small array to measure

    places = (np.ascontiguousarray(each, np.int64) for each in (row, other))
    return fused.pair_sums(np.ascontiguousarray(a), np.ascontiguousarray(b), *places)


def _cosine(sums: Floats) -> Floats:
    _, product, first, second = np.moveaxis(sums, -1, 0)
    # one root: of equal vectors all three sums are the same number, and the quotient is exactly 1
    length = np.sqrt(np.where(_defined(first, second), first * second, np.nan))
    return np.clip(1.0 - product / length, 0.0, 2.0)


def _euclidean(sums: Floats) -> Floats:
    apart, _, first, second = np.moveaxis(sums, -1, 0)
    return np.where(_defined(first, second), np.sqrt(apart), np.nan)


def _defined(*squares: Floats) -> NDArray[np.bool_]:
    return np.logical_and.reduce([(each > 0) & np.isfinite(each) for each in squares])


OF_SUMS: Mapping[str, Callable[[Floats], Floats]] = {"cosine": _cosine, "euclidean": _euclidean}
"""The same distances from the sums over the features."""
