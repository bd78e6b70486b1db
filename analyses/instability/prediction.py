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
        flat = [np.asarray(array, np.float64).reshape(*array.shape[: -len(over)], -1) for array in (x, flip)]
        x, flip = np.broadcast_arrays(*flat)
        return ranking.intervals(x, flip, image, resamples=resamples, seed=seed, level=level)

    perturbed = ~(pairs.is_clean(values) | pairs.is_clean(verdict))
    known = values.notnull() & verdict.notnull()
    sizes = {"area": len(AREAS), "bound": len(BOUNDS)}
    areas = labels.apply(kernel, values, verdict.where(perturbed), core=[over, over], out=sizes, dtype=np.float64)
    table = {name: areas.isel(area=a, bound=b) for a, area in enumerate(AREAS) for b, name in enumerate(_bounds(area))}
    table["pairs"] = (known & perturbed).sum(over)
    table["flips"] = (verdict.where(known & perturbed) > 0).sum(over)
    table["undefined"] = (~known & perturbed).sum(over)
    effort = {"images": len(names), "resamples": resamples, "seed": seed, "level": level}
    return xr.Dataset({name: array.drop_attrs(deep=False) for name, array in table.items()}, attrs=effort)


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
