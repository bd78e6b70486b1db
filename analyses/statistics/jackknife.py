"""Intervals of numbers that are no mean over images, from what they are without each image in turn."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

import numpy as np
import xarray as xr
from scipy.special import stdtrit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from .resampling import BOUNDS


def jackknife(
    estimate: xr.DataArray, left_out: xr.DataArray, *, dim: str = "left_out", level: float = 0.95
) -> xr.DataArray:
    """A number of all images with the interval that leaving each of them out implies.

    estimate +- t (n - 1) sqrt((n - 1) / n sum (x_i - mean x)^2), x_i the number without image i. For what is made from
    pairs or from the layout of all images at once, such as a kernel alignment, where a bootstrap would hold the same
    image twice. In: estimate (...), left_out (..., `dim`), an entry for each image. Out: (..., bound), bounds estimate,
    low and high, in the number's unit; no range is kept. Low and high are nan where the estimate or one of the entries
    is, and below two images. Raises ValueError where the dimensions differ. Source: Efron & Stein 1981, with Student's
    t at (images - 1) degrees of freedom.

    >>> x = xr.DataArray([1.0, 2.0, 6.0], dims="left_out")
    >>> means = (x.sum() - x) / 2
    >>> jackknife(x.mean(), means).values.round(3)   # that of a mean: 3 +- 4.303 sqrt(7 / 3)
    array([ 3.   , -3.572,  9.572])
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a confidence level lies between 0 and 1, such as 0.95.")
    if dim not in left_out.dims or set(left_out.dims) - {dim} != set(estimate.dims):
        raise ValueError(f"estimate has {estimate.dims} and left_out {left_out.dims}: it needs {dim!r} beside them.")
    values = left_out.transpose(*estimate.dims, dim).values.astype(np.float64)
    count = values.shape[-1]
    half = np.full(values.shape[:-1], np.nan)
    if count > 1:
        away = values - values.mean(axis=-1, keepdims=True)
        quantile = float(stdtrit(count - 1, (1 + level) / 2))  # pyright: ignore[reportUnknownArgumentType]
        half = quantile * np.sqrt((count - 1) / count * (away**2).sum(axis=-1))
    middle = estimate.values.astype(np.float64)
    bounds = np.stack([middle, middle - half, middle + half], axis=-1)
    coords = {name: coord for name, coord in estimate.coords.items() if name != "bound"}
    return xr.DataArray(bounds, dims=(*estimate.dims, "bound"), coords={**coords, "bound": list(BOUNDS)})
