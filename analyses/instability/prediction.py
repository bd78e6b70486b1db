"""Whether a number tells the pairs that flip: drift, margin erosion, change of energy, or a narrow clean margin.

Source: definitions, section 9.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr

from .. import labels, pairs
from ..labels import Array
from ..statistics.resampling import BOUNDS
from . import ranking

AREAS = ("auroc", "average_precision")


def predicts_flip(
    score: Array, flipped: Array, *, cluster: Any, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> xr.Dataset:
    """How well a score separates the pairs that flip from those that do not, with intervals by image.

    auroc = P(score of a flipped pair > score of another) + P(equal) / 2; average_precision = sum over the distinct
    scores, highest first, of (gain in recall) x precision. In: score (sample, condition, ...), also at several layers
    or sites, or (sample, ...) where it is the same for all conditions, as the clean margin is; a high score predicts
    a flip, so pass minus the margin. flipped (sample, condition) from `flips.flipped`; `cluster` the image of each
    sample, as the name of a coordinate or as labels. Out: Dataset (...) with auroc and average_precision in [0, 1],
    each with the percentile bounds `_low` and `_high` of the cluster bootstrap, and the counts `pairs` that went in,
    `flips` among them, and `undefined` ones left out. Chance is 0.5 for auroc and flips / pairs for average_precision.
    The clean condition is left out: it cannot flip. nan where all pairs flip or none does; draws in which that is so
    are left out; bounds are nan where a single image is left. Raises ValueError where labels differ.
    Source: Hanley & McNeil 1982; Field & Welsh 2007.

    >>> result = predicts_flip(np.array([0.9, 0.6, 0.6, 0.1]), np.array([1, 0, 1, 0]), cluster=["a", "a", "b", "b"])
    >>> float(result.auroc), round(float(result.average_precision), 3)   # 3.5 of 4 pairs; 1/2 x 1 + 1/2 x 2/3
    (0.875, 0.833)
    """
    values, verdict = _matched(score, flipped)
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a confidence level lies between 0 and 1, such as 0.95.")
    over = pairs.dims_of(verdict)
    by_name = isinstance(cluster, str) and cluster not in verdict.coords
    names, images = np.unique(pairs.images_of(values if by_name else verdict, cluster), return_inverse=True)
    image = np.repeat(images.reshape(-1), int(np.prod([verdict.sizes[dim] for dim in over[1:]])))

    def kernel(x: Any, flip: Any) -> Any:
        flat = [array.reshape(*array.shape[: -len(over)], -1) for array in (x, flip)]
        x, flip = np.broadcast_arrays(*flat)
        return ranking.intervals(x, flip, image, resamples=resamples, seed=seed, level=level)

    perturbed = ~(pairs.is_clean(values) | pairs.is_clean(verdict))
    known = values.notnull() & verdict.notnull()
    sizes = {"area": len(AREAS), "bound": len(BOUNDS)}
    areas = labels.apply(kernel, values, verdict.where(perturbed), core=[over, over], out=sizes, dtype=np.float64)
    table = {name: areas.isel(area=a, bound=b) for a, area in enumerate(AREAS) for b, name in enumerate(_bounds(area))}
    table["pairs"] = (known & perturbed).sum(over)
    table["flips"] = (known & perturbed & (verdict > 0)).sum(over)
    table["undefined"] = (~known & perturbed).sum(over)
    effort = {"images": len(names), "resamples": resamples, "seed": seed, "level": level}
    return xr.Dataset({name: array.drop_attrs(deep=False) for name, array in table.items()}, attrs=effort)


def predicts_flip_within(
    score: xr.DataArray,
    flipped: xr.DataArray,
    *,
    family: str = "family",
    cluster: Any = "image",
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """How well a score separates the pairs that flip, in each family of perturbations, and on average over families.

    Among the pairs of all families at once a score also tells weak families from strong ones; within a family it must
    tell samples. In: as `predicts_flip`, with the family of each condition as a coordinate. Out: Dataset auroc (family,
    ..., bound) and mean_auroc (..., bound), the mean over the families in which some pairs flip and some do not, all
    with percentile intervals by image. nan where no family has both. Source: Hanley & McNeil 1982.

    >>> along = {"family": ("condition", ["a", "b"]), "image": ("sample", list("wxyz"))}
    >>> flipped = xr.DataArray([[1, 0], [1, 1], [0, 0], [0, 1]], dims=("sample", "condition"), coords=along)
    >>> score = xr.DataArray([[9, 1], [8, 2], [7, 1], [6, 2]], dims=("sample", "condition"), coords=along)
    >>> predicts_flip_within(score, flipped).auroc.sel(bound="estimate").values   # both tell; pooled they would not
    array([1., 1.])
    """
    values, verdict = _matched(score, flipped)
    rows = pairs.dims_of(verdict)[0]
    middle = [name for name in values.dims if name not in (rows, pairs.CONDITION)]
    values = values.transpose(*middle, rows, pairs.CONDITION)
    verdict = verdict.transpose(rows, pairs.CONDITION)
    groups = {name: places for name, places in labels.families(verdict, family).items() if name != "clean"}
    names, codes = np.unique(pairs.images_of(verdict, cluster), return_inverse=True)
    shape = values.shape[: len(middle)]
    areas = np.full((*shape, len(groups) + 1, len(BOUNDS)), np.nan)
    for place in np.ndindex(shape):
        areas[place] = ranking.within(
            [values.values[place][:, own] for own in groups.values()],
            [verdict.values[:, own] for own in groups.values()],
            codes.reshape(-1), len(names), resamples=resamples, seed=seed, level=level,
        )  # fmt: skip
    coords = {name: coord for name, coord in values.coords.items() if coord.dims and set(coord.dims) <= set(middle)}
    dims = (*middle, "family", "bound")
    table = xr.DataArray(
        areas[..., :-1, :], dims=dims, coords={**coords, "family": list(groups), "bound": list(BOUNDS)}
    )
    whole = xr.DataArray(areas[..., -1, :], dims=(*middle, "bound"), coords={**coords, "bound": list(BOUNDS)})
    return xr.Dataset({"auroc": table.transpose("family", ...), "mean_auroc": whole})


def out_of_family(score: xr.DataArray, *, family: str = "family") -> xr.DataArray:
    """Each sample's mean score under all families but the one that a condition belongs to.

    What a score says beforehand of a perturbation that was not measured. In: score (sample, condition, ...), such as
    drift, with the family of each condition as a coordinate, without the clean one. Out: the same shape and unit; every
    family weighs the same. nan where no other family is defined.

    >>> dims, along = ("sample", "condition"), {"family": ("condition", ["a", "b", "c"])}
    >>> out_of_family(xr.DataArray([[1.0, 2.0, 6.0]], dims=dims, coords=along)).values
    array([[4. , 3.5, 1.5]])
    """
    groups = labels.families(score, family)
    if len(groups) < 2:
        return xr.full_like(score, np.nan, dtype=np.float64)
    means = [labels.mean(score.isel({pairs.CONDITION: places}), pairs.CONDITION) for places in groups.values()]
    by_group = xr.concat(means, "group")
    result = score.astype(np.float64).copy()
    for number, places in enumerate(groups.values()):
        others = by_group.isel(group=[other for other in range(len(groups)) if other != number])
        beside = labels.mean(others, "group")
        result[{pairs.CONDITION: places}] = beside.expand_dims({pairs.CONDITION: len(places)}).transpose(*result.dims)
    return result


def _matched(score: Array, flipped: Array) -> tuple[xr.DataArray, xr.DataArray]:
    if not labels.labelled(score=score, flipped=flipped):
        score, flipped = pairs.labelled("score", score), pairs.labelled("flipped", flipped)
    if pairs.CONDITION in flipped.dims and pairs.CONDITION not in score.dims:
        # what the score was selected by (condition="clean") would pass for the conditions that it is repeated over
        once = score.drop_vars([name for name in ("family", pairs.CONDITION) if name in score.coords])
        score = once.expand_dims({pairs.CONDITION: flipped.sizes[pairs.CONDITION]}, axis=-1)
    return pairs.matched("score", score, flipped)


def _bounds(area: str) -> tuple[str, str, str]:
    return area, f"{area}_low", f"{area}_high"
