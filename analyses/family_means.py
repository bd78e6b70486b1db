"""The mean of any per-pair quantity under each family of perturbations, with an interval by image."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# xarray's stubs leave the arguments of `compute` open.

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from . import labels
from .labels import Array
from .resampling import bootstrap, mean

BOUNDS = ("estimate", "low", "high")


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
    array = labels.by_sample(pairs).compute()
    rows = str(next(dim for dim in array.dims if dim in ("sample", "image")))
    array = array.transpose(rows, "condition", ...)
    images = np.asarray(array[cluster] if isinstance(cluster, str) else cluster).astype(str)
    names = labels.families(array, family)
    if "any" in names:
        raise ValueError("a family is called 'any', which here names the union of families. Rename it.")
    chosen = labels.union(names, any_of)
    groups = {**names, "any": labels.places(names, chosen)}
    parts = [array.isel(condition=places) for places in groups.values()]
    averaged = xr.concat([labels.mean(part, "condition") for part in parts], xr.IndexVariable("family", list(groups)))
    averaged = averaged.transpose(rows, "family", ...)
    bounds = bootstrap(mean, averaged, cluster=images, resamples=resamples, seed=seed, level=level)
    value = xr.concat(bounds, xr.IndexVariable("bound", list(BOUNDS))).transpose("family", ..., "bound")
    defined = xr.concat([part.notnull().sum([rows, "condition"]) for part in parts], value.family)
    size = xr.DataArray([len(images) * len(places) for places in groups.values()], dims="family")
    told = {"any": list(chosen), "images": len(np.unique(images)), "resamples": resamples, "level": level, "seed": seed}
    return xr.Dataset({"value": value, "defined": defined, "undefined": size - defined}, attrs=told)
