"""Cross-frequency coherence: whether the samples that coarse noise hurts are those that fine noise hurts.

Wani et al. 2026 name the idea and give no formula; this one is this project's own. Definitions, section 7.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import xarray as xr

from .. import correlation
from ..cards import Card
from ..labels import Array
from . import sensitivity

CARDS = (
    Card(
        "frequency.coherence.cross_frequency",
        "Do the samples that coarse noise hurts suffer from fine noise too (ours: the paper gives no formula)?",
        "correlation",
        "[-1, 1]",
    ),
)


def cross_frequency(
    erosion: Array,
    *,
    epsilon: Any = "epsilon",
    band: Any = "band",
    between: tuple[str, str] = ("low", "high"),
    cluster: Any = "image",
    sample: str = "sample",
    condition: str = "condition",
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.DataArray:
    """Correlation, over samples, of the margin erosion under noise of two bands, at each epsilon. Ours.

    Pearson's r of (erosion under low, erosion under high) at equal epsilon, with a bootstrap interval by image. In:
    margin erosion (sample, condition, ...), the conditions of `band_noise`, with the `epsilon` and the `band` of each
    and the image of each sample (`cluster`) as coordinate names or as lists. Out: DataArray (..., epsilon, bound),
    bounds estimate, low, high in [-1, 1]: 1 means that both bands hurt the same samples, in proportion, 0 that the one
    says nothing about the other. Coordinates `n`, the samples whose erosion is defined under both, and `undefined`,
    those left out. nan below 3 samples, where an erosion does not vary, and where a band was not run at that epsilon.
    Raises ValueError for a band that is not there, and as `sensitivity.slope`. Source: this project; Wani et al. 2026
    name it.

    >>> import numpy as np
    >>> erosion = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    >>> result = cross_frequency(erosion, epsilon=[4, 4], band=["low", "high"], cluster=["a", "b", "c"], resamples=100)
    >>> result.sel(epsilon=4, bound="estimate").item() > 0.999, result.n.values
    (True, array([3]))
    """
    grid = sensitivity.by_band(erosion, epsilon=epsilon, band=band, condition=condition).drop_vars("measured")
    unknown = [name for name in between if name not in grid.band.values]
    if unknown or len(set(between)) != 2:
        bands = ", ".join(map(str, grid.band.values))
        raise ValueError(f"between={between!r}: name two different bands of those that were run: {bands}.")
    first, second = (grid.sel(band=name, drop=True) for name in between)
    result: xr.DataArray = correlation.interval(
        first, second, dim=sample, cluster=cluster, method="pearson", resamples=resamples, seed=seed, level=level
    )
    return result.assign_coords(undefined=grid.sizes[sample] - result.n).assign_attrs(between=list(between))
