"""The risk-coverage curve: how many of the answers that are kept flip, the likeliest to flip given up first.

Source: Geifman & El-Yaniv 2017.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

import numpy as np
from numpy.typing import NDArray

from ..statistics.resampling import Floats

COVERAGES = tuple(round(0.1 * step, 1) for step in range(1, 11))
"""Shares of answers that are kept, where a curve is given."""


def curve(foretold: Floats, flipped: NDArray[np.bool_]) -> Floats:
    """The share of flips among the answers that are least likely to flip, at each of `COVERAGES`: (pair) -> (coverage).

    Of answers foretold alike the kept part flips as all of them do. Unitless in [0, 1]; nan without a pair. What is
    kept at a coverage of 1 flips as often as all.

    >>> curve(np.array([0.1, 0.9, 0.2, 0.2]), np.array([False, True, True, False]))[[1, 4, 9]].tolist()
    [0.0, 0.25, 0.5]
    """
    if not len(foretold):
        return np.full(len(COVERAGES), np.nan)
    kept, flips = _cumulated(foretold, flipped, np.ones((1, len(foretold))))
    at = np.array(COVERAGES) * len(foretold)
    return np.interp(at, kept[0], flips[0]) / at


def areas(foretold: Floats, flipped: NDArray[np.bool_], weights: Floats) -> Floats:
    """The area under the curve, the mean risk over all coverages: foretold, flipped (pair), weights (draw, pair).

    Out: (draw), in [0, 1], 0 best; equal to the share of flips where all is foretold alike. Pairs foretold alike are
    one step, along which flips come evenly: with W and F the sums before and behind a step and r its share of flips,
    its part is r (W1 - W0) + (F0 - r W0) log(W1 / W0). nan where nothing is drawn.

    >>> round(areas(np.array([0.1, 0.9]), np.array([False, True]), np.ones((1, 2))).item(), 4)   # 1 - log(2)/1, over 2
    0.1534
    """
    kept, flips = _cumulated(foretold, flipped, weights)
    before, behind = kept[:, :-1], kept[:, 1:]
    width = behind - before
    rate = np.diff(flips, axis=1) / np.where(width > 0, width, 1.0)
    rest = flips[:, :-1] - rate * before
    # at the first step there is nothing before: F0 - r W0 = 0, and so is its part
    longer = np.where(
        (before > 0) & (width > 0), np.log(np.where(before > 0, behind / np.where(before > 0, before, 1), 1)), 0
    )
    total = kept[:, -1]
    return (rate * width + rest * longer).sum(axis=1) / np.where(total > 0, total, np.nan)


def _cumulated(foretold: Floats, flipped: NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats]:
    """(draw, step + 1) answers kept and flips among them, from none to all, behind each distinct probability."""
    order = np.argsort(foretold, kind="stable")
    last = np.append(np.diff(foretold[order]) != 0, np.ones(min(1, len(order)), np.bool_))
    drawn = weights[:, order]
    sums = (np.cumsum(each, axis=1)[:, last] for each in (drawn, drawn * flipped[order]))
    kept, flips = (np.concatenate([np.zeros((len(weights), 1)), each], axis=1) for each in sums)
    return kept, flips
