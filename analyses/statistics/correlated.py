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
    like = x.isel(condition=[]).sum("condition")  # (sample, ...)
    a, b = (np.asarray(array.values, np.float64) for array in (x, y.broadcast_like(x).transpose(*x.dims)))
    known = ~(np.isnan(a) | np.isnan(b))
    a, b = (_about_middle(np.where(known, values, np.nan)) for values in (a, b))
    terms = (known.astype(np.float64), a, b, a * a, b * b, a * b)
    sums = (np.where(known, term, 0.0).sum(axis=1) for term in terms)
    counts = (like.copy(deep=False, data=each.sum(axis=1)) for each in (known, ~known))
    return Collapsed(tuple(like.copy(deep=False, data=each) for each in sums), *counts)


def _about_middle(values: Floats) -> Floats:
    """About the family's mean and in shares of its spread, or the squares would cancel; nan where it does not vary."""
    known = ~np.isnan(values)
    count = known.sum(axis=(0, 1))
    away = values - np.where(known, values, 0.0).sum(axis=(0, 1)) / np.maximum(count, 1)
    spread, seen = (np.where(known, np.abs(each), 0.0).max(axis=(0, 1), initial=0.0) for each in (away, values))
    return away / np.where(spread > FLAT * seen, spread, np.nan)


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
