"""The lens: from which layer on an answer is settled, and where a perturbed reading leaves the clean one.

Scores (..., layer, option) are what the head reads in the state of each layer. Source: nostalgebraist 2020; Halawi,
Denain & Steinhardt 2024 find where a wrong answer overtakes the right one in the same way.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import labels, papers
from .cards import Card
from .labels import Array

CARDS = (
    Card(
        "lens.decision_layer",
        "From which layer on does the head already prefer what the last layer prefers?",
        "layer number",
        "{0, 1, ..., layers}",
        papers.LENS,
    ),
    Card(
        "lens.divergence_layer",
        "At which layer does a reading of the perturbed image leave that of the clean one for good?",
        "layer number",
        "{0, 1, ..., layers}",
        papers.LENS,
    ),
)


def decision_layer(margin: Array, *, dim: str | int = "layer") -> Array:
    """The first layer from which on the margin has the sign that it has at the last layer.

    In: (..., dim) margins of one option over its best rival, layer by layer. Out: the same without `dim`, the layer's
    number (its coordinate where there is one, else its place). 0 where the sign never changes. nan where the last
    margin is undefined or 0; an undefined margin below the last counts as one of another sign. Pitfall: the raw lens
    reads the last layer's coordinates in all others, so that in a small model it may say little below the top.
    Source: nostalgebraist 2020.

    >>> decision_layer(np.array([[0.5, -1.0, 2.0, 3.0], [-1.0, -1.0, -2.0, -1.0]]))
    array([2., 0.])
    """
    if not isinstance(margin, xr.DataArray):
        last = labels.axis_last(np.asarray(margin), dim)
        return _settled(last, np.arange(last.shape[-1]))
    return labels.apply(partial(_settled, layers=_numbers(margin, dim)), margin, core=[[dim]], dtype=np.float64)


def divergence_layer(clean: Array, perturbed: Array, *, dim: str | int = "layer") -> Array:
    """The first layer from which on the perturbed reading prefers another option than the clean one, layer by layer.

    In: clean (sample, ..., dim) and perturbed (sample, condition, ..., dim): the preferred option in each layer, -1
    where there is none. Out: as perturbed without `dim`, the layer's number. nan where the last layers agree, so that
    nothing was lost, and where either has no option there. Raises ValueError where labels differ.

    >>> divergence_layer(np.array([[0, 0, 1, 1]]), np.array([[[0, 2, 1, 0], [0, 0, 1, 1]]]))
    array([[ 3., nan]])
    """
    if not labels.labelled(clean=clean, perturbed=perturbed):
        after = labels.axis_last(np.asarray(perturbed), dim)
        before = labels.repeated(labels.axis_last(np.asarray(clean), dim), after, "clean", "perturbed", core=1)
        return _left(before, after, np.arange(after.shape[-1]))
    before, after = labels.aligned(clean=clean, perturbed=perturbed)
    kernel = partial(_left, layers=_numbers(after, dim))
    result = labels.apply(kernel, before, after, core=[[dim], [dim]], dtype=np.float64)
    return result.transpose(*(name for name in after.dims if name != dim))


def _numbers(values: xr.DataArray, dim: str | int) -> NDArray[Any]:
    return values[dim].values if dim in values.coords else np.arange(values.sizes[dim])


def _settled(margin: NDArray[Any], layers: NDArray[Any]) -> NDArray[np.float64]:
    last = margin[..., -1:]
    known = np.isfinite(last[..., 0]) & (last[..., 0] != 0)
    return np.where(known, _since(np.sign(margin) == np.sign(last), layers), np.nan)


def _left(clean: NDArray[Any], perturbed: NDArray[Any], layers: NDArray[Any]) -> NDArray[np.float64]:
    apart = clean != perturbed
    known = (clean[..., -1] >= 0) & (perturbed[..., -1] >= 0) & apart[..., -1]
    return np.where(known, _since(apart, layers), np.nan)


def _since(holds: NDArray[np.bool_], layers: NDArray[Any]) -> NDArray[np.float64]:
    """The layer from which on something holds at all layers; it holds at the last."""
    lasting = np.logical_and.accumulate(holds[..., ::-1], axis=-1).sum(axis=-1)
    return layers[np.minimum(len(layers) - lasting, len(layers) - 1)].astype(np.float64)
