"""Whether two quantities rise and fall together over the pairs of a family: a correlation as a `Reduction`.

A correlation depends on its pairs through sums alone, so that `by_family` draws images for many layers and families at
once. `correlation.pearson` is the same number.
"""

import numpy as np
from numpy.typing import NDArray

from .reductions import Collapsed, Reduction
from .resampling import Floats, Statistic

LEAST = 3  # pairs; any two lie on a line
FLAT = 1e-12  # a spread below this share of the values is rounding


def _sums_of_pairs(members: Floats, x: Floats, y: Floats) -> Collapsed:
    parts = [_of_family(*(array[:, held > 0] for array in np.broadcast_arrays(x, y))) for held in members]
    sums, known, missing = (
        [np.stack(each, axis=-1) for each in zip(*of_parts, strict=True)]
        for of_parts in zip(*((sums, (known,), (missing,)) for sums, known, missing in parts), strict=True)
    )
    return Collapsed(tuple(sums), known[0], missing[0])


def _of_family(x: Floats, y: Floats) -> tuple[tuple[Floats, ...], NDArray[np.int64], NDArray[np.int64]]:
    """(sample, ...) sums of one family's pairs (sample, condition, ...), and how many are defined and undefined."""
    known = ~(np.isnan(x) | np.isnan(y))
    a, b = (_about_middle(np.where(known, values, np.nan)) for values in (x, y))
    terms = (known.astype(np.float64), a, b, a * a, b * b, a * b)
    sums = tuple(np.where(known, term, 0.0).sum(axis=1) for term in terms)
    return sums, known.sum(axis=1), (~known).sum(axis=1)


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
