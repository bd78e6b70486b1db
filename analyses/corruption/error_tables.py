"""Tables of errors: which two may be compared, when their ratio is defined, and what a mean over all of a dimension is.

An error is a share of wrong answers, 1 - accuracy. A table has one per corruption and severity, and may have more
dimensions, such as dataset and model.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates, `sum` and `sizes` open.

from typing import Any
from warnings import warn

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels

MODELS = frozenset({"model", "pair", "role"})
"""Dimensions that list models: a reference may lack them, and serves all of them then."""

SMALLEST = 0.02
"""The least denominator of a ratio: for CE, of the sum of the reference's errors over severities, not of their mean."""

ROUNDING = 1e-12  # 0.01 + 0.01 is not below 0.02, in whatever order it is summed
TOLD = 5


class SmallDenominator(RuntimeWarning):
    """A ratio is nan because what it is measured against is below `SMALLEST`."""


def named(array: Any, *dims: str) -> xr.DataArray:
    """A bare array whose last axes are `dims`, in this order; ValueError where it has fewer."""
    values = np.asarray(array, np.float64)
    if values.ndim < len(dims):
        raise ValueError(f"a bare array of shape {values.shape}: its last axes must be {', '.join(dims)}.")
    return xr.DataArray(values, dims=[*(f"axis_{axis}" for axis in range(values.ndim - len(dims))), *dims])


def comparable(
    *core: str, spare: frozenset[str] = frozenset(), **tables: xr.DataArray
) -> tuple[xr.DataArray, xr.DataArray]:
    """Two tables, in float64, whose dimensions and labels are the same; ValueError naming what differs.

    Both must have the dimensions `core`. The second may lack those in `spare`; nothing else is repeated.
    """
    first, second = tables
    for name, array in tables.items():
        require(name, array, *core)
    table, reference = labels.aligned(**tables)
    lacking = set(table.dims) - set(reference.dims) - spare
    for dim in sorted(map(str, lacking | (set(reference.dims) - set(table.dims)))):
        having, other = (first, second) if dim in table.dims else (second, first)
        raise ValueError(
            f"{having} has a dimension {dim!r} and {other} has not: {first} has {_shape(table)}, {second} has "
            f"{_shape(reference)}. Nothing is repeated over it: select one of its labels, or give both all."
        )
    return table.astype(np.float64), reference.astype(np.float64)


def beside(name: str, clean: xr.DataArray, other: str, error: xr.DataArray, *apart: str) -> xr.DataArray:
    """The clean errors of a table, which lack `apart` alone, in float64 and without scalar coordinates."""
    clean, error = labels.aligned(**{name: clean, other: error})
    if set(clean.dims) != set(error.dims) - set(apart):
        raise ValueError(
            f"{name} has {_shape(clean)} and {other} {_shape(error)}: clean errors need the dimensions of {other} "
            f"but for {' and '.join(apart)}."
        )
    return clean.astype(np.float64).drop_vars([key for key, coord in clean.coords.items() if coord.ndim == 0])


def require(name: str, table: xr.DataArray, *dims: str) -> None:
    """ValueError where a dimension is missing."""
    for dim in dims:
        if dim not in table.dims:
            raise ValueError(f"{name} has no dimension {dim!r}: it has {_shape(table)}. Name yours by keyword.")


def require_shares(**tables: xr.DataArray) -> None:
    """ValueError where an error is no share: 1 - accuracy lies in [0, 1], percent do not."""
    for name, table in tables.items():
        values = table.values
        outside = values[(values < -1e-9) | (values > 1 + 1e-9)]
        if outside.size:
            raise ValueError(f"{name} holds {outside[0]:g}: an error is a share in [0, 1]. Pass 1 - accuracy.")


def levels(name: str, table: xr.DataArray, severity: str) -> NDArray[np.float64]:
    """The severities of a table as numbers; ValueError where it has none."""
    require(name, table, severity)
    if severity not in table.coords or table[severity].dtype.kind not in "iuf":
        raise ValueError(f"{name} has no numbers along {severity!r}. Assign them as a coordinate, such as 1, 3, 5.")
    return table[severity].values.astype(np.float64)


def whole_mean(name: str, table: xr.DataArray, dim: str) -> xr.DataArray:
    """Mean over all of a dimension, nan where any value is; a coordinate `undefined` counts those that are."""
    require(name, table, dim)
    size: Any = table.sizes[dim] or np.nan
    total = table.astype(np.float64).sum(dim, skipna=False).drop_attrs(deep=False)
    return (total / size).assign_coords(undefined=table.isnull().sum(dim))


def ratio(name: str, numerator: xr.DataArray, denominator: xr.DataArray) -> xr.DataArray:
    """numerator / denominator; nan where the latter is below `SMALLEST`, with a warning that says where."""
    small = (denominator < SMALLEST - ROUNDING).compute()
    if small.any():
        warn(_complaint(name, denominator.where(small).compute()), SmallDenominator, stacklevel=3)
    return (numerator / denominator.where(~small)).transpose(*numerator.dims).drop_attrs(deep=False)


def _complaint(name: str, small: xr.DataArray) -> str:
    places = np.argwhere(small.notnull().values).tolist()
    cells: list[str] = []
    for place in places[:TOLD]:
        where: dict[Any, Any] = dict(zip(small.dims, place, strict=True))
        cell = small.isel(where)
        where |= {key: coord.item() for key, coord in cell.coords.items() if key in where or not small[key].ndim}
        cells.append(" ".join(f"{key}={label!r}" for key, label in where.items()) + f" ({cell.item():.3g})")
    more = f" and {len(places) - TOLD} more" if len(places) > TOLD else ""
    return f"{name} is nan where its denominator is below {SMALLEST}: {', '.join(cells)}{more}."


def _shape(table: xr.DataArray) -> str:
    return "dimensions (" + ", ".join(f"{dim}: {size}" for dim, size in table.sizes.items()) + ")"
