"""How smooth a grid of tokens is."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from .precision import FUSED, are_float32, at_least_float32


def dirichlet_energy(tokens: Any, scale_free: bool = False) -> Any:
    """Mean squared difference of neighbouring tokens: (..., T, H, W, feature) -> (...), >= 0.

    E = sum over edges (u, v) of |x_u - x_v|^2 / number of edges, edges joining the 4 neighbours within a frame.
    `scale_free` divides by the mean squared distance of the tokens from their mean, which takes out the tokens' scale
    and leaves their layout. nan where the grid has no edge, where any token is undefined, and for the scale-free form
    of constant tokens.
    """
    if tokens.ndim < 4:
        raise ValueError(
            f"energy of an array of shape {tuple(tokens.shape)}: it needs (..., frame, row, column, feature); "
            "add a frame axis of length 1 for still images."
        )
    if are_float32(tokens):
        measured = _compiled if tokens.size >= FUSED else _plain
        # float64: sums over a large grid lose digits
        return measured(tokens if measured is _compiled else tokens.astype(np.float64), scale_free).astype(np.float32)
    return _plain(tokens, scale_free)


def _compiled(tokens: NDArray[np.float32], scale_free: bool) -> NDArray[np.float64]:
    from . import fused  # numba takes longer to import than a small array to measure

    (*lead, frames, rows, columns, features), tokens = tokens.shape, np.ascontiguousarray(tokens)
    edges = frames * ((rows - 1) * columns + rows * (columns - 1))
    sums = fused.edge_sums(tokens.reshape(-1, rows, columns, features)).reshape(*lead, frames).sum(axis=-1)
    energy = np.where(np.isfinite(sums), sums, np.nan) / (edges or np.nan)
    if not scale_free:
        return energy
    count = frames * rows * columns
    variance = fused.scatter(tokens.reshape(-1, count, features)).reshape(lead) / count
    return energy / np.where(variance > 0, variance, np.nan)


def _plain(tokens: Any, scale_free: bool) -> Any:
    xp: Any = array_namespace(tokens)
    tokens = at_least_float32(tokens)
    frames, rows, columns = tokens.shape[-4:-1]
    edges = frames * ((rows - 1) * columns + rows * (columns - 1))
    down = tokens[..., 1:, :, :] - tokens[..., :-1, :, :]
    right = tokens[..., :, 1:, :] - tokens[..., :, :-1, :]
    total = _sum_of_squares(down) + _sum_of_squares(right)
    if edges == 0:
        return xp.where(total == total, xp.nan, total)
    energy = total / edges
    if not scale_free:
        return energy
    shifted = tokens - tokens[..., :1, :1, :1, :]  # exactly 0 for constant tokens, which a rounded mean is not
    centred = shifted - xp.mean(shifted, axis=(-4, -3, -2), keepdims=True)
    variance = _sum_of_squares(centred) / (frames * rows * columns)
    return energy / xp.where(variance > 0, variance, xp.nan)


def _sum_of_squares(x: Any) -> Any:
    xp: Any = array_namespace(x)
    # features first, then positions: two short float32 sums lose fewer digits than one long one
    return xp.sum(xp.sum(x * x, axis=-1), axis=(-3, -2, -1))
