"""The margin from which answers can be trusted not to flip: conformal risk control, by image.

Source: Angelopoulos et al. 2024, for monotone losses; which loss is ours.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array
from ..statistics.resampling import Floats

ROUNDING = 1e-12
"""Of a sum of losses, by which it may pass the bound."""


def conformal_margin(margin: Array, flipped: Array, *, image: Any = "image", alpha: float) -> xr.DataArray:
    """The least clean margin above which at most alpha of an image's answers flip, on average over new images.

    An answer is trusted where its clean margin exceeds lambda. The loss of an image is the share of its trusted pairs
    (answer, condition) that flip, 0 where none is trusted; what bounds it is the highest such share at lambda or above,
    which falls as lambda grows. lambda is the least of 0 and the margins with (n R(lambda) + 1) / (n + 1) <= alpha, R
    the mean of that over the n images. Then the expected loss of a new image is at most alpha, if it is exchangeable
    with these and meets the same conditions: over both draws, not for every calibration, and not under other
    perturbations. An image of which nothing is trusted counts as one without flips: where few images have a trusted
    answer, the trusted answers themselves may flip more often, up to alpha over the share of images that have one. In:
    margin (sample), clean margin of the clean choice in nats; flipped (sample, condition), `flips.flipped`, without the
    clean condition; `image` of each sample, a coordinate's name or a list. Out: a scalar, nats, at least 0, with the
    coordinates `images`, n, and `risk`, R(lambda). nan where n < 1 / alpha - 1: then not even trusting nothing meets
    the bound. Pairs and samples without a margin or a verdict are left out. Raises ValueError for alpha outside (0, 1)
    and where labels differ.
    Source: Angelopoulos et al. 2024, theorem 1, with B = 1.

    >>> margin, flipped = np.array([3.0, 1.0, 2.0, 4.0]), np.array([[0], [1], [0], [0]])
    >>> found = conformal_margin(margin, flipped, image=list("abcd"), alpha=0.2)   # b flips: (1 + 1) / 5 > 0.2
    >>> found.item(), found.images.item(), found.risk.item()
    (1.0, 4, 0.0)
    >>> conformal_margin(margin, flipped, image=list("abcd"), alpha=0.1).item()   # 4 < 1 / 0.1 - 1
    nan
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha={alpha}: the risk that is allowed lies between 0 and 1, such as 0.1.")
    own, flips, trials, images = _counted(margin, flipped, image)
    least, risk, count = _least(own, flips, trials, images, alpha)
    return xr.DataArray(least, coords={"images": count, "risk": risk})


def trusted_flips(margin: Array, flipped: Array, least: float, *, image: Any = "image") -> xr.DataArray:
    """The share of each image's trusted pairs that flip: those of answers with a clean margin above `least`.

    In: as `conformal_margin`. Out: (image), in [0, 1], 0 where none of its answers is trusted; nan where `least` is,
    and of an image without any margin and verdict. Raises ValueError where labels differ.

    >>> margin, flipped = np.array([3.0, 1.0, 2.0]), np.array([[0, 1], [1, 1], [1, 0]])
    >>> trusted_flips(margin, flipped, 1.5, image=["a", "a", "b"]).values
    array([0.5, 0.5])
    """
    own, flips, trials, images = _counted(margin, flipped, image)
    names, codes = np.unique(images, return_inverse=True)
    trusted = own > least
    lost, tried, there = (
        np.bincount(codes.reshape(-1), weights, len(names)) for weights in (flips * trusted, trials * trusted, trials)
    )
    share = np.where(tried > 0, lost / np.where(tried > 0, tried, 1), 0.0)
    known = (there > 0) & ~np.isnan(least)
    return xr.DataArray(np.where(known, share, np.nan), dims="image", coords={"image": names})


def _counted(margin: Array, flipped: Array, image: Any) -> tuple[Floats, Floats, Floats, NDArray[np.str_]]:
    """(sample) margin, flips, conditions with a verdict (0 where no margin is known), and image."""
    if labels.labelled(margin=margin, flipped=flipped):
        own, verdict = labels.aligned(margin=margin, flipped=flipped)
    else:
        own, verdict = labels.by_sample(margin), labels.by_sample(flipped)
    if own.dims != ("sample",) or set(verdict.dims) - {"condition"} != {"sample"}:
        raise ValueError(
            f"margin has dimensions {own.dims}, flipped {verdict.dims}: pass (sample), (sample, condition)."
        )
    if own.sizes != {"sample": verdict.sizes["sample"]}:
        raise ValueError(f"margin has {own.sizes['sample']} samples, flipped {verdict.sizes['sample']}: give one each.")
    names = labels.along(own if not isinstance(image, str) or image in own.coords else verdict, image, "image labels")
    rows = verdict.transpose("sample", ...).values
    values = rows[:, None] if rows.ndim == 1 else rows
    margins = np.asarray(own.values, np.float64)
    known = ~np.isnan(values) & ~np.isnan(margins)[:, None]
    return margins, np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64), names


def _least(
    margin: Floats, flips: Floats, trials: Floats, image: NDArray[np.str_], alpha: float
) -> tuple[float, float, int]:
    """lambda, R(lambda) and n."""
    own = np.flatnonzero(trials > 0)
    names, codes = np.unique(image[own], return_inverse=True)
    count = len(names)
    if alpha * (count + 1) + ROUNDING < 1:
        return np.nan, np.nan, count
    at, rise = _rises(margin[own], flips[own], trials[own], codes.reshape(-1))
    order = np.argsort(-at, kind="stable")
    at, rise = at[order], rise[order]
    # with lambda below a margin all that lies at that margin is trusted: a step counts whole
    too_much = at[np.cumsum(rise) + 1 > alpha * (count + 1) + ROUNDING]
    least = max(0.0, float(too_much.max(initial=0.0)))
    return least, float(rise[at > least].sum()) / count, count


def _rises(margin: Floats, flips: Floats, trials: Floats, image: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """(step) the margins below which the highest share of flips among an image's trusted pairs rises; by how much."""
    order = np.lexsort((-margin, image))
    margin, image = margin[order], image[order]
    first = np.append(True, np.diff(image) != 0)
    start = np.flatnonzero(first)[np.cumsum(first) - 1]
    lost, tried = (_since(each[order], start) for each in (flips, trials))
    last = np.append((np.diff(margin) != 0) | (np.diff(image) != 0), True)  # equal margins are trusted together
    share, own = (lost / tried)[last], image[last]
    found, rank = np.unique(share, return_inverse=True)
    base = own * len(found)  # images in order: none passes its highest on to the next
    highest = found[np.maximum.accumulate(base + rank.reshape(-1)) - base]
    begins = np.append(True, np.diff(own) != 0)
    before = np.where(begins, 0.0, np.append(0.0, highest[:-1]))
    return margin[last], highest - before


def _since(values: Floats, start: NDArray[np.intp]) -> Floats:
    """Sums of whole numbers from each row's start to the row."""
    total = np.append(0.0, np.cumsum(values))
    return total[1:] - total[start]
