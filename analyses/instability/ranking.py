"""How well a score ranks the pairs that flipped above the rest, on bare arrays: for thousands of redraws at once.

Only scores at which a pair flipped add to either area. So pairs are counted by image and by the next such score below
them, once; a redraw then weighs images, and costs two sparse products instead of a sort.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# scipy has no types for sparse arrays.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array  # pyright: ignore[reportMissingTypeStubs]

from ..statistics.resampling import Floats, all_draws, draws, percentiles

CELLS = 2**21  # numbers held at once: a few arrays of 16 MB


@dataclass(frozen=True)
class Ranked:
    """Pairs counted by score and image, highest score first; a step is a score at which at least one pair flipped."""

    flips: Any  # (step, image), sparse: flipped pairs at the step
    others: Any  # (step, image): pairs that did not flip, from just below the step above down to this one
    level: Any  # (step, image): those of them at exactly this step's score
    all_others: Floats  # (image)

    @staticmethod
    def of(score: Floats, flipped: NDArray[np.bool_], image: NDArray[np.intp], images: int | None = None) -> "Ranked":
        """From one score, verdict and image number for each pair."""
        images = int(image.max(initial=-1)) + 1 if images is None else images
        steps = np.unique(-score[flipped])
        step = np.searchsorted(steps, -score)
        reached = step < len(steps)
        level = reached & np.isin(-score, steps)

        def counted(chosen: NDArray[np.bool_]) -> Any:
            ones = np.ones(int(chosen.sum()))
            return csr_array((ones, (step[chosen], image[chosen])), shape=(len(steps), images))

        below = np.bincount(image[~flipped], minlength=images).astype(np.float64)
        return Ranked(counted(flipped), counted(reached & ~flipped), counted(level & ~flipped), below)

    def areas(self, weights: NDArray[np.floating[Any]]) -> Floats:
        """AUROC and average precision where each image counts `weights` times: (draw, image) -> (draw, 2), in [0, 1].

        AUROC = (flipped pairs above others + half of those level) / (flipped x others); average precision = sum over
        the steps of the gain in recall times the precision down to there. nan where a draw leaves one class only.
        """
        rows = max(1, CELLS // max(1, self.flips.shape[0]))
        if len(weights) > rows:
            return np.concatenate([self.areas(weights[k : k + rows]) for k in range(0, len(weights), rows)])
        weights = np.asarray(weights, np.float64)
        gain = self.flips @ weights.T  # (step, draw)
        hits = np.cumsum(gain, axis=0)
        misses = np.cumsum(self.others @ weights.T, axis=0)
        beaten = weights @ self.all_others - misses + (self.level @ weights.T) / 2
        flips, others = gain.sum(axis=0), weights @ self.all_others
        both = np.where((flips > 0) & (others > 0), 1.0, np.nan)
        auroc = (gain * beaten).sum(axis=0) / np.maximum(flips * others, 1.0)
        average = (gain * hits / np.maximum(hits + misses, 1.0)).sum(axis=0) / np.maximum(flips, 1.0)
        return np.stack([auroc, average], axis=-1) * both[:, None]


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
    whole, weights = np.ones((1, images)), all_draws(images, resamples, seed)
    estimates, drawn = np.full(len(scores), np.nan), np.full((resamples, len(scores)), np.nan)
    for place, (score, flips) in enumerate(zip(scores, flipped, strict=True)):
        defined = ~(np.isnan(score) | np.isnan(flips))
        row = np.broadcast_to(codes[:, None], score.shape)[defined]
        ranked = Ranked.of(score[defined], flips[defined] > 0, row, images)
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
    estimate = ranked.areas(np.ones((1, images)))[0]
    if images < 2 or np.isnan(estimate).any():
        return np.stack([estimate, *np.full((2, 2), np.nan)], axis=-1)
    drawn = [ranked.areas(weights) for weights in draws(images, resamples, seed)]
    return percentiles(estimate, np.concatenate(drawn), level)
