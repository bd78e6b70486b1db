"""How well a score ranks the pairs that flipped above the rest, on bare arrays: for thousands of redraws at once.

Pairs are sorted by their score once; a redraw then weighs images, and costs one pass over the pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..statistics.resampling import Floats, all_draws, percentiles

Counts = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class Ranked:
    """Pairs, highest score first: the image of each, whether it flipped, and whether it is the last of its score."""

    image: NDArray[np.intp]
    flipped: NDArray[np.bool_]
    last: NDArray[np.bool_]

    @staticmethod
    def of(score: Floats, flipped: NDArray[np.bool_], image: NDArray[np.intp]) -> "Ranked":
        """From one score, verdict and image number for each pair."""
        order = np.argsort(-score, kind="stable")
        own = score[order]
        ends = np.append(own[1:] != own[:-1], np.ones(min(1, len(order)), np.bool_))
        return Ranked(image[order], flipped[order], ends)

    def areas(self, weights: Counts) -> Floats:
        """AUROC and average precision where each image counts `weights` times: (draw, image) -> (draw, 2), in [0, 1].

        AUROC = (flipped pairs above others + half of those level) / (flipped x others); average precision = sum over
        the scores of the gain in recall times the precision down to there. nan where a draw leaves one class only.
        """
        from . import redrawn_ranks  # numba takes longer to import than most analyses

        return redrawn_ranks.areas(self.image, self.flipped, self.last, weights)


def intervals(
    score: Floats, flipped: Floats, image: NDArray[np.intp], *, resamples: int, seed: int, level: float
) -> Floats:
    """AUROC and average precision with percentile intervals by image: (..., pair) twice, (pair) -> (..., 2, 3).

    The three are estimate, low and high. Pairs with an undefined side are left out, and so are draws with one class
    only. low and high are nan where the estimate is, or fewer than two images have a defined pair.
    """
    result = np.full((*score.shape[:-1], 2, 3), np.nan)
    for place in np.ndindex(score.shape[:-1]):
        own, verdict = (np.asarray(array[place], np.float64) for array in (score, flipped))
        defined = ~(np.isnan(own) | np.isnan(verdict))
        names, codes = np.unique(image[defined], return_inverse=True)
        if len(names):
            ranked = Ranked.of(own[defined], verdict[defined] > 0, codes.reshape(-1))
            result[place] = _interval(ranked, len(names), resamples, seed, level)
    return result


def within(
    scores: Sequence[Floats],
    flipped: Sequence[Floats],
    codes: NDArray[np.intp],
    images: int,
    *,
    resamples: int,
    seed: int,
    level: float,
) -> Floats:
    """AUROC within each group of pairs, then their mean: lists of (sample, condition), (sample) -> (group + 1, bound).

    The mean is over the groups with both classes, in every draw those that have both in it.
    """
    whole, weights = np.ones((1, images), np.uint8), all_draws(images, resamples, seed)
    estimates, drawn = np.full(len(scores), np.nan), np.full((resamples, len(scores)), np.nan)
    for place, (score, flips) in enumerate(zip(scores, flipped, strict=True)):
        defined = ~(np.isnan(score) | np.isnan(flips))
        row = np.broadcast_to(codes[:, None], score.shape)[defined]
        ranked = Ranked.of(score[defined], flips[defined] > 0, row)
        estimates[place] = ranked.areas(whole)[0, 0]
        if images > 1 and not np.isnan(estimates[place]):
            drawn[:, place] = ranked.areas(weights)[:, 0]
    both = [np.append(values, _mean_of_defined(values)[..., None], axis=-1) for values in (estimates, drawn)]
    return percentiles(both[0], both[1], level)


def _mean_of_defined(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    return np.where(known, values, 0.0).sum(axis=-1) / np.where(count > 0, count, np.nan)


def _interval(ranked: Ranked, images: int, resamples: int, seed: int, level: float) -> Floats:
    estimate = ranked.areas(np.ones((1, images), np.uint8))[0]
    if images < 2 or np.isnan(estimate).any():
        return np.stack([estimate, *np.full((2, 2), np.nan)], axis=-1)
    return percentiles(estimate, ranked.areas(all_draws(images, resamples, seed)), level)
