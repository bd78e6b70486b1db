"""Drift that the answer reads, and drift that it ignores.

The head tells options apart by inner products with the differences of their unembedding rows; U is the span of these.
What of a move of the state lies outside U changes no difference between the options' logits: it is silent. Neither U
nor the states are needed: the options' logits and the inner products of their rows say the length of the part in U.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array

FLAT = 1e-5
"""Directions of U that are this much shorter than the longest are rounding: rows are stored in float32."""


def length_read(change: Array, products: Array) -> Array:
    """Length of the part of a move that lies in U: |P_U dh|.

    In: change (..., option) of the options' logits w.h + b, products (..., option, other_option) of the rows w of the
    same options; labelled ones may lack the conditions. Out: (...) in the state's own units, [0, inf). Options whose
    change is undefined are left out; nan where fewer than two are left. Raises ValueError where labels differ.

    >>> float(length_read(np.array([3.0, 0.0]), np.eye(2)).round(4))   # of (3, 0) along (1, -1) / sqrt(2)
    2.1213
    """
    return _of_options(_length, change, products)


def dimensions_read(products: Array) -> Array:
    """How many dimensions U has: at most the number of options less 1.

    In: (..., option, other_option), nan where an option is undefined. Out: (...); nan where fewer than two are defined.
    `dimensions_read / features` is the share of a random move's square that lies in U.

    >>> float(dimensions_read(np.eye(3)))
    2.0
    """
    if isinstance(products, xr.DataArray):
        return labels.apply(_rank, products, core=[["option", "other_option"]], dtype=np.float64)
    return _rank(np.asarray(products, np.float64))[()]


def share_read(read: Array, moved: Array) -> Array:
    """Share of a move's square that the answer reads: |P_U dh|^2 / |dh|^2.

    In: `length_read` and the length of the whole move, alike. Out: [0, 1]; nan where nothing moved. Rounding above 1
    counts as 1. Chance level: `dimensions_read` / features.

    >>> share_read(np.array([3.0]), np.array([5.0]))
    array([0.36])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return (read**2 / _above_zero(moved) ** 2).clip(None, 1.0)


def silent(read: Array, moved: Array) -> Array:
    """Length of the part of a move that no difference between the options' logits reads: sqrt(|dh|^2 - |P_U dh|^2).

    In: `length_read` and the length of the whole move, alike. Out: in the state's own units, [0, |dh|]. nan where
    either is. Put over the same of unrelated images it is silent drift.

    >>> silent(np.array([3.0]), np.array([5.0]))
    array([4.])
    """
    return ((moved**2 - read**2).clip(0.0)) ** 0.5


def _above_zero(values: Array) -> Any:
    return values.where(values > 0) if isinstance(values, xr.DataArray) else np.where(values > 0, values, np.nan)


def _of_options(kernel: Any, change: Array, products: Array) -> Any:
    if not labels.labelled(change=change, products=products):
        return kernel(np.asarray(change, np.float64), np.asarray(products, np.float64))
    first, second = labels.aligned(change=change, products=products)
    core = [["option"], ["option", "other_option"]]
    return labels.apply(kernel, first, second, core=core, dtype=np.float64).transpose(
        *(name for name in first.dims if name != "option")
    )


def _length(change: NDArray[Any], products: NDArray[Any]) -> NDArray[np.float64]:
    change = np.asarray(change, np.float64)
    known = np.isfinite(change) & np.isfinite(np.einsum("...ii->...i", products))
    moved, inner = _centred(np.where(known, change, 0.0), known), _centred_products(products, known)
    inverse = np.linalg.pinv(inner, rcond=FLAT, hermitian=True)
    squared = np.einsum("...i,...ij,...j->...", moved, inverse, moved)
    return np.where(known.sum(axis=-1) > 1, np.sqrt(np.maximum(squared, 0.0)), np.nan)


def _rank(products: NDArray[Any]) -> NDArray[np.float64]:
    known = np.isfinite(np.einsum("...ii->...i", products))
    values = np.linalg.eigvalsh(_centred_products(products, known))
    rank = (values > FLAT * values.max(axis=-1, keepdims=True)).sum(axis=-1)
    return np.where(known.sum(axis=-1) > 1, rank.astype(np.float64), np.nan)


def _centred(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values less the mean over the known options; 0 elsewhere."""
    mean = values.sum(axis=-1, keepdims=True) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
    return np.where(known, values - mean, 0.0)


def _centred_products(products: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The products of the rows less their mean, whose span is that of the rows' differences."""
    known = np.broadcast_to(known, (*products.shape[:-2], known.shape[-1])) if known.ndim < products.ndim - 1 else known
    both = known[..., :, None] & known[..., None, :]
    inner = np.where(both, np.broadcast_to(products, both.shape).astype(np.float64), 0.0)
    rows = _centred(inner, both)
    return _centred(np.swapaxes(rows, -1, -2), both)
