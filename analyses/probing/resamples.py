"""The AUROC of probes, and what it would be had other images been held out.

Source: Hanley & McNeil 1982; Field & Welsh 2007; definitions, sections 13 and 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr

from .. import control_sampling, labels
from ..instability.ranking import Ranked
from ..statistics.resampling import all_draws
from .probe_data import images_of


def resampled_auroc(
    scores: xr.DataArray,
    present: xr.DataArray,
    *,
    image: Any = "image",
    resamples: int = 2000,
    seed: int = 0,
    sample_dim: str = "auto",
) -> xr.Dataset:
    """The AUROC of held-out log-odds over all images, and over each set of images that the bootstrap draws.

    In: scores (sample or image, ..., class) from `probe_scores`, present (sample or image, class); `image` of each
    sample, a coordinate name of present or a list. Out: Dataset estimate (..., class) and draws (draw, ..., class), in
    [0, 1], 0.5 for nothing read; those of scores of the same images and seed belong draw to draw, as `statistics.leads`
    compares them. The probes are held as they are: it is the images to be read that are drawn, not those learnt from.
    nan where all samples have the class or none has it. Raises ValueError where labels differ.

    >>> scores = xr.DataArray([[2.0], [1.0], [3.0], [-1.0]], dims=("image", "class"), coords={"image": list("abcd")})
    >>> result = resampled_auroc(scores, scores.copy(deep=False, data=[[1], [1], [0], [0]]), resamples=5)
    >>> result.estimate.values, result.draws.sizes["draw"]   # 2 of 4 pairs in order
    (array([0.5]), 5)
    """
    said, there = labels.aligned(scores=scores, present=present)
    rows = control_sampling.sample_dim_of(there, sample_dim)
    names, codes = np.unique(images_of(there, image, rows), return_inverse=True)
    weights = np.concatenate([np.ones((1, len(names)), np.uint8), all_draws(len(names), resamples, seed)])

    def kernel(values: Any, wanted: Any) -> Any:
        # (sample) twice -> (1 + draw)
        defined = ~(np.isnan(values) | np.isnan(wanted))
        if not defined.any():
            return np.full(len(weights), np.nan)
        ranked = Ranked.of(values[defined], wanted[defined] > 0, codes.reshape(-1)[defined])
        return ranked.areas(weights)[:, 0]

    each = np.vectorize(kernel, otypes=[np.float64], signature="(s),(s)->(d)")
    areas = labels.apply(each, said, there, core=[[rows], [rows]], out={"draw": len(weights)}, dtype=np.float64)
    areas = areas.transpose("draw", *(dim for dim in said.dims if dim != rows)).reset_coords(drop=True)
    drawn = areas.isel(draw=slice(1, None))
    return xr.Dataset({"estimate": areas.isel(draw=0), "draws": drawn if len(names) > 1 else drawn * np.nan})
