"""Layout: conditions spread out along their parameters, so that a list of conditions becomes a grid of values.

A sweep over cutoffs, noise by band and epsilon, and waves by their two frequencies are all read off such grids.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates and `astype` open.

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array


def unfold(array: Array, axes: Mapping[str, Any], *, condition: str = "condition") -> xr.DataArray:
    """Values by condition laid out along parameters: `condition` becomes the dimensions `axes`, last, in their order.

    In: (sample, condition, ...); `axes` says for each new dimension where the parameter of every condition is found:
    the name of a coordinate, or the values themselves. Out: DataArray (sample, ..., *axes), float; numbers ascend,
    texts stand in order of first appearance. nan where there is no such condition, which the coordinate `measured`
    (*axes) tells from values that are undefined. Raises ValueError for a condition that lacks a parameter (nan or ""),
    for two conditions in one place, for no condition at all, and where a dimension of that name exists.

    >>> grid = unfold(np.array([[0.1, 0.2, 0.4]]), {"band": ["low", "low", "high"], "epsilon": [8, 2, 2]})
    >>> grid.epsilon.values, grid.sel(band="low").values, grid.sel(band="high").values
    (array([2, 8]), array([[0.2, 0.1]]), array([[0.4, nan]]))
    """
    table = labels.by_sample(array, condition=condition)
    if condition not in table.dims or not table.sizes[condition]:
        raise ValueError(f"no {condition} to lay out among {dict(table.sizes)}. Name the dimension with `condition=`.")
    ticks: dict[str, NDArray[Any]] = {}
    codes: list[NDArray[np.intp]] = []
    for name, given in axes.items():
        if name in table.dims:
            raise ValueError(f"a dimension {name!r} exists already: {dict(table.sizes)}. Rename or select it first.")
        ticks[name], code = _ticks(_parameter(table, name, given, condition))
        codes.append(code)
    place = np.full([len(values) for values in ticks.values()], -1)
    for column, spot in enumerate(zip(*codes, strict=True)):
        if place[spot] >= 0:
            both = " and ".join(_named(table, each, condition) for each in (int(place[spot]), column))
            where = ", ".join(f"{name}={values[one]}" for (name, values), one in zip(ticks.items(), spot, strict=True))
            raise ValueError(f"{both} both have {where}. Select one of them first.")
        place[spot] = column
    bare = table.drop_vars([name for name, coord in table.coords.items() if condition in coord.dims])
    index = xr.DataArray(place, dims=list(axes))
    laid = (bare if bare.dtype.kind == "f" else bare.astype(np.float64)).isel({condition: index}).where(index >= 0)
    return laid.transpose(..., *axes).drop_attrs(deep=False).assign_coords({**ticks, "measured": index >= 0})


def numbers(grid: xr.DataArray, dim: str) -> NDArray[np.float64]:
    """The values along a dimension, as numbers; ValueError where they are texts.

    >>> numbers(unfold(np.array([[0.1, 0.2]]), {"cutoff": [1, 0]}), "cutoff")
    array([0., 1.])
    """
    values = grid[dim].values
    if values.dtype.kind not in "iuf":
        raise ValueError(f"{dim} must be a number for every condition, not a text such as {values[0].item()!r}.")
    return values.astype(np.float64)


def _parameter(table: xr.DataArray, name: str, given: Any, condition: str) -> NDArray[Any]:
    if isinstance(given, str) and given not in table.coords:
        raise ValueError(f"no coordinate {given!r}. Pass the {name} of each {condition} as a list, or assign it.")
    values = np.asarray(table[given] if isinstance(given, str) else given)
    if values.shape != (table.sizes[condition],):
        raise ValueError(f"{values.shape} values of {name} for {table.sizes[condition]} conditions: give one each.")
    if values.dtype.kind not in "iuf":
        values = values.astype(str)
    lacking = np.isnan(values) if values.dtype.kind == "f" else values == ""
    if lacking.any():
        first = _named(table, int(np.argmax(lacking)), condition)
        raise ValueError(f"{first} has no {name}. Select the conditions that have one, such as those of one family.")
    return values


def _ticks(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    if values.dtype.kind in "iuf":
        ticks, code = np.unique(values, return_inverse=True)
        return ticks, code.reshape(-1)
    names = list(dict.fromkeys(values.tolist()))
    return np.asarray(names), np.asarray([names.index(name) for name in values.tolist()])


def _named(table: xr.DataArray, column: int, condition: str) -> str:
    label = repr(table[condition].values[column].item()) if condition in table.coords else f"number {column}"
    return f"{condition} {label}"
