"""Distances between two representations."""

from collections.abc import Callable, Mapping
from typing import Any

from array_api_compat import array_namespace

from .precision import at_least_float32


def cosine_drift(a: Any, b: Any) -> Any:
    """1 - cos between the vectors along the last axis: (..., feature), (..., feature) -> (...), in [0, 2].

    Computed as half the squared distance of the unit vectors, which is the same number without the cancellation that
    costs `1 - cos` its small values: equal vectors give exactly 0. Zero and non-finite vectors give nan.
    """
    xp: Any = array_namespace(a, b)
    difference = _unit(a) - _unit(b)
    return 0.5 * xp.sum(difference * difference, axis=-1)


def euclidean_drift(a: Any, b: Any) -> Any:
    """Length of the difference along the last axis: (..., feature), (..., feature) -> (...), in [0, inf).

    Zero and non-finite vectors give nan: a representation that is all zeros was never written.
    """
    xp: Any = array_namespace(a, b)
    a, b = at_least_float32(a), at_least_float32(b)
    difference = a - b
    largest = xp.max(xp.abs(difference), axis=-1, keepdims=True)
    safe = xp.where(largest == 0, 1.0, largest)  # squares of the scaled difference can neither overflow nor vanish
    scaled = difference / safe
    distance = xp.sqrt(xp.sum(scaled * scaled, axis=-1)) * safe[..., 0]
    defined = xp.any(a != 0, axis=-1) & xp.any(b != 0, axis=-1)
    return xp.where(defined, distance, xp.nan)


METRICS: Mapping[str, Callable[[Any, Any], Any]] = {"cosine": cosine_drift, "euclidean": euclidean_drift}
"""The distances that drift and its control can be measured in, by name."""


def _unit(x: Any) -> Any:
    xp: Any = array_namespace(x)
    x = at_least_float32(x)
    largest = xp.max(xp.abs(x), axis=-1, keepdims=True)
    x = x / xp.where(largest > 0, largest, xp.nan)  # scaled first: the squares of 1e20 overflow float32
    return x / xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))
