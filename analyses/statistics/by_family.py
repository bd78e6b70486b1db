"""Any quantity and any rate under each family of perturbations, with an interval by image."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# xarray's stubs leave the arguments of `compute` open.

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array
from .resampling import BOUNDS, bootstrap, mean, ratio
from .significance import wilson

FEW = 40  # images; below, a bootstrap of a rate is too narrow


def family_means(
    pairs: Array,
    *,
    family: Any = "family",
    cluster: Any = "image",
    any_of: Sequence[str] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """Mean over samples of each sample's mean over a family's conditions, with a percentile interval by image.

    In: pairs (sample or image, condition, ...), nan where undefined; `family` of each condition and `cluster`, the
    image of each sample, as coordinate names or as lists. Out: Dataset over family (in order of first appearance, then
    "any": `any_of`, by default all but "clean") with `value` (family, ..., bound) in the unit of the pairs, and the
    counts `defined` and `undefined` (family, ...) of pairs. nan where no pair is defined; low and high are nan for a
    single image. Raises ValueError where labels do not fit. Source: Field & Welsh 2007; definitions, section 15.

    >>> moved = np.array([[0.0, 0.2, 0.4], [0.0, 0.4, np.nan]])
    >>> table = family_means(moved, family=["clean", "blur", "blur"], cluster=["a", "b"])
    >>> round(table.value.sel(family="blur", bound="estimate").item(), 3)   # mean of 0.3 and 0.4
    0.35
    >>> table.undefined.sel(family="blur").item()
    1
    """
    array, images = _pairs(pairs, cluster)
    groups, chosen = labels.families_and_any(array, family, any_of)
    parts = [array.isel(condition=places) for places in groups.values()]
    index = xr.IndexVariable("family", list(groups))
    averaged = xr.concat([labels.mean(part, "condition") for part in parts], index)
    averaged = averaged.transpose(array.dims[0], "family", ...)
    bounds = bootstrap(mean, averaged, cluster=images, resamples=resamples, seed=seed, level=level)
    value = xr.concat(bounds, xr.IndexVariable("bound", list(BOUNDS))).transpose("family", ..., "bound")
    defined = xr.concat([part.notnull().sum([array.dims[0], "condition"]) for part in parts], index)
    size = xr.DataArray([len(images) * len(places) for places in groups.values()], dims="family")
    told = {"any": chosen, "images": len(np.unique(images)), "resamples": resamples, "level": level, "seed": seed}
    return xr.Dataset({"value": value, "defined": defined, "undefined": size - defined}, attrs=told)


def family_shares(
    cases: Array,
    trials: Array,
    *,
    family: Any = "family",
    cluster: Any = "image",
    any_of: Sequence[str] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """Cases / trials summed over the pairs of each family, with an interval by image.

    In: cases and trials (sample, condition), 0 or 1, nan where undefined, which is no trial; labels as in
    `family_means`. Out: Dataset over family (then "any") with `value` (family, bound) in [0, 1], and the counts
    `cases` and `trials` (family). nan where there is no trial. Rates that fewer than 40 images have trials for carry a
    Wilson interval with those images as trials. Raises ValueError where labels differ or do not fit.
    Source: Field & Welsh 2007; Wilson 1927; definitions, section 15.

    >>> broken, right = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 1.0]])
    >>> table = family_shares(broken, right, family=["blur", "blur"], cluster=["a", "b"])
    >>> round(table.value.sel(family="blur", bound="estimate").item(), 3), table.trials.values[0].item()
    (0.333, 3)
    """
    labels.labelled(cases=cases, trials=trials)
    happened, images = _pairs(cases, cluster)
    tried, _ = _pairs(trials, cluster)
    happened, tried = labels.aligned(cases=happened, trials=tried)
    groups, chosen = labels.families_and_any(happened, family, any_of)
    counted = happened.notnull() & tried.notnull()
    sums = [
        np.stack([pairs.values[:, places].sum(axis=1, dtype=np.float64) for places in groups.values()], axis=-1)
        for pairs in (happened.where(counted, 0), tried.where(counted, 0))  # (sample, family)
    ]
    bounds = np.stack(bootstrap(ratio, *sums, cluster=images, resamples=resamples, seed=seed, level=level), axis=-1)
    for row, trying in enumerate(sums[1].T > 0):
        among = len(np.unique(images[trying]))
        if among < FEW:
            bounds[row, 1:] = wilson(bounds[row, 0], among, level=level)
    told = {"any": chosen, "images": len(np.unique(images)), "resamples": resamples, "level": level, "seed": seed}
    totals = [part.sum(axis=0).astype(np.int64) for part in sums]
    return xr.Dataset(
        {"value": (("family", "bound"), bounds), "cases": ("family", totals[0]), "trials": ("family", totals[1])},
        coords={"family": list(groups), "bound": list(BOUNDS)},
        attrs=told,
    )


def _pairs(pairs: Array, cluster: Any) -> tuple[xr.DataArray, NDArray[Any]]:
    array = labels.by_sample(pairs).compute()
    rows = next((dim for dim in array.dims if dim in ("sample", "image")), None)
    if rows is None or "condition" not in array.dims:
        raise ValueError(f"the pairs have dimensions {array.dims}; a table needs (sample or image, condition, ...).")
    array = array.transpose(rows, "condition", ...)
    images = np.asarray(array[cluster] if isinstance(cluster, str) else cluster).astype(str)
    if images.shape != (array.sizes[rows],):
        raise ValueError(f"{images.shape} image labels for {array.sizes[rows]} rows of {rows!r}: give one each.")
    return array, images
