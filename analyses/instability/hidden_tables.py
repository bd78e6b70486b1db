"""Tables of hidden instability with intervals by image: under which perturbations, and at which depth first.

Both tables and `first_layer` are this project's own; definitions, section 9.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Sequence
from typing import Any

import xarray as xr

from .. import labels, pairs
from ..labels import Array
from .prediction import predicts_flip
from .unchanged_answers import QUANTILE, hidden, hidden_pairs

SHARE = 0.05
"""More than one unchanged answer in twenty: what counts as having moved."""


def hidden_by_family(
    drift: Array,
    control: Array,
    flipped: Array,
    *,
    quantile: float | Sequence[float] = QUANTILE,
    family: Any = "family",
    cluster: Any = "image",
    any_of: Sequence[str] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """Hidden share of each family of perturbations, all its kept pairs pooled, with an interval by image.

    In: drift (sample, condition, ...), control and flipped as `hidden_pairs`; `family` of each condition and `cluster`,
    the image of each sample, as coordinate names of the drift or as lists. Out: Dataset over (family, ...), families in
    order of first appearance, then "any" (`any_of`, by default all but "clean"): hidden in [0, 1], hidden_low and
    hidden_high (bootstrap by image; Wilson's, with the images as trials, where fewer than 40 have a kept pair), and the
    pairs `kept`. nan where no pair is kept, as under "clean". Raises ValueError where labels do not fit.
    Source: definitions, sections 9 and 15.

    >>> import numpy as np
    >>> drift, kept = np.array([[0.5, 0.1, 0.1], [0.6, 0.9, 0.2]]), np.zeros((2, 3))
    >>> control, family = np.array([0.4, 0.4]), ["shift", "shift", "blur"]
    >>> hidden_by_family(drift, control, kept, family=family, cluster=["a", "b"]).hidden.values   # 3 of 4, 0 of 2
    array([0.75, 0.  , 0.5 ])
    """
    verdicts = pairs.labelled("verdicts", hidden_pairs(drift, control, flipped, quantile=quantile)).compute()
    images = pairs.images_of(verdicts, cluster)
    groups, chosen = labels.families_and_any(verdicts, family, any_of)
    rows = [
        _shares(verdicts.isel(condition=places), images, resamples=resamples, seed=seed, level=level)
        for places in groups.values()
    ]
    told = {"any": chosen, "resamples": resamples, "seed": seed, "level": level}
    return xr.concat(rows, xr.IndexVariable("family", list(groups))).assign_attrs(told)


def where_first(
    drift: xr.DataArray,
    control: xr.DataArray,
    flipped: xr.DataArray,
    *,
    quantile: float | Sequence[float] = QUANTILE,
    share: float = SHARE,
    cluster: Any = "image",
    layer: str = "layer",
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """Hidden share and prediction of flips for each layer in order of depth, and the first layer that moves.

    In: drift (sample, condition, layer, ...), control (sample, layer, ..., pair), flipped (sample, condition) as
    `hidden_pairs`; `cluster`, the image of each sample, as `predicts_flip`. Out: Dataset over (..., layer), layers
    ascending, a row per site and layer: hidden, hidden_low, hidden_high and `kept` as `hidden_by_family`, their
    `threshold`, and all that `predicts_flip` says of the drift. `first_layer` (...) is the shallowest layer at which
    the interval of hidden lies above `share`: there more than that share of the unchanged answers sits on a state as
    far off as unrelated ones, beyond what the choice of images explains. nan where no layer does, or none is defined.
    The intervals are for one layer each, not for all at once: with many layers raise `level`. Raises ValueError without
    a layer dimension or labels of layers, for a share outside [0, 1], and where labels differ.

    >>> import numpy as np
    >>> dims = ("sample", "condition", "layer")
    >>> drift = xr.DataArray(np.full((40, 1, 3), [0.1, 0.5, 0.7]), dims=dims, coords={"layer": [0, 8, 16]})
    >>> control = xr.DataArray(np.full((40, 3), 0.4), dims=("sample", "layer"), coords={"layer": [0, 8, 16]})
    >>> flipped = xr.DataArray(np.zeros((40, 1)), dims=("sample", "condition"))
    >>> result = where_first(drift, control, flipped, cluster=range(40))
    >>> result.hidden.values, float(result.first_layer)
    (array([0., 1., 1.]), 8.0)
    """
    if layer not in drift.dims or layer not in drift.coords:
        raise ValueError(f"drift has dimensions {drift.dims} and no labels of {layer!r}. Name yours with `layer=`.")
    if not 0 <= share <= 1:
        raise ValueError(f"share={share}: a share lies between 0 and 1, such as {SHARE}.")
    drift, control, flipped = (array.compute() for array in (drift, control, flipped))  # each is read several times
    images = pairs.images_of(flipped if not isinstance(cluster, str) or cluster in flipped.coords else drift, cluster)
    verdicts = hidden_pairs(drift, control, flipped, quantile=quantile)
    rows = predicts_flip(drift, flipped, cluster=images, resamples=resamples, seed=seed, level=level).assign(
        _shares(verdicts, images, resamples=resamples, seed=seed, level=level).data_vars
    )
    rows = rows.assign(
        threshold=hidden(drift, control, flipped, quantile=quantile)["threshold"].reset_coords(drop=True)
    )
    rows = rows.sortby(layer).transpose(..., layer)
    shallowest = rows[layer].where(rows["hidden_low"] > share).min(layer)
    return rows.assign(first_layer=shallowest.drop_attrs(deep=False)).assign_attrs(share=share)


def _shares(verdicts: xr.DataArray, images: Any, *, resamples: int, seed: int, level: float) -> xr.Dataset:
    verdicts = verdicts.drop_vars("threshold", errors="ignore")
    bounds = pairs.share(verdicts, images, resamples=resamples, seed=seed, level=level)
    names = dict(zip(pairs.BOUNDS, ("hidden", "hidden_low", "hidden_high"), strict=True))
    told = {name: bounds.sel(bound=bound, drop=True) for bound, name in names.items()}
    return xr.Dataset(told | {"kept": verdicts.notnull().sum(pairs.dims_of(verdicts))})
