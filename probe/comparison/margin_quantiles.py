"""Quantiles of the margins of many runs' questions, with images drawn for all runs at once."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses.statistics.resampling import redrawn

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MEAN = "mean"
ROWS = (*(f"{quantile:.0%}" for quantile in QUANTILES), MEAN)
"""What a distribution of margins is told by."""


def described(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """(sample, …) -> (row, …) the quantiles and the mean of the defined margins.

    >>> described(np.array([1.0, 2.0, 6.0])).round(2).tolist()
    [1.1, 1.5, 2.0, 4.0, 5.6, 3.0]
    """
    known = margins[~np.isnan(margins).reshape(len(margins), -1).any(axis=1)]
    if not len(known):
        return np.full((len(ROWS), *margins.shape[1:]), np.nan)
    return np.concatenate([np.quantile(known, QUANTILES, axis=0), known.mean(axis=0, keepdims=True)])


def quantiles(margins: xr.DataArray, *, seed: int) -> xr.Dataset:
    """(sample, run) margins, with the image of each sample -> estimate (quantile, run) and 2,000 draws."""
    table = margins.transpose("sample", "run")
    estimate, draws = redrawn(described, [table.values], table.image.values, 2000, seed)
    labels = {"quantile": list(ROWS), "run": table.run.values}
    numbers = {"estimate": (("quantile", "run"), estimate), "draws": (("draw", "quantile", "run"), draws)}
    return xr.Dataset(numbers, coords=labels)
