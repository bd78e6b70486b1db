"""Leads: by how much one entry is ahead of the best of the others, with images drawn again for all at once.

"Most under X" is a claim on a difference. Two intervals that overlap may still differ, and the highest of many is
highest by chance; the interval of the difference to the next one says which it is. Definitions, section 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .resampling import BOUNDS, Floats, percentiles

SIDES = ("above_others", "below_others")
"""By how much an entry lies above the highest, and below the lowest, of the other entries."""


def leads(numbers: xr.Dataset, dim: str, *, level: float = 0.95) -> xr.Dataset:
    """How far each entry along a dimension lies above the highest of the others, and below the lowest.

    In: Dataset estimate (..., dim) and draws (draw, ..., dim) from `resampled`. Out: Dataset above_others and
    below_others (..., dim, bound), in the numbers' unit: above 0 for the one entry that is highest (lowest), and its
    `low` above 0 where the images tell it from the next. The other is chosen by the estimates. nan where an entry is
    undefined or has no other. Source: Field & Welsh 2007.

    >>> made = xr.Dataset({"estimate": ("layer", [1.0, 4.0]), "draws": (("draw", "layer"), [[1.0, 3.0], [2.0, 5.0]])})
    >>> leads(made, "layer").above_others.sel(bound="estimate").values
    array([-3.,  3.])
    """
    estimate = numbers["estimate"].transpose(..., dim)
    drawn = numbers["draws"].transpose("draw", *estimate.dims).values
    coords = {name: coord for name, coord in estimate.coords.items() if name != "resampled_from"}
    sides = of_draws(estimate.values, drawn, np.ones(estimate.sizes[dim], np.bool_), level=level)
    dims = (*estimate.dims, "bound")
    return xr.Dataset(
        {name: (dims, side) for name, side in zip(SIDES, sides, strict=True)}, coords={**coords, "bound": list(BOUNDS)}
    )


def of_draws(
    estimate: Floats, drawn: Floats, ranked: NDArray[np.bool_], *, level: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """As `leads`, on bare arrays: (..., entry), (draw, ..., entry) -> twice (..., entry, bound).

    Only the entries that are `ranked`, (entry), are compared; the others are nan.
    """
    above, below = (_over_next(sign * estimate, sign * drawn, ranked, level) for sign in (1.0, -1.0))
    return above, below


def _over_next(estimate: Floats, drawn: Floats, ranked: NDArray[np.bool_], level: float) -> Floats:
    result = np.full((*estimate.shape, len(BOUNDS)), np.nan)
    candidates = np.where(ranked & ~np.isnan(estimate), estimate, -np.inf)
    for entry in np.flatnonzero(ranked):
        others = candidates.copy()
        others[..., entry] = -np.inf
        defined = np.isfinite(others.max(axis=-1, initial=-np.inf))
        best = others.argmax(axis=-1)[..., None] if others.shape[-1] else others.astype(np.intp)
        ahead = estimate[..., entry] - np.take_along_axis(estimate, best, axis=-1)[..., 0]
        apart = drawn[..., entry] - np.take_along_axis(drawn, best[None], axis=-1)[..., 0]
        result[..., entry, :] = percentiles(np.where(defined, ahead, np.nan), apart, level)
    return result
