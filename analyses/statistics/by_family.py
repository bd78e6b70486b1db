"""One table for every quantity: what it comes to under each family of perturbations, with an interval by image.

A `Reduction` says how the pairs of a family (sample, condition) become one number; `by_family` applies it to every
family and to named unions of families, counts what is defined, and draws whole images for the interval. This is the one
place where pairs are reduced over samples. Definitions, sections 4 and 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the arguments of `compute` and the types inside coordinates open.

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..kernels.blas import one_thread
from ..labels import Array
from . import extremes, rates
from .reductions import Collapsed, Reduction, sample_means
from .resampling import BOUNDS, Floats, Statistic, cluster_sums, percentiles, redrawn

ALL = "all perturbations"
"""The union of all families but "clean", where no other union is named."""

CELLS = 2**22
"""Pairs that are reduced at once: some ten arrays of 32 MB are made of them. More layers come one after another."""

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
    with `within`, a dimension of that name in front. `above_others` and `below_others` (family, ..., bound) say how far
    a family lies above the highest, and below the lowest, other family of the last union, with the images drawn again
    for both at once (`leads`); nan for families outside of it. `mean_of_families` (family, ..., bound) is, of unions,
    the mean of their families' values, in which a family of many conditions weighs no more than another. The attribute
    `unions` lists the families of each. nan where no pair is defined; low and high are nan for a single image, but
    those of shares, which carry Wilson's interval on the effective number of trials (`rate`). Raises ValueError where
    labels do not fit, for a union of an unknown family and for one with a family's name. Source: Field & Welsh 2007;
    Korn & Graubard 1998; definitions, section 15.

    >>> from analyses.statistics import MEAN
    >>> moved = np.array([[0.0, 0.2, 0.4], [0.0, 0.4, np.nan]])
    >>> table = by_family(MEAN, moved, family=["clean", "blur", "blur"], image=["a", "b"])
    >>> round(table.value.sel(family="blur", bound="estimate").item(), 3)   # mean of 0.3 and 0.4
    0.35
    >>> table.undefined.sel(family="blur").item()
    1
    """
    tables = _aligned(arrays)
    images = labels.along(tables[0], image, "image labels")
    grouping = Grouping.of(tables[0], family, unions)
    draws = Draws(resamples, seed, level)
    if within is None:
        return _table(reduction, tables, images, grouping, draws)
    values, rows = labels.along(tables[0], within, "values to tell samples apart by"), tables[0].dims[0]
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
    grouping = Grouping.of(array, family, unions or {})
    axis = array.dims.index("condition")
    values = np.moveaxis(np.asarray(array.values, np.float64), axis, 1 if array.ndim > 1 else 0)
    lone = array.ndim == 1  # conditions of no sample
    means = sample_means(grouping.holds, values[None] if lone else values)
    means = np.moveaxis(means[0] if lone else means, -1, axis)
    dims = ["family" if dim == "condition" else dim for dim in array.dims]
    kept = {name: coord for name, coord in array.coords.items() if "condition" not in coord.dims}
    return xr.DataArray(means, dims=dims, coords={**kept, "family": list(grouping.places)})


Drawn = tuple[Floats, Floats]
"""Estimates (...) and draws (draw, ...)."""


@dataclass(frozen=True)
class Draws:
    """How an interval is drawn."""

    resamples: int
    seed: int
    level: float


@dataclass(frozen=True)
class Grouping:
    """The positions of the conditions of each family, then of each union; and the families of each union.

    The families of the last union, or else all but "clean", are those that are set against each other.
    """

    places: dict[str, NDArray[np.intp]]
    unions: dict[str, list[str]]

    @property
    def is_ranked(self) -> NDArray[np.bool_]:
        """(family) whether a family, or union, is one of those that are set against each other."""
        last = list(self.unions.values())[-1] if self.unions else [name for name in self.places if name != "clean"]
        return np.isin(list(self.places), last)

    @property
    def holds(self) -> Floats:
        """(family, condition) 1 where a family, or union, has a condition."""
        size = 1 + max((int(own.max()) for own in self.places.values() if own.size), default=-1)
        return np.array([np.isin(np.arange(size), own) for own in self.places.values()], np.float64)

    @property
    def members(self) -> Floats:
        """(family, family) 1 where a union, in its row, holds a family; rows of families are empty."""
        held = [np.isin(list(self.places), self.unions.get(name, [])) for name in self.places]
        return np.array(held, np.float64).reshape(len(self.places), len(self.places))

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
    first, (rows, _, *trailing) = tables[0], tables[0].dims
    if trailing and first.size > CELLS and not reduction.pooled and first.sizes[trailing[0]] > 1:
        parts = [_table(reduction, part, images, grouping, draws) for part in _parts(tables, trailing[0])]
        return xr.concat(parts, trailing[0], coords="minimal", compat="override", combine_attrs="override")
    # labels were compared: from here on arrays are bare, which saves most of the time
    collapsed = reduction.collapse(grouping.holds, *(_bare(table, first.dims) for table in tables))
    estimate, drawn = (_pooled if reduction.pooled else _stacked)(reduction, collapsed, images, grouping, draws)
    if reduction.is_share:
        sums = _sums_of_images(reduction, collapsed, images)
        bounds, means = (
            _shares(sums, draws.level),
            _shares(_weighing_families_alike(sums, grouping.members), draws.level),
        )
    else:
        over, over_drawn = (_mean_over(values, grouping.members) for values in (estimate, drawn))
        bounds, means = percentiles(estimate, drawn, draws.level), percentiles(over, over_drawn, draws.level)
    sides = extremes.of_draws(estimate, drawn, grouping.is_ranked, level=draws.level)
    made: dict[str, Any] = {
        name: (("family", *trailing, "bound"), np.moveaxis(values, -2, 0))
        for name, values in zip(("value", "mean_of_families", *extremes.SIDES), (bounds, means, *sides), strict=True)
    }
    for name, counts in (("defined", collapsed.defined), ("undefined", collapsed.undefined)):
        made[name] = ("family", *trailing), np.moveaxis(counts.sum(axis=0), -1, 0)
    kept = {name: coord for name, coord in first.coords.items() if not {rows, "condition"} & set(coord.dims)}
    return xr.Dataset(
        made,
        coords={**kept, "family": list(grouping.places), "bound": list(BOUNDS)},
        attrs={"unions": grouping.unions, "images": len(np.unique(images)), **asdict(draws)},
    )


def _parts(tables: Sequence[xr.DataArray], dim: Any) -> Iterator[list[xr.DataArray]]:
    """The tables in parts along a dimension, each of about `CELLS` numbers; what lacks it serves all."""
    length = tables[0].sizes[dim]
    step = max(1, CELLS * length // tables[0].size)
    for start in range(0, length, step):
        places = {dim: slice(start, start + step)}
        yield [table.isel(places) if dim in table.dims else table for table in tables]


def _bare(table: xr.DataArray, dims: Sequence[Any]) -> Floats:
    """The values of a table along these dimensions, with a single entry along one that it has not."""
    values = np.asarray(table.transpose(*(dim for dim in dims if dim in table.dims), ...).values, np.float64)
    shape = [table.sizes[dim] if dim in table.dims else 1 for dim in dims]
    return values.reshape(*shape, *values.shape[sum(dim in table.dims for dim in dims) :])


def _stacked(
    reduction: Reduction, collapsed: Collapsed, images: NDArray[Any], grouping: Grouping, draws: Draws
) -> Drawn:
    """(..., family) and (draw, ..., family) where all families share their draws."""
    return redrawn(reduction.statistic, list(collapsed.arrays), images, draws.resamples, draws.seed)


def _pooled(
    reduction: Reduction, collapsed: Collapsed, images: NDArray[Any], grouping: Grouping, draws: Draws
) -> Drawn:
    """(family) and (draw, family) of statistics that see every pair as a row of its own."""
    estimates = np.full(len(grouping.places), np.nan)
    drawn = np.full((draws.resamples, len(estimates)), np.nan)
    for place, own in enumerate(grouping.places.values()):
        if own.size and len(images):  # else a union of none of the run's families
            flat = [array[:, own].reshape(-1) for array in collapsed.arrays]
            cluster = np.repeat(images, len(flat[0]) // len(images))
            estimates[place], drawn[:, place] = redrawn(reduction.statistic, flat, cluster, draws.resamples, draws.seed)
    return estimates, drawn


def _sums_of_images(reduction: Reduction, collapsed: Collapsed, images: NDArray[Any]) -> Floats:
    """(image, ..., family, 2): trials and cases of each image."""
    if not isinstance(reduction.statistic, Statistic):
        raise TypeError(f"{reduction.statistic}: a share is a statistic of sums of trials and cases.")
    names, codes = np.unique(images, return_inverse=True)
    return cluster_sums(reduction.statistic.moments(*collapsed.arrays), codes.reshape(-1), len(names))


def _shares(sums: Floats, level: float) -> Floats:
    """(..., family, bound) of a share, from the sums over the images."""
    return np.stack(rates.of_clusters(sums[..., 1], sums[..., 0], level=level), axis=-1)


def _weighing_families_alike(sums: Floats, members: Floats) -> Floats:
    """As the sums, (image, ..., row, 2), of each row of `members` over its families, whose trials come to 1 each."""
    total = sums[..., 0].sum(axis=0)
    each = sums / np.where(total > 0, total, 1.0)[..., None]  # a family without a trial adds nothing
    return np.einsum("rf,...fm->...rm", members, each)


@one_thread()
def _mean_over(values: Floats, members: Floats) -> Floats:
    """(..., family) -> (..., row) mean over the defined families of each row of `members`; nan where there is none."""
    known = ~np.isnan(values)
    count = known.astype(np.float64) @ members.T
    return (np.where(known, values, 0.0) @ members.T) / np.where(count > 0, count, np.nan)
