"""The parts of sentences on what was found: a number with its interval, and the family where it is greatest."""

from typing import Any

import numpy as np
import xarray as xr

from .overlays import OWN_ANSWER


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


def highest(values: xr.DataArray, dims: str | list[str] = "family", *, leave_out: tuple[str, ...] = ()) -> Any:
    """The entry (bound) with the largest estimate among single families, those left out passed over; None for none.

    In: values (..., bound) whose attribute `unions` lists unions of families, which are no family.
    """
    return _extreme(values, dims, leave_out, 1)


def lowest(values: xr.DataArray, dims: str | list[str] = "family", *, leave_out: tuple[str, ...] = ()) -> Any:
    """As `highest`, the smallest."""
    return _extreme(values, dims, leave_out, -1)


def certainty(values: xr.DataArray) -> str:
    """Whether an interval excludes none at all.

    >>> certainty(xr.DataArray([0.5, 0.1, 0.9], dims="bound", coords={"bound": ["estimate", "low", "high"]}))
    'the interval excludes 0'
    """
    low, high = (float(values.sel(bound=bound)) for bound in ("low", "high"))
    return "the interval excludes 0" if low > 0 or high < 0 else "the interval includes 0"


def _extreme(values: xr.DataArray, dims: str | list[str], leave_out: tuple[str, ...], sign: int) -> Any:
    names = [dims] if isinstance(dims, str) else dims
    if "family" in names:
        others = ["clean", OWN_ANSWER, *values.attrs.get("unions", {}), *leave_out]
        values = values.drop_sel(family=[name for name in others if name in values.family.values])
    middle = sign * values.sel(bound="estimate")
    if not np.isfinite(middle).any():
        return None
    where = middle.argmax(names, skipna=True)
    return values.isel({dim: int(place) for dim, place in where.items()})
