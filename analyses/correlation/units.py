"""The units of a correlation: which pairs along a dimension count, and how many units an interval needs.

The clean condition is no unit: its drop, drift and rate of flips are 0 by construction, and the point (0, 0) makes
quantities correlate that have nothing to do with each other. Definitions, section 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# xarray's stubs leave the types inside coordinates open.

from statistics import NormalDist

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import stdtrit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

FEWEST = 5
"""Units below which there is no interval: of fewer, too many draws are points on one line."""


def perturbed(dim: str, *arrays: xr.DataArray) -> NDArray[np.intp]:
    """The places along `dim` that are not clean, by the conditions' names or families in any of the arrays.

    >>> drop = xr.DataArray([0.0, 0.1], dims="condition", coords={"condition": ["clean", "fog"]})
    >>> perturbed("condition", drop)
    array([1])
    """
    clean = np.zeros(arrays[0].sizes[dim], np.bool_)
    for array in arrays:
        for name in ("condition", "family"):
            if name in array.coords and array[name].dims == (dim,):
                clean |= array[name].values.astype(object) == "clean"
    return np.flatnonzero(~clean)


def expanded(level: float, units: int) -> float:
    """The level at which the percentiles of few units cover what `level` promises; nan below `FEWEST` units.

    Percentiles of a bootstrap are too narrow by about sqrt((n - 1) / n) and know no t: their normal quantile becomes
    sqrt(n / (n - 1)) t(n - 1). Source: Hesterberg 2015, expanded percentile interval.

    >>> round(expanded(0.95, 9), 4), round(expanded(0.95, 1000), 4), expanded(0.95, 4)
    (0.9856, 0.9504, nan)
    """
    if units < FEWEST:
        return float("nan")
    quantile = float(stdtrit(units - 1, (1 + level) / 2))  # pyright: ignore[reportUnknownArgumentType]
    return 2 * NormalDist().cdf(quantile * (units / (units - 1)) ** 0.5) - 1
