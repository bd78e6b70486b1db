"""Spectral sensitivity: how fast a sample moves, or loses its lead, as noise of one band of frequency grows.

Source: Wani et al. 2026, frequency suite; definitions, section 7.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates and `astype` open.

from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels, papers
from ..cards import Card
from ..labels import Array
from . import layout

CARDS = (
    Card(
        "frequency.sensitivity.slope",
        "How much drift or margin erosion does noise in each band cause per unit of its power?",
        "unit of the response per squared epsilon",
        "(-inf, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
)


def slope(
    response: Array, *, epsilon: Any = "epsilon", band: Any = "band", condition: str = "condition"
) -> xr.DataArray:
    """Least-squares slope of a response against the power of band noise, epsilon^2, for each sample and band.

    b = sum (p - mean p)(r - mean r) / sum (p - mean p)^2, p = epsilon^2, over the band's conditions: the slope of a
    line with an intercept. Clean is no point of it: its response is 0 by definition, for every model, and was not
    measured. In: drift or margin erosion (sample, condition, ...), the conditions of `band_noise` alone, with the
    `epsilon` and the `band` of each as coordinate names or as lists. Out: DataArray (sample, ..., band), bands in order
    of first appearance, float64, in the unit of the response per squared epsilon (per squared level of 255, as the
    family gives it); 0 means insensitive. The coordinate `points` counts the epsilons that a fit rests on: undefined
    pairs are left out, and fewer than 2 give nan. Raises ValueError for a condition without epsilon or band, for two of
    one epsilon in a band, and for a negative epsilon. epsilon is the noise's largest value; its mean square is some
    0.06 epsilon^2 at 64 x 64 px and 0.04 epsilon^2 at 512 x 512, in either band: compare pictures of like size.
    Source: Wani et al. 2026.

    >>> result = slope(np.array([[1.0, 4.0, 3.0, 3.0]]), epsilon=[1, 2, 1, 2], band=["low", "low", "high", "high"])
    >>> result.sel(band=["low", "high"]).values   # (4 - 1) / (4 - 1); no change
    array([[1., 0.]])
    """
    grid = by_band(response, epsilon=epsilon, band=band, condition=condition)
    power = layout.numbers(grid, "epsilon") ** 2
    result = labels.apply(partial(_slope, power=power), grid, core=[["epsilon"]], dtype=np.float64)
    return result.assign_coords(points=grid.notnull().sum("epsilon"))


def by_band(
    response: Array, *, epsilon: Any = "epsilon", band: Any = "band", condition: str = "condition"
) -> xr.DataArray:
    """Responses to band noise laid out by band and epsilon: what `slope` fits and `coherence` compares.

    In, errors: as `slope`. Out: DataArray (sample, ..., band, epsilon), epsilons ascending; nan where the run has no
    such condition (the coordinate `measured` is false) and where the response is undefined.

    >>> by_band(np.array([[0.5, 0.25, 1.0]]), epsilon=[2, 1, 2], band=["low", "low", "high"]).values
    array([[[0.25, 0.5 ],
            [ nan, 1.  ]]])
    """
    grid = layout.unfold(response, {"band": band, "epsilon": epsilon}, condition=condition)
    if (layout.numbers(grid, "epsilon") < 0).any():
        raise ValueError(f"epsilon={grid.epsilon.values.min()}: the largest change of a pixel is not negative.")
    return grid


def _slope(response: NDArray[np.floating[Any]], power: NDArray[np.float64]) -> NDArray[np.float64]:
    # (..., epsilon) -> (...)
    values = response.astype(np.float64)
    defined = ~np.isnan(values)
    count = np.maximum(defined.sum(axis=-1, keepdims=True), 1)

    def centred(x: NDArray[np.float64]) -> NDArray[np.float64]:
        kept = np.where(defined, x, 0.0)
        return np.where(defined, kept - kept.sum(axis=-1, keepdims=True) / count, 0.0)

    with np.errstate(invalid="ignore"):  # nan is meant: 0 / 0 below 2 powers, inf - inf for an infinite response
        away = centred(power)
        return (away * centred(values)).sum(axis=-1) / (away**2).sum(axis=-1)
