"""One table for every quantity: what it comes to under each family of perturbations, with an interval by image.

A `Reduction` says how the pairs of a family (sample, condition) become one number; `by_family` applies it to every
family and to named unions of families, counts what is defined, and draws whole images for the interval. This is the one
place where pairs are reduced over samples. Definitions, sections 4 and 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the arguments of `compute` and the types inside coordinates open.

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array
from .reductions import Collapsed, Reduction
from .resampling import BOUNDS, Floats, bootstrap
from .significance import wilson

ALL = "all perturbations"
"""The union of all families but "clean", where no other union is named."""

FEW = 40
"""Images below which a bootstrap of a rate is too narrow, so that Wilson's interval takes its place."""

Unions = Mapping[str, Sequence[str]]
"""Name of a union -> the families in it."""


def by_family(
    reduction: Reduction,
    *arrays: Array,
    family: Any = "family",
    image: Any = "image",
    within: Any = None,
    unions: Unions | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """A quantity under each family of perturbations, and under named unions of them, with an interval by image.

    In: arrays (sample or image, condition, ...), as many as the reduction takes, nan where undefined; an array without
    `condition`, such as a control, serves all families. `family` of each condition and `image` of each sample, as
    coordinate names or as lists; `unions` name -> its families, by default "all perturbations", all but "clean".
    `within`, a coordinate along the samples such as "kind", makes one table for each of its values.
    Out: Dataset over family (in order of first appearance, then the unions), with `value` (family, ..., bound) in the
    reduction's unit and the counts `defined` and `undefined` (family, ...) of pairs (of trials, where it is a share);
    with `within`, a dimension of that name in front. The attribute `unions` lists the families of each. nan where no
    pair is defined; low and high are nan for a single image. Shares of which fewer than 40 images have a trial carry
    Wilson's interval with those images as trials. Raises ValueError where labels do not fit, for a union of an unknown
    family and for one with a family's name. Source: Field & Welsh 2007; Wilson 1927; definitions, section 15.

    >>> from analyses.statistics import MEAN
    >>> moved = np.array([[0.0, 0.2, 0.4], [0.0, 0.4, np.nan]])
    >>> table = by_family(MEAN, moved, family=["clean", "blur", "blur"], image=["a", "b"])
    >>> round(table.value.sel(family="blur", bound="estimate").item(), 3)   # mean of 0.3 and 0.4
    0.35
    >>> table.undefined.sel(family="blur").item()
    1
    """
    tables = _aligned(arrays)
    images = labels_along(tables[0], image, "image labels")
    grouping = Grouping.of(tables[0], family, unions)
    draws = Draws(resamples, seed, level)
    if within is None:
        return _table(reduction, tables, images, grouping, draws)
    values, rows = labels_along(tables[0], within, "values to tell samples apart by"), tables[0].dims[0]
    names = list(dict.fromkeys(values.tolist()))
    parts = [
        _table(reduction, [t.isel({rows: values == name}) for t in tables], images[values == name], grouping, draws)
        for name in names
    ]
    return xr.concat(parts, xr.IndexVariable(within, names), combine_attrs="override")


def per_sample(pairs: Array, *, family: Any = "family", unions: Unions | None = None) -> xr.DataArray:
    """Each sample's mean over the defined conditions of each family, and of each named union of families.

    In: pairs (sample or image, condition, ...). Out: the same with `family` for `condition`, families in order of first
    appearance, then the unions, of which there are none by default; in the pairs' unit. nan where no condition is
    defined. Source: Wani et al. 2026, whose drift of a sample is its mean over a family's conditions.

    >>> per_sample(np.array([[0.1, 0.3, 0.5]]), family=["shift", "shift", "blur"]).values
    array([[0.2, 0.5]])
    """
    array = labels.by_sample(pairs)
    places = Grouping.of(array, family, unions or {}).places
    means = [labels.mean(array.isel(condition=own), "condition") for own in places.values()]
    dims = ["family" if dim == "condition" else dim for dim in array.dims]
    return xr.concat(means, xr.IndexVariable("family", list(places))).transpose(*dims)


@dataclass(frozen=True)
class Draws:
    """How an interval is drawn."""

    resamples: int
    seed: int
    level: float


@dataclass(frozen=True)
class Grouping:
    """The positions of the conditions of each family, then of each union; and the families of each union."""

    places: dict[str, NDArray[np.intp]]
    unions: dict[str, list[str]]

    @staticmethod
    def of(array: xr.DataArray, family: Any, unions: Unions | None) -> "Grouping":
        """The grouping of an array's conditions; without unions, all families but "clean" are one."""
        families = labels.families(array, family)
        given: Unions = {ALL: labels.union(families, None)} if unions is None else unions
        for name in given:
            if name in families:
                raise ValueError(f"a family is called {name!r}, which here names a union of families. Rename one.")
        named = {name: labels.union(families, chosen) for name, chosen in given.items()}
        places = {name: labels.places(families, chosen) for name, chosen in named.items()}
        return Grouping(families | places, named)


def labels_along(array: xr.DataArray, given: Any, what: str) -> NDArray[Any]:
    """One text for each row of the array, from the name of a coordinate or from a list; ValueError where not so."""
    rows = str(array.dims[0])
    if isinstance(given, str) and (given not in array.coords or array[given].dims != (rows,)):
        raise ValueError(f"no coordinate {given!r} along {rows!r}. Pass the {what} as a list, one for each {rows}.")
    values = np.asarray(array[given] if isinstance(given, str) else given).astype(str)
    if values.shape != (array.sizes[rows],):
        raise ValueError(f"{values.shape} {what} for {array.sizes[rows]} rows of {rows!r}: give one each.")
    return values


def _aligned(arrays: Sequence[Array]) -> list[xr.DataArray]:
    labels.labelled(**{f"array {place}": array for place, array in enumerate(arrays)})
    tables = [labels.by_sample(array).compute() for array in arrays]  # once: each family reads them again
    rows = next((dim for dim in tables[0].dims if dim in ("sample", "image")), None)
    if rows is None or "condition" not in tables[0].dims:
        raise ValueError(f"an array has dimensions {tables[0].dims}; a table needs (sample or image, condition, ...).")
    first, *others = labels.aligned(**{f"array {place}": table for place, table in enumerate(tables)})
    first = first.transpose(rows, "condition", ...)
    return [first, *(other.transpose(*(dim for dim in first.dims if dim in other.dims), ...) for other in others)]


def _table(
    reduction: Reduction, tables: Sequence[xr.DataArray], images: NDArray[Any], grouping: Grouping, draws: Draws
) -> xr.Dataset:
    rows, index = str(tables[0].dims[0]), xr.IndexVariable("family", list(grouping.places))
    parts = [
        reduction.collapse(*(t.isel(condition=places) if "condition" in t.dims else t for t in tables))
        for places in grouping.places.values()
    ]
    counted = xr.concat([part.defined for part in parts], index).transpose(rows, ..., "family")
    undefined = xr.concat([part.undefined.sum(rows) for part in parts], index)
    bounds = (_pooled if reduction.pooled else _stacked)(reduction, parts, images, draws)
    if reduction.is_share:
        bounds = _few_by_wilson(bounds, counted.values > 0, images, draws.level)
    defined = counted.sum(rows)
    value = defined.expand_dims(bound=list(BOUNDS)).copy(data=bounds).transpose("family", ..., "bound")
    return xr.Dataset(
        {"value": value, "defined": defined.transpose("family", ...), "undefined": undefined},
        attrs={"unions": grouping.unions, "images": len(np.unique(images)), **asdict(draws)},
    )


def _stacked(reduction: Reduction, parts: Sequence[Collapsed], images: NDArray[Any], draws: Draws) -> Floats:
    """(bound, ..., family) where all families share their draws."""
    arrays: list[Floats] = []
    for same in zip(*(part.arrays for part in parts), strict=True):
        alike = all(one is same[0] for one in same)  # without conditions: one for all families
        arrays.append(same[0].values if alike else np.stack([one.values for one in same], axis=-1))
    return np.stack(bootstrap(reduction.statistic, *arrays, cluster=images, **asdict(draws)))


def _pooled(reduction: Reduction, parts: Sequence[Collapsed], images: NDArray[Any], draws: Draws) -> Floats:
    """(bound, family) of statistics that see every pair as a row of its own."""
    bounds: list[Floats] = []
    for part in parts:
        if not part.arrays[0].size:  # a union of none of the run's families
            bounds.append(np.full(len(BOUNDS), np.nan))
            continue
        flat = [array.values.reshape(-1) for array in part.arrays]
        cluster = np.repeat(images, part.arrays[0].sizes["condition"])
        bounds.append(np.stack(bootstrap(reduction.statistic, *flat, cluster=cluster, **asdict(draws))))
    return np.stack(bounds, axis=-1)


def _few_by_wilson(bounds: Floats, tried: NDArray[np.bool_], images: NDArray[Any], level: float) -> Floats:
    """Wilson's interval wherever fewer than `FEW` images have a trial: (bound, ...), tried (sample, ...)."""
    names, codes = np.unique(images, return_inverse=True)
    any_of_image = np.zeros((len(names), *tried.shape[1:]), np.bool_)
    np.logical_or.at(any_of_image, codes.reshape(-1), tried)
    among = any_of_image.sum(axis=0)
    low, high = wilson(bounds[0], among, level=level)
    return np.stack([bounds[0], np.where(among < FEW, low, bounds[1]), np.where(among < FEW, high, bounds[2])])
