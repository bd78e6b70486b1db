"""Structural smoothness: how much neighbouring vision tokens differ.

Source: Wani et al. 2026, Dirichlet energy of vision tokens; definitions, section 6.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates and `astype` open.

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

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
    Card(
        "dirichlet.ragged_energy",
        "How rough is the layout of the vision tokens, where pictures differ in their grids?",
        "squared state units per edge; unitless when scale-free",
        "[0, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "dirichlet.change",
        "Does the perturbation roughen the layout of the vision tokens?",
        "as the energy",
        "(-inf, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
)

PICTURE = ("sample", "image", "condition")
"""The dimensions along which pictures differ, and with them their grids."""


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


def ragged_energy(
    tokens: Array,
    grid: Array,
    *,
    dim: str = "feature",
    token: str = "token",
    axis: str = "axis",
    scale_free: bool = False,
) -> Array:
    """Dirichlet energy of tokens in grid order, each picture on a grid of its own: `unfold`, then `energy`, one by one.

    In: tokens (..., token, dim), row-major, with padding behind the shorter ones; grid (..., axis), the frames, rows
    and columns of each picture's tokens. Out: the rest, in the unit and range of `energy`. nan as `energy`, and where a
    grid is unknown (nan or below 1) or has more places than there are tokens. Raises ValueError where labels differ and
    for a grid of other than three axes. Source: Wani et al. 2026.

    >>> tokens = np.array([[[0.0], [1.0], [0.0], [3.0]], [[0.0], [1.0], [9.0], [9.0]]])
    >>> ragged_energy(tokens, np.array([[1, 2, 2], [1, 1, 2]]))   # 14 over 4 edges; 1 over 1, the rest is padding
    array([3.5, 1. ])
    """

    def kernel(x: Any, shapes: Any) -> NDArray[np.floating[Any]]:
        return _by_grid(np.asarray(x), np.asarray(shapes), scale_free)

    if not labels.labelled(tokens=tokens, grid=grid):
        pictures = np.broadcast_to(0, (*np.shape(tokens)[:-2], np.shape(grid)[-1]))
        return kernel(tokens, labels.repeated(np.asarray(grid), pictures, "grid", "tokens", core=1))
    states, shapes = labels.aligned(tokens=tokens, grid=grid)
    if {name for name in states.dims if name in PICTURE} != set(shapes.dims) - {axis}:
        raise ValueError(
            f"tokens have dimensions {states.dims} and grid {shapes.dims}: give each picture its own grid."
        )
    dtype = np.result_type(states.dtype, np.float32)
    result = labels.apply(kernel, states, shapes, core=[[token, dim], [axis]], dtype=dtype)
    return result.transpose(*(name for name in states.dims if name in result.dims))


def change(clean: Array, perturbed: Array) -> Array:
    """Change of the energy: E(perturbed) - E(clean).

    In: `energy` of the clean tokens (image, ...) and of the perturbed (image, condition, ...). Out: as perturbed, in
    the energy's unit; positive where the perturbation roughens the layout. Energies are means over edges, so they
    compare across grids. nan where either is. Raises ValueError where labels differ. Its correlation with drift or
    margin erosion: `correlation.interval`. Source: Wani et al. 2026.

    >>> change(np.array([2.0]), np.array([[3.5, 1.0]]))
    array([[ 1.5, -1. ]])
    """
    if not labels.labelled(clean=clean, perturbed=perturbed):
        after = np.asarray(perturbed)
        return after - labels.repeated(np.asarray(clean), after, "clean", "perturbed")
    before, after = labels.aligned(clean=clean, perturbed=perturbed)
    labels.require_dims("clean", before, "perturbed", after)
    return (after - before).transpose(*after.dims).drop_attrs(deep=False)


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


def _by_grid(tokens: NDArray[Any], grids: NDArray[Any], scale_free: bool) -> NDArray[np.floating[Any]]:
    # (..., token, feature), (..., 3) -> (...): the pictures of each grid together
    if grids.shape[-1] != 3:
        raise ValueError(f"grids of {grids.shape[-1]} numbers: a grid has frames, rows and columns.")
    lead = np.broadcast_shapes(tokens.shape[:-2], grids.shape[:-1])
    tokens = np.broadcast_to(tokens, (*lead, *tokens.shape[-2:]))
    grids = np.broadcast_to(grids, (*lead, 3))
    known = (grids >= 1).all(axis=-1)
    result = np.full(lead, np.nan, np.result_type(tokens.dtype, np.float32))
    for shape in np.unique(grids[known].astype(np.int64), axis=0).tolist():
        count = int(np.prod(shape))
        if count <= tokens.shape[-2]:
            members = known & (grids == shape).all(axis=-1)
            laid = tokens[..., :count, :][members]
            result[members] = kernels.dirichlet_energy(laid.reshape(-1, *shape, laid.shape[-1]), scale_free)
    return result
