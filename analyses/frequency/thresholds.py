"""Flip thresholds: how much of the spectrum can go before the answer changes.

A sweep takes more and more of the picture away; the threshold is the first cutoff, in the order of the sweep, at which
the choice is another one. Source: Wani et al. 2026, frequency suite; definitions, section 7.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates open.

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
        "frequency.thresholds.low_pass",
        "Down to which frequencies can fine structure go before the answer changes?",
        "cutoff, share of the highest frequency",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "frequency.thresholds.high_pass",
        "Up to which frequencies can coarse structure go before the answer changes?",
        "cutoff, share of the highest frequency",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
)


def low_pass(flipped: Array, *, cutoff: Any = "cutoff", condition: str = "condition") -> Array:
    """The first cutoff at which the choice flips as fine structure goes: low-pass cutoffs from high (1) to low (0).

    max of c with flipped(c) = 1: what happens at still lower cutoffs does not count. In: flipped (sample, condition,
    ...), the conditions of one low-pass sweep, in any order; `cutoff` of each as a coordinate name or as a list. Out:
    (sample, ...), in [0, 1]; high means fragile. nan where the choice never flips, and where a choice is undefined
    before its first flip, which may then have been the second. Labelled results tell these apart by the coordinates
    `never` (true where the whole sweep is defined and nothing flips) and `undefined` (the number of undefined choices).
    Raises ValueError for a condition without a cutoff and for two with the same. Source: Wani et al. 2026.

    >>> low_pass(np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]), cutoff=[1.0, 0.5, 0.25, 0.0])
    array([0.5, nan])
    """
    return _threshold(flipped, cutoff, condition, slice(None, None, -1))


def high_pass(flipped: Array, *, cutoff: Any = "cutoff", condition: str = "condition") -> Array:
    """The first cutoff at which the choice flips as coarse structure goes: high-pass cutoffs from low (0) to high (1).

    min of c with flipped(c) = 1: what happens at still higher cutoffs does not count. In, nan, errors: as `low_pass`,
    for the conditions of one high-pass sweep. Out: (sample, ...), in [0, 1]; low means fragile. Source: Wani et al.
    2026.

    >>> high_pass(np.array([[0.0, 1.0, 0.0, 1.0], [0.0, np.nan, 1.0, 1.0]]), cutoff=[0.0, 0.25, 0.5, 1.0])
    array([0.25,  nan])
    """
    return _threshold(flipped, cutoff, condition, slice(None))


def _threshold(flipped: Array, cutoff: Any, condition: str, order: slice) -> Array:
    if not isinstance(flipped, xr.DataArray):
        table = labels.by_sample(flipped, condition=condition)
        return _threshold(table, cutoff, condition, order).values
    sweep = layout.unfold(flipped, {"cutoff": cutoff}, condition=condition).isel(cutoff=order)
    steps = layout.numbers(sweep, "cutoff")
    result = labels.apply(partial(_first, steps=steps), sweep, core=[["cutoff"]], dtype=np.float64)
    return result.assign_coords(never=(sweep == 0).all("cutoff"), undefined=sweep.isnull().sum("cutoff"))


def _first(flipped: NDArray[np.floating[Any]], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    # (..., cutoff) in the order of the sweep -> (...)
    stops = flipped != 0  # nan stops the sweep too: nobody knows whether it flips there
    place = stops.argmax(axis=-1)
    flips = np.take_along_axis(flipped, place[..., None], axis=-1)[..., 0] > 0
    return np.where(flips, steps[place], np.nan)
