"""Unchanged answers on states beyond the nearest unrelated ones, by family, with the threshold drawn again too.

The notion is Wani et al.'s, the measure is this project's own; definitions, section 9.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels, pairs
from ..kernels.blas import one_thread
from ..statistics import rates
from ..statistics.by_family import Grouping, Unions
from ..statistics.quantiles import quantiles
from ..statistics.resampling import BOUNDS, Floats, all_draws

DRAWS = 64
"""Draws whose thresholds are taken together."""

QUANTILES = (0.05, 0.1, 0.25, 0.5)


def beyond_nearest(
    drift: xr.DataArray,
    control: xr.DataArray,
    flipped: xr.DataArray,
    *,
    quantile: Sequence[float] = QUANTILES,
    family: Any = "family",
    image: Any = "image",
    unions: Unions | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """Share of the unchanged answers whose state moved beyond the nearest of unrelated ones, per family.

    #(kept pairs with drift > Q_q(control)) / #(kept pairs), a kept pair being one whose choice did not flip. In: drift
    (sample, condition, ...), flipped (sample, condition), control from `drift.control_pairs` (sample, ..., pair) with
    nan for pairs that are not to count, such as those with the same answer; `family`, `image`, `unions` as
    `statistics.by_family`. Out: Dataset with hidden (family, ..., quantile, bound), in [0, 1], kept (family, ...), the
    pairs that count, and threshold (..., quantile), in the drift's unit. The interval is Wilson's on the effective
    number of pairs, from a variance that holds the choice of images for the threshold and for the share at once. nan
    where no pair is kept or no control is defined. Raises ValueError where labels differ and for a quantile outside
    [0, 1]. Source: Wani et al. 2026; Korn & Graubard 1998.

    >>> drift = xr.DataArray([[0.1, 0.5, 0.9], [0.2, 0.4, 0.5]], dims=("sample", "condition"))
    >>> control, kept = xr.DataArray([[0.2], [0.4]], dims=("sample", "pair")), drift * 0
    >>> result = beyond_nearest(drift, control, kept, quantile=[0.5], family=["a"] * 3, image=["x", "y"])
    >>> round(result.hidden.sel(family="a", bound="estimate").item(), 3)   # 4 of 6 beyond 0.3
    0.667
    """
    orders = np.asarray(quantile, np.float64)
    if not ((orders >= 0) & (orders <= 1)).all():
        raise ValueError(f"quantile={quantile}: the order of a quantile lies between 0 and 1, such as 0.05.")
    kept = Kept.of(drift, control, flipped, family, image, unions)
    weights = all_draws(kept.images, resamples, seed)
    shape = kept.drift.shape[:-2]
    shares = np.full((*shape, len(kept.grouping.places), len(orders), len(BOUNDS)), np.nan)
    limits = np.full((*shape, len(orders)), np.nan)
    per_pair = np.repeat(kept.codes, kept.control.shape[-1])
    for place in np.ndindex(shape):
        distances = kept.control[place].reshape(-1)
        found = quantiles(distances, per_pair, kept.images, orders, resamples=resamples, seed=seed)
        limits[place] = found.estimate
        stayed = Stayed.of(kept.drift[place], kept.codes, kept.images, kept.members)
        trials = stayed.drawn(weights)
        for number, (limit, drawn) in enumerate(zip(found.estimate, found.drawn.T, strict=True)):
            if not np.isnan(limit):
                shares[(*place, slice(None), number)] = _shares(stayed, weights, trials, float(limit), drawn, level)
    index = {"family": list(kept.grouping.places), "quantile": orders, "bound": list(BOUNDS)}
    dims = (*kept.middle, "family", "quantile", "bound")
    return xr.Dataset(
        {
            "hidden": (dims, shares),
            "kept": (dims[:-2], kept.counts),
            "threshold": ((*kept.middle, "quantile"), limits),
        },
        coords={**kept.coords, **index},
        attrs={"unions": kept.grouping.unions},
    ).transpose("family", ..., "quantile", "bound")


@dataclass(frozen=True)
class Kept:
    """The drift of the pairs whose choice stayed, beside its control, on bare arrays.

    drift (..., sample, condition), nan for other pairs; control (..., sample, pair); `codes` (sample) numbers images.
    `middle` and `coords` name and label the leading dimensions.
    """

    drift: Floats
    control: Floats
    codes: NDArray[np.intp]
    images: int
    grouping: Grouping
    middle: tuple[str, ...]
    coords: dict[Any, Any]

    @property
    def members(self) -> Floats:
        """(family, condition) 1 where a family, or union, has a condition."""
        found = np.zeros((len(self.grouping.places), self.drift.shape[-1]))
        for family, own in enumerate(self.grouping.places.values()):
            found[family, own] = 1.0
        return found

    @property
    def counts(self) -> NDArray[np.int64]:
        """(..., family) how many pairs stayed."""
        known = ~np.isnan(self.drift)
        own = [known[..., places].sum(axis=(-2, -1)) for places in self.grouping.places.values()]
        return np.stack(own, axis=-1).astype(np.int64)

    @staticmethod
    def of(
        drift: xr.DataArray,
        control: xr.DataArray,
        flipped: xr.DataArray,
        family: Any,
        image: Any,
        unions: Unions | None,
    ) -> "Kept":
        """From labelled arrays; ValueError where they do not fit."""
        moved, verdict = pairs.matched("drift", drift, flipped)
        moved, others = labels.aligned(drift=moved, control=control)
        rows = pairs.dims_of(moved)[0]
        middle = tuple(str(name) for name in moved.dims if name not in (rows, pairs.CONDITION))
        if {*middle, rows, "pair"} != set(others.dims):
            raise ValueError(
                f"drift has {moved.dims} and control {others.dims}: each layer needs a control of its own."
            )
        by_row = moved.transpose(rows, pairs.CONDITION, ...)
        names, codes = np.unique(pairs.images_of(by_row, image), return_inverse=True)
        stayed = ((verdict == 0) & ~pairs.is_clean(verdict)).transpose(rows, pairs.CONDITION).values
        inside = moved.transpose(*middle, rows, pairs.CONDITION).values.astype(np.float64)
        coords = {name: coord for name, coord in moved.coords.items() if coord.dims and set(coord.dims) <= set(middle)}
        return Kept(
            drift=np.where(stayed, inside, np.nan),
            control=others.transpose(*middle, rows, "pair").values.astype(np.float64),
            codes=codes.reshape(-1),
            images=len(names),
            grouping=Grouping.of(by_row, family, unions),
            middle=middle,
            coords=coords,
        )


@dataclass(frozen=True)
class Stayed:
    """The pairs of one layer whose choice stayed, each by its drift, image and condition: (pair) each.

    `trials` (image, condition) counts them; `members` (family, condition) says which conditions a family has.
    """

    drift: Floats
    image: NDArray[np.intp]
    condition: NDArray[np.intp]
    trials: Floats
    members: Floats

    @staticmethod
    def of(drift: Floats, codes: NDArray[np.intp], images: int, members: Floats) -> "Stayed":
        """From (sample, condition), nan for other pairs, and (sample)."""
        row, condition = np.nonzero(~np.isnan(drift))
        inside, image = drift[row, condition], codes[row]
        return Stayed(inside, image, condition, _counted(image, condition, (images, drift.shape[1])), members)

    def beyond(self, limit: float) -> Floats:
        """(image, condition) how many pairs lie beyond a threshold."""
        chosen = self.drift > limit
        return _counted(self.image[chosen], self.condition[chosen], self.trials.shape)

    @one_thread()
    def drawn(self, weights: NDArray[Any]) -> Floats:
        """(draw, condition) all pairs of the images that are drawn: of how often each is, (draw, image)."""
        parts = (weights[start : start + DRAWS].astype(np.float64) for start in range(0, len(weights), DRAWS))
        return np.concatenate([part @ self.trials for part in parts])

    @one_thread()
    def drawn_beyond(self, weights: NDArray[Any], limits: Floats) -> Floats:
        """(draw, condition) the pairs of the images that are drawn beyond each draw's threshold, (draw).

        Draws are taken in the order of their thresholds, some at a time: the pairs beyond all of these are counted by
        image, the few that lie between them are looked at one by one.
        """
        passed = np.searchsorted(limits, self.drift, side="left")  # how many thresholds a pair lies beyond
        by_passed = np.argsort(passed, kind="stable")
        ends = np.searchsorted(passed[by_passed], np.arange(len(limits) + 1), side="right")
        left, found = self.trials.copy(), np.empty((len(limits), self.trials.shape[1]))
        for start in range(0, len(limits), DRAWS):
            stop = min(start + DRAWS, len(limits))
            own = weights[start:stop].astype(np.float64)
            gone = by_passed[ends[start - 1] if start else 0 : ends[stop - 1]]
            left -= _counted(self.image[gone], self.condition[gone], left.shape)
            between = by_passed[ends[start] : ends[stop - 1]]
            beyond = passed[between] > np.arange(start, stop)[:, None]
            each = np.zeros((len(between), left.shape[1]))
            each[np.arange(len(between)), self.condition[between]] = 1.0
            found[start:stop] = own @ left + (own[:, self.image[between]] * beyond) @ each
        return found


@one_thread()
def _shares(
    stayed: Stayed, weights: NDArray[Any], trials: Floats, limit: float, limits: Floats, level: float
) -> NDArray[np.float64]:
    """(family, bound) the share of each family's pairs beyond a threshold, and beyond (draw) those of the draws."""
    defined = np.flatnonzero(~np.isnan(limits))
    order = defined[np.argsort(limits[defined], kind="stable")]
    cases, counted = (each @ stayed.members.T for each in (stayed.beyond(limit), stayed.trials))
    drawn = trials[order] @ stayed.members.T
    share = (stayed.drawn_beyond(weights[order], limits[order]) @ stayed.members.T) / np.where(drawn > 0, drawn, np.nan)
    several = ((counted > 0).sum(axis=0) > 1) & ~np.isnan(share).all(axis=0)
    variance = np.full(len(several), np.nan)
    variance[several] = np.nanvar(share[:, several], axis=0)
    total = counted.sum(axis=0)
    estimate = cases.sum(axis=0) / np.where(total > 0, total, np.nan)
    bounds = np.stack(rates.of_variance(estimate, variance, cases, counted, level=level), axis=-1)
    return np.where((total > 0)[:, None], bounds, np.nan)


def _counted(image: NDArray[np.intp], condition: NDArray[np.intp], shape: tuple[int, ...]) -> Floats:
    """(image, condition) how many pairs there are of each."""
    cells = np.bincount(image * shape[1] + condition, minlength=shape[0] * shape[1])
    return cells.reshape(shape).astype(np.float64)
