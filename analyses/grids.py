"""Token grids of two pictures side by side: what may be compared only where they are equal.

On another grid the token of the same number shows another part of the picture, and sums over the grid grow with it.
Definitions, sections 5 and 7.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import xarray as xr
from array_api_compat import array_namespace

from . import labels
from .labels import Array


def same(grid: Array, other: Array) -> Array:
    """Whether two grids (..., axis) are equal, in frames, rows and columns, and known (no number below 1, no nan).

    >>> import numpy as np
    >>> same(np.array([[1, 13, 13], [1, 14, 14]]), np.array([[1, 14, 14], [1, 14, 14]]))
    array([False,  True])
    """
    xp: Any = array_namespace(grid, other)
    return xp.all((grid == other) & (grid >= 1), axis=-1)


def where_same(
    values: Array,
    clean: Array,
    perturbed: Array,
    clean_grid: Array,
    perturbed_grid: Array,
    *,
    axis: str = "axis",
) -> Array:
    """A comparison of clean and perturbed pictures, nan where the two are laid out on other grids of tokens.

    In: `values` made from `clean` and `perturbed`, and the grids of both (..., axis): frames, rows and columns of each
    picture's tokens. Bare arrays: the grids' leading axes are those of values. Out: values, labelled ones with the
    coordinate `same_grid`, which tells what other grids left undefined. Raises ValueError where labels differ and where
    a grid does not belong to each picture.
    """
    if not labels.labelled(values=values, clean_grid=clean_grid, perturbed_grid=perturbed_grid):
        equal = same(clean_grid, perturbed_grid)
        xp: Any = array_namespace(values)
        return xp.where(xp.reshape(equal, (*equal.shape, *(1,) * (values.ndim - equal.ndim))), values, xp.nan)
    arrays = {"clean": clean, "perturbed": perturbed, "clean_grid": clean_grid, "perturbed_grid": perturbed_grid}
    before, after, grid, other_grid = labels.aligned(**arrays)
    for name, states, layout in (("clean", before, grid), ("perturbed", after, other_grid)):
        _require_grid_of(name, states, layout, axis)
    equal = labels.apply(same, grid, other_grid, core=[[axis], [axis]], dtype=bool)
    equal = equal.drop_vars([name for name, coord in equal.coords.items() if coord.ndim == 0])
    return values.where(equal).transpose(*values.dims).assign_coords(same_grid=equal)


def _require_grid_of(name: str, states: xr.DataArray, grid: xr.DataArray, axis: str) -> None:
    pictures = {str(dim) for dim in states.dims if dim in ("sample", "image", "condition")}
    given = {str(dim) for dim in grid.dims} - {axis}
    if given != pictures:
        raise ValueError(
            f"{name}_grid has dimensions {grid.dims} and {name} {states.dims}: a grid belongs to one picture, so it "
            f"needs ({', '.join([*sorted(pictures), axis])})."
        )
