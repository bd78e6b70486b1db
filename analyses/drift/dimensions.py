"""Whether a few dimensions make the drift: massive ones, and drift with every feature on its own scale.

In many language models a handful of dimensions are so large that they alone decide cosines. Source: Timkey & van
Schijndel 2021, who standardise each feature over a sample of contextual states.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..kernels.distance import cosine_drift

LARGEST = 3
"""Dimensions whose share is told."""


def standardised(
    clean: xr.DataArray, perturbed: xr.DataArray, *, mean: xr.DataArray, deviation: xr.DataArray
) -> xr.DataArray:
    """Cosine drift of states whose features are (h - mean) / deviation.

    In: clean (..., feature), perturbed (..., condition, feature), mean and deviation (..., feature) of clean states of
    other images. Out: as perturbed without `feature`, in [0, 2]. A feature that never varies is left out; nan where a
    vector is zero or undefined then. Source: Timkey & van Schijndel 2021.

    >>> far = xr.DataArray([[100.0, 1.0]], dims=("sample", "feature"))
    >>> moved = xr.DataArray([[100.0, -1.0]], dims=("sample", "feature"))
    >>> mean, deviation = xr.DataArray([100.0, 0.0], dims="feature"), xr.DataArray([1.0, 1.0], dims="feature")
    >>> float(standardised(far, moved, mean=mean, deviation=deviation)[0])   # (0, 1) and (0, -1); of the raw ones .0002
    2.0
    """
    scale = deviation.where(deviation > 0)

    def scaled(states: xr.DataArray) -> xr.DataArray:
        return ((states - mean) / scale).fillna(0.0).where(states.notnull().all("feature"))

    core = [["feature"]] * 2
    return labels.apply(cosine_drift, scaled(clean), scaled(perturbed), core=core, dtype=np.float64)


def share_of_largest(clean: xr.DataArray, perturbed: xr.DataArray, *, count: int = LARGEST) -> xr.DataArray:
    """Share of the squared move that lies in its `count` largest dimensions, each move's own.

    In: clean (..., feature), perturbed (..., condition, feature). Out: as perturbed without `feature`, in [0, 1]; nan
    where nothing moved or either is undefined. A move along random directions of d features has about
    count * 2 * ln(d) / d at most.

    >>> still = xr.DataArray([[0.0, 0.0, 0.0, 0.0]], dims=("sample", "feature"))
    >>> moved = xr.DataArray([[3.0, 0.0, 1.0, 0.0]], dims=("sample", "feature"))
    >>> float(share_of_largest(still, moved, count=1)[0])   # 9 of 10
    0.9
    """

    def kernel(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
        squares = (other.astype(np.float64) - one) ** 2
        kept = min(count, squares.shape[-1])
        largest = np.partition(squares, squares.shape[-1] - kept, axis=-1)[..., -kept:].sum(axis=-1)
        total = squares.sum(axis=-1)
        return largest / np.where(total > 0, total, np.nan)

    return labels.apply(kernel, clean, perturbed, core=[["feature"]] * 2, dtype=np.float64)
