"""Pairs of a sample and a condition: how they are matched, which of them count, and which image each belongs to.

The clean condition, known by its family or its name "clean", is no perturbed pair and never counts.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import control_sampling, labels
from .labels import Array

CONDITION = "condition"
ALONG = labels.ITEMS - {"layer", "token", "frame", "row", "col"} | {CONDITION}
"""Dimensions along which answers differ; a state may lie at several layers or tokens beside them."""


def dims_of(array: xr.DataArray) -> list[str]:
    """The dimensions that make a pair: `sample` or `image`, and `condition` where there is one."""
    rows = control_sampling.sample_dim_of(array, "auto")
    return [rows, *(name for name in (CONDITION,) if name in array.dims)]


def labelled(name: str, array: Array) -> xr.DataArray:
    """A bare (sample) or (sample, condition) array with these labels, a DataArray as it is; else ValueError."""
    if not isinstance(array, xr.DataArray) and np.ndim(array) not in (1, 2):
        raise ValueError(f"{name} has shape {np.shape(array)}: pass (sample, condition), or DataArrays for more.")
    return labels.by_sample(array)


def matched(name: str, measured: xr.DataArray, flipped: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """What was measured and whether the choice flipped, with the same pairs; ValueError naming what does not fit.

    `measured` may lie at layers and sites that `flipped` lacks, for all of them have the one answer.
    """
    first, second = labels.aligned(**{name: measured, "flipped": flipped})
    if "image" in first.dims and "sample" in second.dims:
        raise ValueError(f"{name} is per image and flipped per sample. Select {name}.sel(image=flipped.image) first.")
    lacking = set(map(str, second.dims)) - set(map(str, first.dims))
    lacking |= ALONG & (set(map(str, first.dims)) - set(map(str, second.dims)))
    for dim in sorted(lacking):
        raise ValueError(f"{name} has dimensions {first.dims} and flipped {second.dims}: {dim!r} is in one only.")
    return first, second


def is_clean(array: xr.DataArray) -> xr.DataArray:
    """Whether the condition is the clean one: (condition), or a scalar where one or none is selected."""
    clean = xr.DataArray(False)
    for name in ("family", CONDITION):
        if name in array.coords and array[name].dims in ((CONDITION,), ()):
            named = array[name].astype(str) == "clean"
            clean = clean | named.drop_vars(list(named.coords))
    return clean


def images_of(array: xr.DataArray, cluster: Any) -> NDArray[np.str_]:
    """The name of each row's image, (row).

    `cluster` is the name of a coordinate along the rows, or the labels themselves. ValueError where it is neither.
    """
    rows = dims_of(array)[0]
    if isinstance(cluster, str):
        if cluster not in array.coords or array[cluster].dims != (rows,):
            raise ValueError(f"no coordinate {cluster!r} along {rows!r}. Pass the image of each {rows} as a list.")
        cluster = array[cluster].values
    names = labels.texts(cluster)
    if names.shape != (array.sizes[rows],):
        raise ValueError(f"{names.shape} image labels for {array.sizes[rows]} samples: give one each.")
    return names
