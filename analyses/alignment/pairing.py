"""Pairing: two representations of the same samples, brought together for a measure."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates and of `astype` open.

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from .. import control_sampling, labels
from ..kernels import alignment as kernels
from ..labels import Array


def rows_of(**arrays: Array) -> list[Array]:
    """Two bare arrays (sample, feature) of the same samples, as they are; ValueError where they are not."""
    shapes = [tuple(array.shape) for array in arrays.values()]
    if any(len(shape) != 2 for shape in shapes) or shapes[0][0] != shapes[1][0]:
        shown = ", ".join(f"{name} {shape}" for name, shape in zip(arrays, shapes, strict=True))
        raise ValueError(f"{shown}: bare arrays are (sample, feature) with the same samples. Label more dimensions.")
    return list(arrays.values())


def paired(dim: str, sample_dim: str, **arrays: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, list[list[str]]]:
    """Two labelled arrays with the same labels, and which of their dimensions a kernel takes; ValueError for others."""
    first, second = arrays
    rows = control_sampling.sample_dim_of(arrays[first], sample_dim)
    # features of two models are different things, of different number: they must not meet under one name
    apart = f"{dim} of {second}"
    x, y = labels.aligned(**{first: arrays[first], second: _renamed(arrays[second], dim, apart)})
    labels.require_dims(first, x, second, y)
    return x, y, [[rows, dim], [rows, apart if apart in y.dims else dim]]


def _renamed(array: xr.DataArray, dim: str, name: str) -> xr.DataArray:
    return array.rename({dim: name}) if dim in array.dims else array


WAYS = (True, False)
"""Unbiased, and biased."""


def all_left_out(x: xr.DataArray, y: xr.DataArray, core: Any, blocks: Sequence[Any], names: Any) -> xr.Dataset:
    """whole (unbiased, ...) CKA and without (unbiased, ..., left_out) each block of samples, of `paired` arrays."""

    def kernel(left: Any, right: Any) -> Any:
        both = kernels.Kernels.of(left, right)
        whole = [both.alignment(unbiased=way) for way in WAYS]
        return np.concatenate([np.array(whole)[:, None], np.stack(both.left_out(blocks, WAYS))], axis=1)

    each = np.vectorize(kernel, otypes=[np.float64], signature="(s,f),(s,g)->(w,m)")
    sizes = {"unbiased": len(WAYS), "left_out": 1 + len(blocks)}
    result = labels.apply(each, x, y, core=core, out=sizes, dtype=np.float64)
    result = result.assign_coords(unbiased=list(WAYS)).transpose("unbiased", ...)
    without = result.isel(left_out=slice(1, None)).assign_coords(left_out=names)
    return xr.Dataset({"whole": result.isel(left_out=0), "without": without})
