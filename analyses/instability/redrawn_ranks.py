"""AUROC and average precision of pairs in order, for many draws of images, compiled: one pass over the pairs."""

# numba has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUntypedFunctionDecorator=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

DRAWS = 64
"""Draws that go through the pairs together."""


def areas(
    image: NDArray[np.intp],
    flipped: NDArray[np.bool_],
    last: NDArray[np.bool_],
    weights: NDArray[np.unsignedinteger[Any]],
) -> NDArray[np.float64]:
    """(draw, 2) from (pair) three times, and how often each image is drawn, (draw, image); see `ranking.Ranked`."""
    found = np.full((len(weights), 2), np.nan)
    for start in range(0, len(weights), DRAWS):
        drawn = np.ascontiguousarray(weights[start : start + DRAWS].T)
        _pass(image, flipped, last, drawn, found[start : start + DRAWS])
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _pass(image: Any, flipped: Any, last: Any, drawn: Any, found: Any) -> None:
    count = drawn.shape[1]
    gain, level, hits, misses = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    beaten, precise = np.zeros(count), np.zeros(count)
    for pair in range(len(image)):
        weight = drawn[image[pair]]
        into = gain if flipped[pair] else level
        for draw in range(count):
            into[draw] += weight[draw]
        if last[pair]:
            for draw in range(count):
                hits[draw] += gain[draw]
                # what lies above the others of this score, and half of these; the sum of all is added in the end
                beaten[draw] += gain[draw] * (misses[draw] + 0.5 * level[draw])
                misses[draw] += level[draw]
                seen = hits[draw] + misses[draw]
                precise[draw] += gain[draw] * hits[draw] / (seen if seen > 0 else 1.0)
                gain[draw] = 0.0
                level[draw] = 0.0
    for draw in range(count):
        if hits[draw] > 0 and misses[draw] > 0:
            found[draw, 0] = 1.0 - beaten[draw] / (hits[draw] * misses[draw])
            found[draw, 1] = precise[draw] / hits[draw]
