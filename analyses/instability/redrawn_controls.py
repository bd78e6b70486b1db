"""Quantiles of control drift, with images drawn again: a threshold is a number made from images too.

Source: Field & Welsh 2007; definitions, section 9.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..statistics.resampling import Floats, draws

CELLS = 2**21
"""Distances, as often as they are drawn, that are held at once: a few arrays of 16 MB."""


@dataclass(frozen=True)
class Thresholds:
    """Quantiles of distances, (order), and in every set of images that is drawn, (draw, order)."""

    estimate: Floats
    drawn: Floats


def thresholds(
    distances: Floats, image: NDArray[np.intp], images: int, orders: Floats, *, resamples: int, seed: int
) -> Thresholds:
    """Quantiles of all distances (pair), each drawn with its image: `image` (pair) of 0 to `images` - 1.

    As numpy's quantile, linear between neighbours, of the distances repeated as often as their image is drawn; nan
    where there is none. Undefined distances are left out.
    """
    defined = ~np.isnan(distances)
    order = np.argsort(distances[defined], kind="stable")
    values, codes = distances[defined][order].astype(np.float64), image[defined][order]
    if not len(values):
        return Thresholds(np.full(len(orders), np.nan), np.full((resamples, len(orders)), np.nan))
    rows = max(1, CELLS // len(values))
    drawn = [
        _weighted(values, weights[start : start + rows, codes], orders)
        for weights in draws(images, resamples, seed)
        for start in range(0, len(weights), rows)
    ]
    return Thresholds(np.quantile(values, orders), np.concatenate(drawn))


def _weighted(values: Floats, weights: Floats, orders: Floats) -> Floats:
    # (pair) ascending, (draw, pair) whole numbers -> (draw, order)
    reached = np.cumsum(weights, axis=1)
    result = np.full((len(weights), len(orders)), np.nan)
    for row, upto in zip(result, reached, strict=True):
        if upto[-1] > 0:
            position = orders * (upto[-1] - 1)
            below = np.floor(position)
            low = values[np.searchsorted(upto, below, side="right")]
            high = values[np.searchsorted(upto, np.minimum(below + 1, upto[-1] - 1), side="right")]
            row[:] = low + (position - below) * (high - low)
    return result
