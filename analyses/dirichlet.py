"""Structural smoothness: how much neighbouring vision tokens differ.

Source: Wani et al. 2026, Dirichlet energy of vision tokens; definitions, section 6.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from . import kernels, labels, papers
from .cards import Card
from .labels import Array

CARDS = (
    Card(
        "dirichlet.energy",
        "How rough is the layout of the vision tokens on their grid?",
        "squared state units per edge; unitless when scale-free",
        "[0, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
)


def energy(
    tokens: Array,
    *,
    grid: Sequence[str] | Sequence[int] = ("row", "col"),
    dim: str | int = "feature",
    scale_free: bool = False,
) -> Array:
    """Dirichlet energy of tokens on their grid: the mean squared difference of neighbours.

    E = sum over edges (u, v) of |x_u - x_v|^2 / number of edges, 4 neighbours within a frame; `scale_free` divides by
    the mean squared distance of the tokens from their mean. In: (..., *grid, dim), `grid` naming rows and columns, or
    frames, rows and columns; for bare arrays names mean the axes before the last. Out: the rest, float32 or better, in
    squared state units, [0, inf); 0 only for constant tokens. nan where a token is undefined, where the grid has no
    edge, and for the scale-free form of constant tokens. Raises ValueError for a grid of other than 2 or 3 dimensions.
    Source: Wani et al. 2026; the scale-free form is this project's.

    >>> import numpy as np
    >>> energy(np.array([[[0.0], [1.0]], [[0.0], [3.0]]]))   # right: 1 + 9, down: 0 + 4, over 4 edges
    array(3.5)
    """
    if len(grid) not in (2, 3):
        raise ValueError(f"grid={tuple(grid)}: a token grid has (row, column) or (frame, row, column).")

    def kernel(x: Array) -> Array:
        return kernels.dirichlet_energy(x if len(grid) == 3 else x[..., None, :, :, :], scale_free)

    if isinstance(tokens, xr.DataArray):
        return labels.apply(kernel, tokens, core=[[*grid, dim]])
    axes = [axis for axis in (*grid, dim) if isinstance(axis, int)]
    if axes and len(axes) == len(grid) + 1:
        tokens = labels.axes_last(tokens, axes)
    return np.asarray(kernel(tokens)) if isinstance(tokens, np.ndarray) else kernel(tokens)


def unfold(tokens: Array, shape: tuple[int, int, int], *, dim: str = "token") -> xr.DataArray:
    """Tokens in grid order laid out on their grid: `dim` becomes (frame, row, col).

    In: (..., dim, ...) with at least T * H * W tokens, row-major; what lies beyond is padding and is dropped. Out: the
    same with frame, row, col in the place of `dim`. Raises ValueError where there are fewer tokens than places.

    >>> import xarray as xr
    >>> dict(unfold(xr.DataArray(np.zeros((6, 4)), dims=("token", "feature")), (1, 2, 3)).sizes)
    {'frame': 1, 'row': 2, 'col': 3, 'feature': 4}
    """
    count = int(np.prod(shape))
    if tokens.sizes[dim] < count:
        raise ValueError(f"{tokens.sizes[dim]} tokens for a grid of {shape}, which has {count} places.")
    kept = tokens.isel({dim: slice(count)})
    axis = kept.get_axis_num(dim)
    sizes = kept.shape[:axis] + tuple(shape) + kept.shape[axis + 1 :]
    dims = (*kept.dims[:axis], "frame", "row", "col", *kept.dims[axis + 1 :])
    coords = {name: coord for name, coord in kept.coords.items() if dim not in coord.dims}
    return xr.DataArray(kept.data.reshape(sizes), dims=dims, coords=coords, attrs=kept.attrs)
