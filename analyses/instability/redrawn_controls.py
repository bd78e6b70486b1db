"""Quantiles of control drift, with images drawn again: a threshold is a number made from images too.

Source: Field & Welsh 2007; definitions, section 9.
"""

# scipy's sparse arrays are untyped.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..statistics.resampling import Floats, draws

BLOCK = 256
"""Distances that are looked through one by one, once it is known that a quantile lies among them."""


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
    blocks = Blocks.of(values, codes, images)
    drawn = [blocks.quantiles(weights, orders) for weights in draws(images, resamples, seed)]
    return Thresholds(np.quantile(values, orders), np.concatenate(drawn))


@dataclass(frozen=True)
class Blocks:
    """Distances in ascending order with their images, cut into blocks, and how many of each block an image has.

    A quantile of a draw is looked for among the blocks first, then inside one or two.
    """

    values: Floats
    image: NDArray[np.intp]
    counts: Any  # csr_array (block, image)

    @staticmethod
    def of(values: Floats, image: NDArray[np.intp], images: int) -> "Blocks":
        """From (pair) ascending and (pair)."""
        place = np.arange(len(values)) // BLOCK
        ones = np.ones(len(values))
        return Blocks(values, image, csr_array((ones, (place, image)), shape=(int(place[-1]) + 1, images)))

    def quantiles(self, weights: Floats, orders: Floats) -> Floats:
        """(draw, image) whole numbers, (order) -> (draw, order)."""
        upto = np.cumsum(self.counts @ weights.T, axis=0)  # (block, draw)
        result = np.full((len(weights), len(orders)), np.nan)
        for draw, last in enumerate(upto[-1]):
            if last > 0:
                position = orders * (last - 1)
                below = np.floor(position)
                low = self._reached(below, upto[:, draw], weights[draw])
                high = self._reached(np.minimum(below + 1, last - 1), upto[:, draw], weights[draw])
                result[draw] = low + (position - below) * (high - low)
        return result

    def _reached(self, ranks: Floats, upto: Floats, weights: Floats) -> Floats:
        """(order) the distances with so many drawn ones below them."""
        found = np.empty(len(ranks))
        for at, rank in enumerate(ranks):
            block = int(np.searchsorted(upto, rank, side="right"))
            inner = slice(block * BLOCK, (block + 1) * BLOCK)
            before = upto[block - 1] if block else 0.0
            reached = before + np.cumsum(weights[self.image[inner]])
            found[at] = self.values[inner][np.searchsorted(reached, rank, side="right")]
        return found
