"""The calibration error beyond chance: debiased, beside that of a calibrated model, and with an interval by image.

Source: Kumar et al. 2019; definitions, sections 12 and 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and scipy's stubs leave types open.

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from .. import pairs
from ..labels import Array
from ..statistics.resampling import BOUNDS, Floats, Statistic, weighed
from .binned import BINS, along, binned, labelled, moments_by_bin, places, plain_error, require_bins, require_shares

SIMULATED = 500
"""How often the answers of a calibrated model are drawn."""

CELLS = 4_000_000  # simulated answers held at once: 32 MB


def debiased_error(confidence: Array, correct: Array, *, dim: str = "sample", bins: int = BINS) -> Array:
    """Expected calibration error less what chance adds to it: 2 ECE - E[ECE of labels drawn again by bins].

    sum_b n_b / n (2 |m_b| - E|N(m_b, s_b)|), m_b = accuracy - confidence of a bin, s_b^2 = accuracy (1 - accuracy) /
    n_b: the second term is a folded normal, in closed form. In, errors: as `expected_error`. Out: without `dim`, in
    [-1, 1]; chance may bring it below 0. What chance adds is taken away in full where m_b is large beside s_b, in less
    than half where confidence and accuracy agree: of few samples a bin it is still too large, and `calibrated_errors`
    says how large a calibrated model's is. nan where no sample is defined. Source: Kumar et al. 2019, normal-debiased.

    >>> sure, right = np.full(100, 0.9), np.repeat([1.0, 0.0], [86, 14])
    >>> round(float(debiased_error(sure, right)), 4)   # 2 x .04 - E|N(-.04, .0347)| = .08 - .0443
    0.0357
    """

    def kernel(given: Any, right: Any) -> Floats:
        return _by_answer(binned(given, right, bins))

    return along(kernel, confidence, correct, dim, bins=bins)


def binned_debiased_error(bins: int = BINS) -> Statistic:
    """The debiased error as a statistic that `statistics.bootstrap` and `by_family` resample, by image.

    Its arrays are confidence and correct (sample, ...); its value is that of `debiased_error`, per resample. Of use for
    differences between families, from which the chance that resamples add is gone; for one error see `error_by_image`.

    >>> sure, right = np.full(100, 0.9), np.repeat([1.0, 0.0], [86, 14])
    >>> round(float(binned_debiased_error()(sure, right)), 4)
    0.0357
    """
    return Statistic("debiased calibration error", moments_by_bin(bins), _by_answer)


def calibrated_errors(confidence: Array, *, bins: int = BINS, simulated: int = SIMULATED, seed: int = 0) -> Floats:
    """The expected calibration errors that a calibrated model with these confidences gets, from chance alone.

    Each answer is drawn anew, right with the probability of its confidence; ECE is taken over all of them. In:
    confidence (sample, ...), in [0, 1]; what stands beside a sample, such as its conditions, are answers to one
    question, which are right or wrong together as far as their confidences allow (they share a uniform draw). Out: bare
    (simulated), in [0, 1], the same in any order of samples and conditions. nan where no confidence is defined.
    Source: Kumar et al. 2019 draw labels by bins; from the confidences, by question, is ours.

    >>> float(calibrated_errors(np.full(100, 0.9)).mean().round(3))   # E|share right - .9|, its sd .03
    0.025
    """
    require_bins(bins)
    values = np.asarray(confidence, np.float64)
    rows = np.sort(values.reshape(values.shape[0] if values.ndim else 1, -1), axis=1)
    rows = rows[np.lexsort(rows.T[::-1])] if rows.size else rows  # by value: no order of samples must matter
    require_shares(confidence=rows)
    defined = ~np.isnan(rows)
    if not defined.any():
        return np.full(simulated, np.nan)
    sure = rows[defined]
    place = places(sure, bins)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    question = np.nonzero(defined)[0]
    parts = [
        np.abs(np.add.reduceat((drawn[:, question] < sure)[:, order] - sure[order], starts, axis=1)).sum(axis=1)
        for drawn in _uniform(simulated, len(rows), sure.size, seed)
    ]
    return np.concatenate(parts) / sure.size


def error_by_image(
    confidence: Array,
    correct: Array,
    *,
    image: Any = "image",
    bins: int = BINS,
    resamples: int = 2000,
    simulated: int = SIMULATED,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """Expected calibration error of all pairs: debiased with an interval by image, plain, and of a calibrated model.

    In: confidence and correct (sample, ...), such as (sample, condition), all of which are taken together; `image` of
    each sample, the name of a coordinate or a list. Out: Dataset with debiased (bound), as `debiased_error`, where the
    spread s_b of a bin's accuracy is that between images, whose answers go together; plain, the ECE as it is;
    calibrated, the mean of `calibrated_errors`, and calibrated_high, their quantile of order (1 + level) / 2; and the
    counts pairs, images and undefined. low and high are debiased -+ t sd, sd over draws of whole images, t of images
    less 1 degrees; high is the draws' quantile where that is higher; low is at least 0, and 0 where plain is not above
    calibrated_high, so that the model may be calibrated. A debiased error below 0 is given as 0; the interval always
    holds its estimate. nan where no pair is defined, low and high also for a single image. Raises ValueError as
    `expected_error`. Source: Kumar et al. 2019; Field & Welsh 2007; the interval is ours.

    >>> sure, right = np.full(100, 0.9), np.repeat([1.0, 0.0], [86, 14])
    >>> result = error_by_image(sure, right, image=range(100))
    >>> result.debiased.values.round(3), round(float(result.plain), 3), round(float(result.calibrated), 3)
    (array([0.036, 0.   , 0.11 ]), 0.04, 0.025)
    """
    require_bins(bins)
    sure, right = labelled(confidence, correct, "sample")
    sure = sure.transpose(pairs.dims_of(sure)[0], ...)
    right = right.transpose(*sure.dims)
    names = pairs.images_of(sure, image)
    defined = (sure.notnull() & right.notnull()).values
    given, hits = (np.where(defined, one.values.astype(np.float64), np.nan) for one in (sure, right))
    rows, count = _sums_by_image(given, hits, names, bins)
    total = rows.sum(axis=0)
    plain, estimate = float(plain_error(total[:, :3])), float(_by_image(total))
    errors = calibrated_errors(given, bins=bins, simulated=simulated, seed=seed)
    high = float(np.quantile(errors, (1 + level) / 2))
    bounds = np.full(len(BOUNDS), np.nan)
    bounds[0] = np.maximum(estimate, 0.0)
    if count > 1:
        again = _by_image(weighed(rows, resamples, seed))
        half = float(stdtrit(count - 1, (1 + level) / 2) * again.std(ddof=1) * np.sqrt(count / (count - 1)))
        low = 0.0 if plain <= high else estimate - half
        top = max(estimate + half, float(np.quantile(again, (1 + level) / 2)))
        bounds[1:] = max(low, 0.0), min(top, 1.0)
    numbers = {"plain": plain, "calibrated": float(errors.mean()), "calibrated_high": high}
    counts = {"pairs": int(defined.sum()), "images": count, "undefined": int((~defined).sum())}
    return xr.Dataset({"debiased": ("bound", bounds)} | numbers | counts, coords={"bound": list(BOUNDS)})


def _debiased(sums: Floats, variance: Floats) -> Floats:
    # (..., bin, part), (..., bin) -> (...)
    count, total, hits = np.moveaxis(sums, -1, 0)
    everyone = count.sum(axis=-1)
    apart = (hits - total) / np.where(count > 0, count, 1.0)
    bins = count * (2.0 * np.abs(apart) - _folded(apart, np.sqrt(variance)))
    return bins.sum(axis=-1) / np.where(everyone > 0, everyone, np.nan)


def _folded(mean: Floats, sd: Floats) -> Floats:
    """E|N(mean, sd)|."""
    some = np.where(sd > 0, sd, 1.0)
    normal = sd * np.sqrt(2.0 / np.pi) * np.exp(-0.5 * (mean / some) ** 2) + mean * (1.0 - 2.0 * ndtr(-mean / some))
    return np.where(sd > 0, normal, np.abs(mean))


def _sums_by_image(sure: Floats, right: Floats, names: NDArray[np.str_], bins: int) -> tuple[Floats, int]:
    """Sums of each image with a defined pair, (image, bin, 6): `binned`, count², count · hits, hits², and how many."""
    require_shares(confidence=sure, correct=right)
    defined = ~(np.isnan(sure) | np.isnan(right))
    images, codes = np.unique(np.repeat(names, defined.reshape(len(names), -1).sum(axis=1)), return_inverse=True)
    x, y = sure[defined], right[defined]
    cell = codes.reshape(-1) * bins + places(x, bins)
    parts = [np.bincount(cell, weights, minlength=len(images) * bins) for weights in (None, x, y)]
    sums = np.stack(parts, axis=-1).astype(np.float64).reshape(len(images), bins, 3)
    count, _, hits = np.moveaxis(sums, -1, 0)
    return np.concatenate([sums, np.stack([count**2, count * hits, hits**2], axis=-1)], axis=-1), len(images)


def _by_answer(sums: Floats) -> Floats:
    """The debiased error of the sums of `binned`, (..., bin, 3), a bin's accuracy varying as that of single answers."""
    count, _, hits = np.moveaxis(sums, -1, 0)
    share = hits / np.where(count > 0, count, 1.0)
    return _debiased(sums, share * (1.0 - share) / np.where(count > 0, count, 1.0))


def _by_image(sums: Floats) -> Floats:
    """The debiased error of sums (..., bin, 6), a bin's accuracy varying by image as a ratio of sums does."""
    count, _, hits, counts, both, squares = np.moveaxis(sums, -1, 0)
    some = np.where(count > 0, count, 1.0)
    share = hits / some
    return _debiased(sums[..., :3], np.maximum(squares - 2.0 * share * both + share**2 * counts, 0.0) / some**2)


def _uniform(simulated: int, questions: int, answers: int, seed: int) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    block = max(1, CELLS // max(answers, 1))
    for start in range(0, simulated, block):
        yield generator.random((min(block, simulated - start), questions))
