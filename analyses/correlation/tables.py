"""Tables of correlations: every quality against every measure, with intervals, and p-values that know how many."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from .. import labels
from ..statistics.resampling import BOUNDS, Floats
from ..statistics.significance import benjamini_hochberg
from . import pairwise
from .units import perturbed

Entry = Any
"""Values along `dim`: an array, or a Dataset from `resampled` (estimate and draws)."""


@dataclass(frozen=True)
class _Effort:
    resamples: int
    permutations: int
    seed: int
    level: float


def table(
    qualities: Mapping[str, Entry],
    measures: Mapping[str, Entry],
    *,
    dim: str = "condition",
    resamples: int = 2000,
    permutations: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """Correlation of every quality with every measure, such as the drop of mIoU with that of HR, COR and SMR.

    Two readings. Across conditions the conditions are the unit: each draw is another set of them. Entries are arrays,
    or come from `resampled`, one number per condition made from all images; then a draw of conditions has the numbers
    of a draw of images, so that the interval knows both (it errs on the wide side: what images do to each condition
    alone also spreads the conditions). Across images (`dim="image"`), one correlation per condition: arrays (image,
    condition); each image is drawn for itself. The attributes say the `unit` and what is `redrawn`. What is "clean"
    along `dim`, by a coordinate `condition` or `family`, is left out, as in `pearson`.
    In: entries with the same dimensions and labels, all arrays (bare ones along `dim` alone) or all from `resampled`.
    Out: Dataset over (quality, measure, ...): pearson and spearman (..., bound) in [-1, 1], their p and p_adjusted
    (..., coefficient) in [0, 1], n the defined pairs and undefined those left out. Intervals as `interval`, p as
    `permutation`; p_adjusted is Benjamini-Hochberg's over all p of the table. nan below three pairs and where a side
    does not vary; no interval below five. Raises ValueError where dimensions, labels or the drawn images differ.
    Source: Cheng, section 3.6; Benjamini & Hochberg 1995.

    >>> drop = {"miou": np.array([0.0, 0.1, 0.3, 0.5])}
    >>> result = table(drop, {"HR": np.array([0.1, 0.2, 0.4, 0.6]), "COR": np.array([0.9, 0.9, 0.9, 0.9])})
    >>> result.pearson.sel(bound="estimate").values.round(3)   # a line, and no spread
    array([[ 1., nan]])
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a confidence level lies between 0 and 1, such as 0.95.")
    effort = _Effort(resamples, permutations, seed, level)
    entries = _entries(qualities, measures, dim)
    rows = [
        xr.concat([_pair(entries[_quality(q)], entries[_measure(m)], dim, effort) for m in measures], "measure")
        for q in qualities
    ]
    result = xr.concat(rows, "quality").assign_coords(quality=list(qualities), measure=list(measures))
    adjusted = result["p"].copy(deep=False, data=benjamini_hochberg(result["p"].values))
    drawn = next(iter(entries.values()))
    redrawn = [dim, "image"] if "draws" in drawn else [dim]
    attrs = {"unit": dim, "redrawn": redrawn, "along": dim, "level": level, "permutations": permutations}
    attrs["resamples"] = drawn.sizes["draw"] if "draws" in drawn else resamples
    return result.assign(p_adjusted=adjusted).assign_attrs({**attrs, "seed": seed})


def _entries(qualities: Mapping[str, Entry], measures: Mapping[str, Entry], dim: str) -> dict[str, xr.Dataset]:
    if not qualities or not measures:
        raise ValueError(
            f"{len(qualities)} qualities and {len(measures)} measures: a table needs one of each at least."
        )
    given = {_quality(name): entry for name, entry in qualities.items()}
    given |= {_measure(name): entry for name, entry in measures.items()}
    plain = [name for name, entry in given.items() if not isinstance(entry, xr.Dataset)]
    if plain and len(plain) < len(given):
        raise ValueError(
            f"{', '.join(plain)}: no draws, beside entries from `resampled`. Pass all of them from `resampled`."
        )
    if plain:
        labels.labelled(**given)
        given = {name: xr.Dataset({"estimate": _array(name, entry, dim)}) for name, entry in given.items()}
    for name, entry in given.items():
        if "estimate" not in entry or dim not in entry["estimate"].dims:
            raise ValueError(f"{name} has no values along {dim!r}, but {dict(entry.sizes)}. Name yours with `dim=`.")
    first, *others = given
    for name in others:
        _require_alike(first, given[first], name, given[name])
    kept = perturbed(dim, *(entry["estimate"] for entry in given.values()))
    return {name: entry.isel({dim: kept}) for name, entry in given.items()}


def _quality(name: str) -> str:
    return f"quality {name!r}"


def _measure(name: str) -> str:
    return f"measure {name!r}"


def _pair(x: xr.Dataset, y: xr.Dataset, dim: str, effort: _Effort) -> xr.Dataset:
    dims = [name for name in x["estimate"].dims if name != dim]
    a, b = (entry["estimate"].transpose(*dims, dim).values for entry in (x, y))
    n = pairwise.count(a, b)
    p = [
        pairwise.p_values(method, a, b, permutations=effort.permutations, seed=effort.seed)
        for method in pairwise.METHODS
    ]
    coords = {name: coord for name, coord in x["estimate"].coords.items() if coord.dims and dim not in coord.dims}
    return xr.Dataset(
        {
            **{method: ((*dims, "bound"), _bounds(method, x, y, dim, effort)) for method in pairwise.METHODS},
            "p": ((*dims, "coefficient"), np.stack(p, axis=-1)),
            "n": (dims, n),
            "undefined": (dims, a.shape[-1] - n),
        },
        coords={**coords, "bound": list(BOUNDS), "coefficient": list(pairwise.METHODS)},
    )


def _bounds(method: str, x: xr.Dataset, y: xr.Dataset, dim: str, effort: _Effort) -> Floats:
    dims = [name for name in x["estimate"].dims if name != dim]
    a, b = (entry["estimate"].transpose(*dims, dim).values for entry in (x, y))
    if "draws" not in x:
        return pairwise.intervals(method, a, b, None, resamples=effort.resamples, seed=effort.seed, level=effort.level)
    drawn = (entry["draws"].transpose("draw", *dims, dim).values for entry in (x, y))
    return pairwise.redrawn(method, a, b, *drawn, seed=effort.seed, level=effort.level)


def _array(name: str, entry: Any, dim: str) -> xr.DataArray:
    if isinstance(entry, xr.DataArray):
        return entry.compute()
    values = np.asarray(entry, np.float64)
    if values.ndim != 1:
        raise ValueError(
            f"{name} is a bare array of shape {values.shape}: only values along {dim!r} can go without labels."
        )
    return xr.DataArray(values, dims=[dim])


def _require_alike(name: str, entry: xr.Dataset, other: str, against: xr.Dataset) -> None:
    first, second = entry["estimate"], against["estimate"]
    if set(first.dims) != set(second.dims):
        raise ValueError(
            f"{name} has dimensions {first.dims} and {other} {second.dims}: a table needs the same in all."
        )
    labels.aligned(**{name: first, other: second})
    if "draws" in entry:
        origins = [
            one.coords["resampled_from"].item() if "resampled_from" in one.coords else None for one in (entry, against)
        ]
        if origins[0] is None or origins[0] != origins[1] or entry.sizes["draw"] != against.sizes["draw"]:
            raise ValueError(
                f"{name} is drawn from {origins[0] or 'several'} and {other} from {origins[1] or 'several'}: "
                "draw by draw they must hold the same images. Redraw both from the same images, with one seed."
            )
