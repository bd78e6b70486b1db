"""What moves behind answers that stay: states as far away as unrelated ones, and margins that shrink.

The notion is Wani et al.'s; the two shares are this project's own. Definitions, section 9.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels, pairs
from ..labels import Array

QUANTILE = 0.05
"""The default quantile: a drift beyond it is farther than the nearest 5 % of unrelated pairs lie apart."""


def hidden(drift: Array, control: Array, flipped: Array, *, quantile: float | Sequence[float] = QUANTILE) -> Array:
    """Share of the unchanged answers whose state moved beyond a quantile of the distances between unrelated inputs.

    #(kept pairs with drift > Q_q(control)) / #(kept pairs), a kept pair being one whose choice did not flip. In: as
    `hidden_pairs`. Out: DataArray without sample and condition, e.g. (site, layer), with `quantile` last where several
    were asked for; in [0, 1], 0 means that no answer hides a state so far off. Coordinates: `kept`, the pairs that
    count; `undefined`, the perturbed pairs left out for want of a drift or a choice; `threshold`, Q_q in the drift's
    unit. nan where no pair is kept. Bare arrays give a bare share. Intervals by family: `beyond_nearest`.

    >>> flipped, control = np.array([[0, 0, 1], [0, 0, 0]]), np.array([0.2, 0.4])
    >>> hidden(np.array([[0.1, 0.5, 0.9], [0.2, 0.4, 0.5]]), control, flipped, quantile=0.5)   # 3 of 5 beyond 0.3
    array(0.6)
    """
    share = _share(_beyond(drift, control, flipped, quantile))
    return share if isinstance(drift, xr.DataArray) else share.values


def hidden_pairs(
    drift: Array, control: Array, flipped: Array, *, quantile: float | Sequence[float] = QUANTILE
) -> Array:
    """Whether the choice stayed and yet the state moved beyond a quantile of the control: 1 so, 0 it stayed near.

    In: drift (sample, condition, ...), also at several layers or sites; flipped (sample, condition) from
    `flips.flipped`; control from `drift.control_pairs` (sample, ..., pair), of the same layers and sites: the quantile,
    of order `quantile` in [0, 1], is then taken over all distances as they are. `drift.control` (sample, ...) is taken
    too, but its means of 25 spread less, which raises low quantiles and understates what is hidden. The larger
    `quantile`, the farther counts as moved. Out: as drift, float64, with `quantile` last where several are given. nan
    where the choice flipped or is undefined, where drift or the whole control is, and for the clean condition. Bare
    arrays are drift and flipped (sample, condition), without the clean one, and control (sample) or (sample, pair).
    Raises ValueError where labels differ and for a quantile outside [0, 1].

    >>> hidden_pairs(np.array([[0.1, 0.5, 0.9]]), np.array([[0.2, 0.4]]), np.array([[0, 0, 1]]), quantile=0.5)
    array([[ 0.,  1., nan]])
    """
    verdicts = _beyond(drift, control, flipped, quantile)["verdict"].rename(None)
    return verdicts if isinstance(drift, xr.DataArray) else verdicts.values


def hidden_erosion(erosion: Array, flipped: Array) -> Array:
    """Share of the unchanged answers whose margin shrank: #(kept pairs with margin erosion > 0) / #(kept pairs).

    In: as `eroded_pairs`. Out: DataArray without sample and condition, in [0, 1]; without any effect of the
    perturbation, margins grow as often as they shrink. Coordinates `kept` and `undefined` as in `hidden`. nan where no
    pair is kept. Bare arrays give a bare share. Intervals by family: `statistics.by_family` of `eroded_pairs`.

    >>> hidden_erosion(np.array([[0.5, -0.1, 3.0], [0.0, 0.2, 0.1]]), np.array([[0, 0, 1], [0, 0, 0]]))   # 3 of 5
    array(0.6)
    """
    share = _share(_eroded(erosion, flipped))
    return share if isinstance(erosion, xr.DataArray) else share.values


def eroded_pairs(erosion: Array, flipped: Array) -> Array:
    """Whether the choice stayed and yet lost some of its margin: 1 erosion > 0, 0 none.

    In: erosion (sample, condition, ...) from `margins.erosion`, flipped (sample, condition) from `flips.flipped`. Out:
    as erosion, float64; nan where the choice flipped, where either is undefined, and for the clean condition. Raises
    ValueError where labels differ.

    >>> eroded_pairs(np.array([[0.5, -0.1, 3.0]]), np.array([[0, 0, 1]]))
    array([[ 1.,  0., nan]])
    """
    verdicts = _eroded(erosion, flipped)["verdict"].rename(None)
    return verdicts if isinstance(erosion, xr.DataArray) else verdicts.values


def _beyond(drift: Array, control: Array, flipped: Array, quantile: float | Sequence[float]) -> xr.Dataset:
    if not labels.labelled(drift=drift, control=control, flipped=flipped):
        drift, flipped = pairs.labelled("drift", drift), pairs.labelled("flipped", flipped)
        control = pairs.labelled("control", control).rename({"condition": "pair"} if np.ndim(control) == 2 else {})
    moved, verdict = pairs.matched("drift", drift, flipped)
    _, others = labels.aligned(drift=moved, control=control)
    apart = ({*map(str, moved.dims)} - {pairs.CONDITION}) ^ ({*map(str, others.dims)} - {"pair"})
    for dim in sorted(apart):
        raise ValueError(
            f"drift has dimensions {moved.dims} and control {others.dims}: {dim!r} is in one only. "
            "Each site and layer needs a control of its own, from the same samples."
        )
    limit = _limit(others, quantile)
    far = (moved > limit).transpose(*moved.dims, ...)
    return _kept(far, moved.notnull() & limit.notnull(), verdict).assign_coords(threshold=limit)


def _eroded(erosion: Array, flipped: Array) -> xr.Dataset:
    if not labels.labelled(erosion=erosion, flipped=flipped):
        erosion, flipped = pairs.labelled("erosion", erosion), pairs.labelled("flipped", flipped)
    lost, verdict = pairs.matched("erosion", erosion, flipped)
    return _kept(lost > 0, lost.notnull(), verdict)


def _kept(so: xr.DataArray, measured: xr.DataArray, flipped: xr.DataArray) -> xr.Dataset:
    # the verdict on each kept pair, nan for the others, and which pairs are neither kept nor flipped nor clean
    perturbed = ~pairs.is_clean(so)
    defined = measured & flipped.notnull()
    verdict = so.astype(np.float64).where(defined & (flipped == 0) & perturbed)
    return xr.Dataset({"verdict": verdict.transpose(*so.dims), "undefined": ~defined & perturbed})


def _share(kept: xr.Dataset) -> xr.DataArray:
    over = pairs.dims_of(kept["verdict"])
    counts = {"kept": kept["verdict"].notnull().sum(over), "undefined": kept["undefined"].sum(over)}
    bare = {name: count.drop_vars(list(count.coords)) for name, count in counts.items()}
    return labels.mean(kept["verdict"], over).assign_coords(bare).rename(None)


def _limit(control: xr.DataArray, quantile: float | Sequence[float]) -> xr.DataArray:
    orders = np.atleast_1d(np.asarray(quantile, np.float64))
    if not ((orders >= 0) & (orders <= 1)).all():
        raise ValueError(f"quantile={quantile}: the order of a quantile lies between 0 and 1, such as 0.05.")
    over = [dim for dim in control.dims if dim in ("sample", "image", "pair")]

    def kernel(distances: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        flat = distances.reshape(*distances.shape[: -len(over)], -1)
        result = np.full((*flat.shape[:-1], len(orders)), np.nan)
        for place in np.ndindex(flat.shape[:-1]):
            defined = flat[place][~np.isnan(flat[place])]
            if defined.size:
                result[place] = np.quantile(defined.astype(np.float64), orders)
        return result

    limit = labels.apply(kernel, control, core=[over], out={"quantile": len(orders)}, dtype=np.float64)
    # what the control was selected by (condition="clean") says nothing about the drift
    limit = limit.drop_vars([name for name, coord in limit.coords.items() if coord.ndim == 0])
    limit = limit.assign_coords(quantile=orders)
    return limit if np.ndim(quantile) else limit.isel(quantile=0)
