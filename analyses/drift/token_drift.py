"""Drift of every vision token: where on the picture the representation moves.

Source: definitions, section 5.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from .. import grids, kernels, labels
from ..labels import Array


def tokens(
    clean: Array,
    perturbed: Array,
    clean_grid: Array,
    perturbed_grid: Array,
    *,
    metric: str = "cosine",
    dim: str = "feature",
    axis: str = "axis",
) -> Array:
    """Drift of each vision token, where both pictures are laid out on the same grid of tokens.

    On another grid the token of the same number shows another part of the picture, so that their distance means
    nothing; the drift of the pooled vectors stands. In: clean and perturbed (..., token, dim), `perturbed` maybe with a
    condition that `clean` lacks; clean_grid and perturbed_grid (..., axis), the frames, rows and columns of each
    picture's tokens. Out: the states without `dim`, in the metric's unit and range ("cosine" [0, 2] or "euclidean").
    nan for every token of a pair whose grids differ or are unknown (nan or below 1), and for a token that is zero or
    not finite, as padding is. The coordinate `same_grid` tells the first from the second. Raises ValueError for an
    unknown metric and where labels differ.

    >>> import numpy as np
    >>> clean, moved = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])
    >>> tokens(clean, moved, np.array([1, 1, 2]), np.array([1, 1, 2]))
    array([1., 0.])
    >>> tokens(clean, moved, np.array([1, 1, 2]), np.array([1, 2, 1]))
    array([nan, nan])
    """
    if metric not in kernels.METRICS:
        raise ValueError(f"metric={metric!r}: unknown. Choose one of {', '.join(kernels.METRICS)}.")
    kernel = kernels.METRICS[metric]
    given = (clean, perturbed, clean_grid, perturbed_grid)
    if not labels.labelled(clean=clean, perturbed=perturbed, clean_grid=clean_grid, perturbed_grid=perturbed_grid):
        labels.require_same_shape(clean=clean, perturbed=perturbed)
        labels.require_same_shape(clean_grid=clean_grid, perturbed_grid=perturbed_grid)
        return grids.where_same(kernel(clean, perturbed), *given)
    before, after = labels.aligned(clean=clean, perturbed=perturbed)
    labels.require_dims("clean", before, "perturbed", after)
    moved = labels.apply(kernel, before, after, core=[[dim], [dim]])
    order = [name for name in after.dims if name in moved.dims]
    return grids.where_same(moved.transpose(*order, ...), *given, axis=axis)
