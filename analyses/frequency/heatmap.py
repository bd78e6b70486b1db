"""Fourier heat map: the effect of one wave at a time, laid out by the wave's two frequencies.

Source: Yin et al. 2019; definitions, section 7.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import papers
from ..cards import Card
from ..labels import Array
from . import layout

CARDS = (
    Card(
        "frequency.heatmap.fourier",
        "To which waves, coarse or fine, upright or slanted, is the model sensitive?",
        "as the value",
        "as the value",
        papers.FOURIER_HEAT_MAP,
    ),
)


def fourier(values: Array, *, i: Any = "i", j: Any = "j", condition: str = "condition") -> xr.DataArray:
    """Flips, drifts or margin erosions under single waves, laid out by frequency: (sample, i, j) for each sample.

    A real wave of frequency (i, j) has (-i, -j) in its spectrum as well, so where only one of the two was measured the
    other place holds the same value; where both were (two phases of one frequency), each keeps its own. In: (sample,
    condition, ...), the conditions of `fourier_basis` at one epsilon; `i`, `j` the cycles down and across the picture,
    as coordinate names or as lists. Out: DataArray (sample, ..., i, j), in the unit and range of the values, both axes
    ascending and symmetric about 0, the mean (0, 0) in the centre; the coordinate `measured` (i, j) is true where a
    condition was run, false where a twin or nothing stands in. nan where neither was run (the attribute `missing`
    counts these places) and where the value is undefined. Raises ValueError for a condition without i or j and for two
    of one wave. The map of a model is the mean over samples: `statistics.bootstrap(statistics.mean, map, ...)`.
    Source: Yin et al. 2019, section 3, who map the error rate.

    >>> fourier(np.array([[0.1, 0.2, 0.3]]), i=[0, 0, 1], j=[0, 1, -1])[0].values   # j = 1 has the twin j = -1
    array([[nan, nan, 0.3],
           [0.2, 0.1, 0.2],
           [0.3, nan, nan]])
    """
    half = layout.unfold(values, {"i": i, "j": j}, condition=condition)
    down, across = _symmetric(half, "i"), _symmetric(half, "j")
    measured = half.measured.drop_vars("measured").reindex(i=down, j=across, fill_value=False)
    whole = half.drop_vars("measured").reindex(i=down, j=across)
    either = measured | _mirrored(measured)
    result = whole.where(measured, _mirrored(whole))
    return result.assign_coords(measured=measured).assign_attrs(missing=int((~either).sum()))


def _symmetric(grid: xr.DataArray, dim: str) -> NDArray[np.int64]:
    cycles = layout.numbers(grid, dim)
    if (cycles % 1 != 0).any():
        raise ValueError(f"{dim} counts whole cycles per picture, from {cycles.min():g} to {cycles.max():g} here.")
    return np.unique(np.concatenate([cycles, -cycles, [0.0]])).astype(np.int64)


def _mirrored(grid: xr.DataArray) -> xr.DataArray:
    # both axes are symmetric about 0, so (-i, -j) stands where both are read backwards
    return grid.isel(i=slice(None, None, -1), j=slice(None, None, -1)).assign_coords(i=grid.i, j=grid.j)
