"""Whether two quantities rise and fall together over the pairs of a family: a correlation as a `Reduction`.

A correlation depends on its pairs through sums alone, so that `by_family` draws images for many layers and families at
once. `correlation.pearson` is the same number.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

import numpy as np
import xarray as xr

from .reductions import Collapsed, Reduction
from .resampling import Floats, Statistic

LEAST = 3  # pairs; any two lie on a line
FLAT = 1e-12  # a spread below this share of the values is rounding


def _sums_of_pairs(x: xr.DataArray, y: xr.DataArray) -> Collapsed:
    known = x.notnull() & y.notnull()
    x, y = (_about_middle(array.astype(np.float64).where(known).transpose(*x.dims)) for array in (x, y))
    terms = (known.astype(np.float64), x, y, x * x, y * y, x * y)
    sums = tuple(term.where(known, 0.0).sum("condition") for term in terms)
    return Collapsed(sums, known.sum("condition"), (~known).sum("condition"))


def _about_middle(array: xr.DataArray) -> xr.DataArray:
    """About the family's mean and in shares of its spread, or the squares would cancel; nan where it does not vary."""
    if not array.sizes["condition"]:
        return array  # a union of none of the run's families
    over = list(array.dims[:2])
    away = array - array.mean(over)
    spread = abs(away).max(over)
    return away / spread.where(spread > FLAT * abs(array).max(over))


def _stacked(*sums: Floats) -> Floats:
    return np.stack(np.broadcast_arrays(*sums), axis=-1)


def _pearson(sums: Floats) -> Floats:
    count, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    n = np.where(count >= LEAST, count, np.nan)
    a, b = (np.where(square - sum_ * sum_ / n > FLAT * square, square - sum_ * sum_ / n, np.nan)
            for sum_, square in ((x, xx), (y, yy)))  # fmt: skip
    return np.clip((xy - x * y / n) / np.sqrt(a * b), -1.0, 1.0)


CORRELATION = Reduction(_sums_of_pairs, Statistic("pearson", _stacked, _pearson))
"""Pearson's r of two arrays (sample, condition, ...) over a family's pairs, those that have both; the second may lack
dimensions of the first. nan below three pairs and where a side does not vary."""
