"""Confidence and accuracy by bins of confidence: the expected calibration error as it is, and where it comes from.

Source: Naeini et al. 2015; Guo et al. 2017; definitions, section 12.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array
from ..statistics.resampling import Floats, Statistic

BINS = 15
"""Equal-width bins over [0, 1], closed on the right: (0, 1/15], (1/15, 2/15], …; 0 itself lies in the first."""

ROUNDING = 1e-6  # a softmax in float32 may exceed 1 by this


def confidence(scores: Array, *, dim: str | int = "option") -> Array:
    """Probability of the choice among the options: max softmax(s) = 1 / sum_k exp(s_k - max s).

    In: scores (..., dim) in nats, such as `margins.score`. Out: without `dim`, in [1/options, 1]; equal scores share.
    nan marks an option that the sample does not have (`margins.complete` keeps lost scores from passing as such); nan
    where there is no score, or none above -inf. For bare arrays `dim` is an axis (a name means the last one).
    Source: Guo et al. 2017.

    >>> confidence(np.log(np.array([[0.2, 0.2, 0.4], [0.5, np.nan, np.nan]]))).round(3)   # 0.4 / 0.8; the only option
    array([0.5, 1. ])
    """
    if not isinstance(scores, xr.DataArray):
        return _top_share(labels.axis_last(np.asarray(scores), dim))
    return labels.apply(_top_share, scores, core=[[dim]], dtype=np.float64)


def expected_error(confidence: Array, correct: Array, *, dim: str = "sample", bins: int = BINS) -> Array:
    """Expected calibration error (ECE): sum_b n_b / n |accuracy_b - confidence_b| over bins of confidence.

    In: confidence and correct (dim, ...), both in [0, 1], with the same dimensions and labels; `correct` from
    `flips.correct`, or a share such as VQA accuracy. Out: without `dim` (the first axis of bare arrays), in [0, 1]; 0
    means calibrated. Samples with an undefined side are left out, and the coordinate `undefined` counts them; nan where
    none is left. Chance alone keeps it above 0, the more the fewer samples a bin has: see `debiased_error`. Raises
    ValueError where labels differ or a value is no share. Source: Naeini et al. 2015; Guo et al. 2017, with 15 bins.

    >>> float(expected_error(np.array([0.9, 0.9, 0.6, 0.6]), np.array([1, 0, 1, 0])))   # (|.5 - .9| + |.5 - .6|) / 2
    0.25
    """

    def kernel(sure: Any, right: Any) -> Floats:
        return plain_error(binned(sure, right, bins))

    result = along(kernel, confidence, correct, dim, bins=bins)
    if not isinstance(result, xr.DataArray):
        return result
    return result.assign_coords(undefined=along(_undefined, confidence, correct, dim, bins=bins, dtype=np.int64))


def reliability(confidence: Array, correct: Array, *, dim: str = "sample", bins: int = BINS) -> xr.Dataset:
    """Reliability diagram: accuracy and mean confidence in each bin of confidence.

    In: as `expected_error`. Out: Dataset over (..., bin), numbered from 0: confidence and accuracy, means in [0, 1]
    over the bin's samples, nan where it has none; count, its samples; and undefined (...), the samples left out. The
    coordinates `low` and `high` are the bins' edges: a bin holds low < confidence <= high, the first one 0 too.
    Raises ValueError as `expected_error`. Source: Guo et al. 2017.

    >>> result = reliability(np.array([0.9, 0.9, 0.5]), np.array([1, 0, 1]), bins=2)
    >>> result.accuracy.values, result["count"].values
    (array([1. , 0.5]), array([1, 2]))
    """

    def kernel(sure: Any, right: Any) -> Floats:
        return binned(sure, right, bins)

    sure, right = labelled(confidence, correct, dim)
    parts: xr.DataArray = along(kernel, sure, right, dim, bins=bins, out={"bin": bins, "part": 3})
    count, total, hits = (parts.isel(part=part) for part in range(3))
    some = count.where(count > 0)
    edges = np.linspace(0.0, 1.0, bins + 1)
    return xr.Dataset(
        {
            "confidence": total / some,
            "accuracy": hits / some,
            "count": count.astype(np.int64),
            "undefined": along(_undefined, sure, right, dim, bins=bins, dtype=np.int64),
        },
        coords={"bin": np.arange(bins), "low": ("bin", edges[:-1]), "high": ("bin", edges[1:])},
    )


def binned_error(bins: int = BINS) -> Statistic:
    """The expected calibration error as a statistic that `statistics.bootstrap` resamples, by image.

    Its arrays are confidence and correct (sample, ...); its value is that of `expected_error`, per resample. Resamples
    add chance to chance, so that a percentile interval lies above its estimate: see `error_by_image`.

    >>> from analyses import statistics
    >>> sure, right = np.array([0.9, 0.9, 0.9, 0.9]), np.array([1.0, 1.0, 1.0, 0.0])
    >>> estimate, low, high = statistics.bootstrap(binned_error(), sure, right, cluster=["a", "a", "b", "b"])
    >>> round(float(estimate), 2), round(float(low), 2), round(float(high), 2)   # image a: 0.1, b: 0.4, both: 0.15
    (0.15, 0.1, 0.4)
    """
    return Statistic("expected calibration error", moments_by_bin(bins), plain_error)


def moments_by_bin(bins: int) -> Callable[..., Floats]:
    """What adds up over samples: (sample, ...) twice -> (sample, ..., bin, part), as `binned`."""
    require_bins(bins)

    def moments(sure: Floats, right: Floats) -> Floats:
        defined = ~(np.isnan(sure) | np.isnan(right))
        require_shares(confidence=sure, correct=right)
        inside = (places(sure, bins)[..., None] == np.arange(bins)) & defined[..., None]
        parts = (np.ones_like(sure), sure, right)
        return np.stack([np.where(inside, part[..., None], 0.0) for part in parts], axis=-1)

    return moments


def _top_share(scores: Any) -> Floats:
    s = np.where(np.isnan(scores), -np.inf, scores).astype(np.float64)
    best = s.max(axis=-1, keepdims=True, initial=-np.inf)
    defined = np.isfinite(best)
    behind = np.where(defined, s - np.where(defined, best, 0.0), -np.inf)
    total = np.exp(behind).sum(axis=-1)  # at least 1: the best option's own
    return 1.0 / np.where(defined[..., 0], total, np.nan)


def places(sure: Floats, bins: int) -> NDArray[np.intp]:
    """The number of each confidence's bin."""
    return np.clip(np.searchsorted(np.linspace(0.0, 1.0, bins + 1), sure, side="left") - 1, 0, bins - 1)


def binned(sure: Any, right: Any, bins: int) -> Floats:
    """Samples, sum of confidence and sum of correct in each bin, of what is defined: (..., sample) -> (..., bin, 3)."""
    sure, right = np.asarray(sure, np.float64), np.asarray(right, np.float64)
    require_shares(confidence=sure, correct=right)
    result = np.zeros((*sure.shape[:-1], bins, 3))
    for place in np.ndindex(sure.shape[:-1]):
        defined = ~(np.isnan(sure[place]) | np.isnan(right[place]))
        x, y = sure[place][defined], right[place][defined]
        code = places(x, bins)
        sums = [np.bincount(code, weights, minlength=bins) for weights in (None, x, y)]
        result[place] = np.stack(sums, axis=-1)
    return result


def plain_error(sums: Floats) -> Floats:
    """The expected calibration error of the sums of `binned`: (..., bin, part) -> (...); nan without samples."""
    count = sums[..., 0].sum(axis=-1)
    apart = np.abs(sums[..., 2] - sums[..., 1]).sum(axis=-1)
    return apart / np.where(count > 0, count, np.nan)


def _undefined(sure: Any, right: Any) -> NDArray[np.int64]:
    return (np.isnan(np.asarray(sure, np.float64)) | np.isnan(np.asarray(right, np.float64))).sum(axis=-1)


def along(
    kernel: Callable[[Any, Any], Any],
    confidence: Array,
    correct: Array,
    dim: str,
    *,
    bins: int,
    out: dict[str, int] | None = None,
    dtype: Any = np.float64,
) -> Array:
    """A kernel on (..., sample) applied to labelled or bare confidence and correct."""
    require_bins(bins)
    sure, right = labelled(confidence, correct, dim)
    if set(sure.dims) != set(right.dims):
        raise ValueError(f"confidence has dimensions {sure.dims} and correct {right.dims}: one goes with one.")
    result = labels.apply(kernel, sure, right, core=[[dim], [dim]], out=out, dtype=dtype)
    result = result.transpose(*(name for name in sure.dims if name != dim), *(out or {}))
    return result if isinstance(confidence, xr.DataArray) else result.values


def labelled(confidence: Array, correct: Array, dim: str) -> tuple[xr.DataArray, xr.DataArray]:
    """The two with the same labels, bare arrays with made-up ones; ValueError where they do not fit."""
    if labels.labelled(confidence=confidence, correct=correct):
        sure, right = labels.aligned(confidence=confidence, correct=correct)
        return sure, right
    sure, right = np.asarray(confidence), np.asarray(correct)
    if sure.shape != right.shape or not sure.ndim:
        raise ValueError(f"confidence has shape {sure.shape} and correct {right.shape}: one goes with one.")
    dims = [dim, *(f"axis_{axis}" for axis in range(1, sure.ndim))]
    return xr.DataArray(sure, dims=dims), xr.DataArray(right, dims=dims)


def require_bins(bins: int) -> None:
    """ValueError for no bins at all."""
    if bins < 1:
        raise ValueError(f"bins={bins}: at least one bin, such as 15.")


def require_shares(**arrays: Floats) -> None:
    """ValueError naming the array that holds what is no share."""
    for name, values in arrays.items():
        outside = values[(values < -ROUNDING) | (values > 1 + ROUNDING)]
        if outside.size:
            raise ValueError(
                f"{name} holds {outside[0]:g}: it is a share in [0, 1]. Scores become one by `confidence`."
            )
