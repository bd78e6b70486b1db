"""Flip thresholds: how much of the spectrum can go before the answer changes.

A sweep takes more and more of the picture away; the threshold is the first cutoff, in the order of the sweep, at which
the choice is another one. Its two ends are no part of it: one is the clean picture, and of the other (low-pass 0,
high-pass 1) a single frequency is left, a flat picture in which there is nothing to see. A choice that never changes
within the sweep has no threshold: it is censored, and a mean over the others would be one of the fragile alone.
The survival curves keep both, as the answers that are unchanged by each cutoff, and `median` says where half are.
Source: Wani et al. 2026, frequency suite; definitions, section 7.
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
        "(0, 1)",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "frequency.thresholds.high_pass",
        "Up to which frequencies can coarse structure go before the answer changes?",
        "cutoff, share of the highest frequency",
        "(0, 1)",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "frequency.thresholds.low_pass_survival",
        "Which answers are unchanged when fine structure is gone down to a cutoff?",
        "0 or 1",
        "0, 1",
    ),
    Card(
        "frequency.thresholds.high_pass_survival",
        "Which answers are unchanged when coarse structure is gone up to a cutoff?",
        "0 or 1",
        "0, 1",
    ),
    Card(
        "frequency.thresholds.median",
        "At which cutoff have half of the answers changed?",
        "cutoff, share of the highest frequency",
        "(0, 1)",
    ),
)

HALF = 0.5


def low_pass(flipped: Array, *, cutoff: Any = "cutoff", condition: str = "condition") -> Array:
    """The first cutoff at which the choice flips as fine structure goes: low-pass cutoffs from high to low.

    max of c with flipped(c) = 1, 0 < c < 1: what happens at still lower cutoffs does not count. In: flipped (sample,
    condition, ...), the conditions of one low-pass sweep, in any order; `cutoff` of each as a coordinate name or as a
    list; the clean picture (1) and the flat one (0) are left out. Out: (sample, ...), in (0, 1); high means fragile.
    nan where the choice never flips, and where a choice is undefined before its first flip, which may then have been
    the second. Labelled results tell these apart by the coordinates `never` (true where the whole sweep is defined and
    nothing flips) and `undefined` (the number of undefined choices). Raises ValueError for a condition without a cutoff
    and for two with the same. Source: Wani et al. 2026.

    >>> low_pass(np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]]), cutoff=[1.0, 0.5, 0.25, 0.0])
    array([0.5, nan])
    """
    return _threshold(flipped, cutoff, condition, slice(None, None, -1))


def high_pass(flipped: Array, *, cutoff: Any = "cutoff", condition: str = "condition") -> Array:
    """The first cutoff at which the choice flips as coarse structure goes: high-pass cutoffs from low to high.

    min of c with flipped(c) = 1, 0 < c < 1: what happens at still higher cutoffs does not count. In, nan, errors: as
    `low_pass`, for the conditions of one high-pass sweep; the clean picture is 0 here, and 1 keeps the one frequency of
    a chessboard of pixels, which on photographs rounds to black. Out: (sample, ...), in (0, 1); low means fragile.
    Source: Wani et al. 2026.

    >>> high_pass(np.array([[0.0, 1.0, 0.0, 1.0], [0.0, np.nan, 1.0, 1.0]]), cutoff=[0.0, 0.25, 0.5, 1.0])
    array([0.25,  nan])
    """
    return _threshold(flipped, cutoff, condition, slice(None))


def low_pass_survival(flipped: Array, *, cutoff: Any = "cutoff", condition: str = "condition") -> xr.DataArray:
    """Whether the choice has not flipped by each low-pass cutoff, counted from the clean picture on.

    1 where the threshold of `low_pass` lies below the cutoff or the choice never flips, 0 where it has flipped at this
    cutoff or before. In, errors: as `low_pass`. Out: DataArray (sample, ..., cutoff), cutoffs in the order of the sweep
    (from high to low), so that 1 turns to 0 once at most. nan throughout where a choice is undefined before its first
    flip: nobody knows when that was. The share of the answers that survive is the mean over samples, such as
    `statistics.by_family(statistics.SHARE, ...)` with a family for each cutoff. Source: this project; the curve is
    Kaplan and Meier's (1958) where all are followed to the same end.

    >>> low_pass_survival(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), cutoff=[0.6, 0.4, 0.2]).values
    array([[1., 0., 0.],
           [1., 1., 1.]])
    """
    return _survival(flipped, cutoff, condition, slice(None, None, -1))


def high_pass_survival(flipped: Array, *, cutoff: Any = "cutoff", condition: str = "condition") -> xr.DataArray:
    """Whether the choice has not flipped by each high-pass cutoff, counted from the clean picture on.

    As `low_pass_survival`, for the conditions of one high-pass sweep; cutoffs go from low to high.

    >>> high_pass_survival(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, np.nan]]), cutoff=[0.2, 0.4, 0.6]).values
    array([[ 1.,  0.,  0.],
           [nan, nan, nan]])
    """
    return _survival(flipped, cutoff, condition, slice(None))


def median(unchanged: xr.DataArray, *, dim: str = "cutoff") -> xr.DataArray:
    """The median threshold: the first cutoff at which no more than half of the answers are unchanged.

    In: the share that survives (..., cutoff), cutoffs in the order of the sweep, as from the mean of `survival`. Out:
    without the cutoffs, in (0, 1); nan where more than half are unchanged to the end, for then the median lies beyond
    it, and where a share is undefined. Read off the two ends of the shares' interval, it gives the two ends of its own.
    Source: Brookmeyer & Crowley 1982.

    >>> median(xr.DataArray([0.9, 0.5, 0.2], dims="cutoff", coords={"cutoff": [0.8, 0.5, 0.3]})).item()
    0.5
    """
    steps = layout.numbers(unchanged, dim)

    def kernel(share: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        crossed = np.where(np.isnan(share), np.nan, share <= HALF)
        return _first(crossed, steps)

    return labels.apply(kernel, unchanged, core=[[dim]], dtype=np.float64)


def _threshold(flipped: Array, cutoff: Any, condition: str, order: slice) -> Array:
    if not isinstance(flipped, xr.DataArray):
        table = labels.by_sample(flipped, condition=condition)
        return _threshold(table, cutoff, condition, order).values
    return _found(_sweep(flipped, cutoff, condition, order))


def _survival(flipped: Array, cutoff: Any, condition: str, order: slice) -> xr.DataArray:
    sweep = _sweep(labels.by_sample(flipped, condition=condition), cutoff, condition, order)
    first = _found(sweep)
    changed = (sweep == 1).cumsum("cutoff") > 0
    known = first.notnull() | first.never
    return (~changed).astype(np.float64).where(known).drop_vars(["never", "undefined"]).transpose(*sweep.dims)


def _sweep(flipped: xr.DataArray, cutoff: Any, condition: str, order: slice) -> xr.DataArray:
    # (..., cutoff) in the order of the sweep, its ends left out
    grid = layout.unfold(flipped, {"cutoff": cutoff}, condition=condition).drop_vars("measured")
    steps = layout.numbers(grid, "cutoff")
    return grid.isel(cutoff=np.flatnonzero((steps > 0) & (steps < 1))).isel(cutoff=order)


def _found(sweep: xr.DataArray) -> xr.DataArray:
    steps = layout.numbers(sweep, "cutoff")
    result = labels.apply(partial(_first, steps=steps), sweep, core=[["cutoff"]], dtype=np.float64)
    never = (sweep == 0).all("cutoff") & bool(len(steps))
    return result.assign_coords(never=never, undefined=sweep.isnull().sum("cutoff"))


def _first(flipped: NDArray[np.floating[Any]], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    # (..., cutoff) in the order of the sweep -> (...)
    if not len(steps):
        return np.full(flipped.shape[:-1], np.nan)
    stops = flipped != 0  # nan stops the sweep too: nobody knows whether it flips there
    place = stops.argmax(axis=-1)
    flips = np.take_along_axis(flipped, place[..., None], axis=-1)[..., 0] > 0
    return np.where(flips, steps[place], np.nan)
