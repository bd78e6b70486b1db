"""The parts of sentences on what was found: a number with its interval, and the family where it is greatest."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from .overlays import OWN_ANSWER

Dims = str | Sequence[str]


def estimate(values: Any, digits: int, scale: float = 1.0) -> str:
    """An estimate with its interval as text, a dash where undefined.

    >>> estimate([0.5, 0.25, 0.75], 1, 100), estimate([0.5, np.nan, np.nan], 2), estimate([np.nan] * 3, 2)
    ('50.0 [25.0, 75.0]', '0.50', '–')
    """
    middle, low, high = (float(number) * scale for number in np.asarray(values))
    if not np.isfinite(middle):
        return "–"
    interval = f" [{low:.{digits}f}, {high:.{digits}f}]" if np.isfinite([low, high]).all() else ""
    return f"{middle:.{digits}f}{interval}"


def share(values: Any) -> str:
    """A share in percent with its interval.

    >>> share([0.5, 0.25, 0.75])
    '50.0 % [25.0, 75.0]'
    """
    middle, bracket, interval = estimate(values, 1, 100).partition(" [")
    return f"{middle} %{bracket}{interval}"


def highest(data: xr.Dataset, name: str, dims: Dims = "family", *, leave_out: tuple[str, ...] = ()) -> Any:
    """The entry (bound) of a variable with the largest estimate, of single families; None where there is none.

    In: a variable (..., bound) of a result, whose attribute `unions` lists unions of families. The clean condition,
    unions and the families left out are passed over.
    """
    return _extreme(data, name, dims, leave_out, 1)


def lowest(data: xr.Dataset, name: str, dims: Dims = "family", *, leave_out: tuple[str, ...] = ()) -> Any:
    """As `highest`, the smallest."""
    return _extreme(data, name, dims, leave_out, -1)


def certainty(values: xr.DataArray) -> str:
    """Whether an interval excludes none at all; of a single image there is no interval.

    >>> certainty(xr.DataArray([0.5, 0.1, 0.9], dims="bound", coords={"bound": ["estimate", "low", "high"]}))
    'the interval excludes 0'
    >>> certainty(xr.DataArray([0.5, np.nan, np.nan], dims="bound", coords={"bound": ["estimate", "low", "high"]}))
    'too few images for an interval'
    """
    low, high = (float(values.sel(bound=bound)) for bound in ("low", "high"))
    if not np.isfinite([low, high]).all():
        return "too few images for an interval"
    return "the interval excludes 0" if low > 0 or high < 0 else "the interval includes 0"


def _extreme(data: xr.Dataset, name: str, dims: Dims, leave_out: tuple[str, ...], sign: int) -> Any:
    if name not in data:
        return None
    values, along = data[name], [dims] if isinstance(dims, str) else list(dims)
    if "family" in along:
        others = ["clean", OWN_ANSWER, *data.attrs.get("unions", {}), *leave_out]
        values = values.drop_sel(family=[one for one in others if one in values.family.values])
    middle = sign * values.sel(bound="estimate")
    if not np.isfinite(middle).any():
        return None
    where = middle.argmax(along, skipna=True)
    return values.isel({dim: int(place) for dim, place in where.items()})
