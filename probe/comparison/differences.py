"""Differences of paired runs: draw by draw for the interval, images swapped for the p-value, adjusted over a table."""

import warnings
from collections.abc import Callable

import numpy as np
import xarray as xr

from analyses import statistics
from analyses.corruption import SmallDenominator

P, ADJUSTED = "_p", "_adjusted_p"
"""Ends of the names of p-values, and of those adjusted over the whole table."""

LEVEL = 0.05


def derived(function: Callable[..., xr.DataArray], *numbers: xr.Dataset) -> xr.Dataset:
    """A function of numbers, estimate by estimate and draw by draw.

    In: Datasets estimate (...) and draws (draw, ...). Out: the same. Small denominators are said of the estimates; a
    draw with one is undefined, and left out of the interval.
    """
    estimate = function(*(each["estimate"] for each in numbers))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallDenominator)
        draws = function(*(each["draws"] for each in numbers))
    return xr.Dataset({"estimate": _bare(estimate), "draws": _bare(draws)})


def _bare(values: xr.DataArray) -> xr.DataArray:
    """Without coordinates that are no dimensions, such as what a draw's number is undefined for."""
    return values.drop_vars([name for name in values.coords if name not in values.dims])


def bounds(numbers: xr.Dataset) -> xr.DataArray:
    """(..., bound) estimate, low and high."""
    return statistics.bounds(numbers).reset_coords(drop=True)


def swapped(differences: xr.DataArray, *, seed: int) -> xr.DataArray:
    """(...) p of sums of paired differences (sample, ...), with the image of each sample: `statistics.swapped_p`."""
    rows = differences.transpose("sample", ...)
    p = statistics.swapped_p(rows.values, cluster=rows.image.values, seed=seed)
    return rows.isel(sample=0, drop=True).reset_coords(drop=True).copy(deep=False, data=np.asarray(p))


def exchanged(
    statistic: statistics.Statistic, aligned: tuple[xr.DataArray, ...], base: tuple[xr.DataArray, ...], *, seed: int
) -> xr.DataArray:
    """(...) p of a difference in a statistic of arrays (sample, ...), images as labels: `statistics.exchanged_p`."""
    one, other = ([array.transpose("sample", ...) for array in arrays] for arrays in (aligned, base))
    values = ([array.values for array in arrays] for arrays in (one, other))
    p = statistics.exchanged_p(statistic, *values, cluster=one[0].image.values, seed=seed)
    return one[0].isel(sample=0, drop=True).reset_coords(drop=True).copy(deep=False, data=np.asarray(p))


def shares_of_sum(values: xr.DataArray) -> xr.DataArray:
    """What each sample adds to the mean over the samples that are defined: (sample, ...), summing to the mean.

    0 for an undefined sample; nan where all are.
    """
    defined = values.notnull()
    count = defined.sum("sample")
    return values.where(defined, 0.0) / count.where(count > 0)


def adjusted(data: xr.Dataset) -> xr.Dataset:
    """The table with every p-value in it adjusted for all of them, as one set of tests (Benjamini & Hochberg 1995)."""
    names = [str(name) for name in data.data_vars if str(name).endswith(P) and not str(name).endswith(ADJUSTED)]
    if not names:
        return data
    flat = np.concatenate([data[name].values.reshape(-1) for name in names])
    found, start = statistics.benjamini_hochberg(flat), 0
    made: dict[str, xr.DataArray] = {}
    for name in names:
        values = data[name]
        made[name.removesuffix(P) + ADJUSTED] = values.copy(
            data=found[start : start + values.size].reshape(values.shape)
        )
        start += values.size
    tests = int(np.isfinite(flat).sum())
    return data.assign(made).assign_attrs(tests=tests, tests_said=f"{tests} test{'' if tests == 1 else 's'}")
