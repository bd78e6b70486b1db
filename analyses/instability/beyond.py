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
from ..statistics import rates
from ..statistics.by_family import Grouping, Unions
from ..statistics.quantiles import quantiles
from ..statistics.resampling import BOUNDS, Floats, all_draws

CELLS = 2**21
"""Counts by image and threshold that are held at once: 16 MB."""

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
        tables = [
            Beyond.of(own, kept.codes, kept.images, float(limit), drawn)
            for own in (kept.drift[place][:, columns] for columns in kept.grouping.places.values())
            for limit, drawn in zip(found.estimate, found.drawn.T, strict=True)
        ]
        shares[place] = _shares(tables, weights, level).reshape(shares.shape[len(shape) :])
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
class Beyond:
    """The pairs of one family beyond one threshold, by image: `trials` of all pairs, `cases` of those beyond it.

    `order` sorts the draws by their thresholds; `always` are the pairs beyond all of these, (row, passed) the images of
    those that lie between, and how many thresholds each lies beyond. Where nothing is defined, `limit` is nan.
    """

    limit: float
    trials: Floats
    cases: Floats
    order: NDArray[np.intp]
    always: Floats
    row: NDArray[np.intp]
    passed: NDArray[np.intp]

    @staticmethod
    def of(values: Floats, codes: NDArray[np.intp], images: int, limit: float, limits: Floats) -> "Beyond":
        """From (sample, condition), (sample), the threshold and (draw) its draws."""
        known = ~np.isnan(values)
        row, inside = np.broadcast_to(codes[:, None], values.shape)[known], values[known]
        defined = np.flatnonzero(~np.isnan(limits))
        order = defined[np.argsort(limits[defined], kind="stable")]
        passed = np.searchsorted(limits[order], inside, side="left")

        def counted(chosen: NDArray[np.bool_] | slice) -> Floats:
            return np.bincount(row[chosen], minlength=images).astype(np.float64)

        between = (passed > 0) & (passed < len(order))
        always = counted(passed == len(order)) if len(order) else np.zeros(images)
        return Beyond(
            limit, counted(slice(None)), counted(inside > limit), order, always, row[between], passed[between]
        )

    def variance(self, weights: NDArray[np.float32], total: Floats, always: Floats) -> NDArray[np.float64]:
        """The variance of the share over the draws, in each of which images and threshold are others.

        In: how often each image is drawn (draw, image), and (draw) the trials and the pairs beyond all thresholds so
        weighed.
        """
        cases, steps = always[self.order], len(self.order) + 1
        names, codes = np.unique(self.row, return_inverse=True)
        by_image = np.argsort(codes.reshape(-1), kind="stable")
        codes, passed = codes.reshape(-1)[by_image], self.passed[by_image]
        few = max(1, CELLS // steps)
        for start in range(0, len(names), few):
            own = names[start : start + few]
            inner = slice(*np.searchsorted(codes, (start, start + few)))
            cells = (codes[inner] - start) * steps + passed[inner]
            counts = np.bincount(cells, minlength=len(own) * steps).reshape(len(own), steps)
            beyond = counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]  # (image, threshold)
            cases = cases + np.einsum("di,id->d", weights[np.ix_(self.order, own)].astype(np.float64), beyond)
        drawn = total[self.order]
        return np.asarray(np.nanvar(cases / np.where(drawn > 0, drawn, np.nan)), np.float64)


def _shares(tables: Sequence[Beyond], weights: NDArray[np.float32], level: float) -> NDArray[np.float64]:
    """(table, bound) the share of each table's pairs beyond its threshold."""
    sums = np.stack([each for one in tables for each in (one.trials, one.always)], axis=1)
    rows = max(1, CELLS // max(1, weights.shape[1]))
    weighed = np.concatenate([weights[k : k + rows].astype(np.float64) @ sums for k in range(0, len(weights), rows)])
    found = np.full((len(tables), len(BOUNDS)), np.nan)
    for place, one in enumerate(tables):
        if not one.trials.sum() or np.isnan(one.limit):
            continue
        several = (one.trials > 0).sum() > 1
        variance = one.variance(weights, *weighed[:, 2 * place : 2 * place + 2].T) if several else np.asarray(np.nan)
        share = np.asarray(one.cases.sum() / one.trials.sum())
        found[place] = np.stack(rates.of_variance(share, variance, one.cases, one.trials, level=level))
    return found
