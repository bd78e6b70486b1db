"""Severities: error tables laid out along them, and where two models change places.

Source: Mireku et al., accuracy by severity; definitions, section 11.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array
from .error_tables import beside, comparable, levels, named, require_shares

EVEN = 1e-9
"""Errors closer than this are equal but for rounding."""


def unfold(
    array: Array, *, family: Any = "family", severity: Any = "severity", condition: str = "condition"
) -> xr.DataArray:
    """Values by condition laid out by corruption and severity: `condition` becomes (corruption, severity), last.

    In: (..., condition), with the family and the severity of each condition as coordinate names or as lists. Conditions
    without a severity (-1 or nan) and clean (0) have no place in the layout: `clean` goes in apart. Out: DataArray
    (..., corruption, severity), corruptions in order of first appearance, severities ascending; nan where the run has
    no such condition, and the attribute `missing` counts those places. Raises ValueError for two conditions in one
    place and where no condition has a severity.

    >>> table = unfold(np.array([0.1, 0.2, 0.4]), family=["clean", "fog", "fog"], severity=[-1, 1, 3])
    >>> table.severity.values, table.sel(corruption="fog").values
    (array([1., 3.]), array([0.2, 0.4]))
    """
    table = array if isinstance(array, xr.DataArray) else named(array, condition)
    groups = labels.families(table, family, condition)
    if isinstance(severity, str) and severity not in table.coords:
        raise ValueError(f"no coordinate {severity!r}. Pass the severity of each {condition} as a list, or assign it.")
    given = np.asarray(table[severity] if isinstance(severity, str) else severity, np.float64)
    if given.shape != (table.sizes[condition],):
        raise ValueError(f"{given.shape} severities for {table.sizes[condition]} conditions: give one each.")
    groups = {name: places[given[places] > 0] for name, places in groups.items() if (given[places] > 0).any()}
    if not groups:
        raise ValueError("no condition has a severity above 0: there is nothing to lay out.")
    steps = np.unique(given[given > 0])
    index = np.full((len(groups), len(steps)), -1)
    for row, (name, places) in enumerate(groups.items()):
        column = np.searchsorted(steps, given[places])
        if len(np.unique(column)) < len(column):
            raise ValueError(f"{name} has two conditions of one severity. Select one of them first.")
        index[row, column] = places
    place = xr.DataArray(index, dims=("corruption", "severity"))
    bare = table.drop_vars([name for name, coord in table.coords.items() if condition in coord.dims])
    laid = (bare if bare.dtype.kind == "f" else bare.astype(np.float64)).isel({condition: place}).where(place >= 0)
    result = laid.transpose(..., "corruption", "severity").assign_coords(corruption=list(groups), severity=steps)
    return result.drop_attrs(deep=False).assign_attrs(missing=int((index < 0).sum()))


def severity_curve(
    error: Array, clean_error: Array, *, severity: str = "severity", corruption: str = "corruption"
) -> Array:
    """How the error grows from clean on: the clean error put before the others, as severity 0.

    In: error (..., corruption, severity), clean_error without these two. Out: as error, with one severity more; a share
    in [0, 1]; nan stays nan. Bare arrays have corruption and severity last. Raises ValueError where labels differ,
    where severities have no numbers, and where 0 is among them. Source: Mireku et al., Figure 5.

    >>> severity_curve(np.array([[0.2, 0.5], [0.3, 0.4]]), np.array(0.1))
    array([[0.1, 0.2, 0.5],
           [0.1, 0.3, 0.4]])
    """
    if not labels.labelled(error=error, clean_error=clean_error):
        table = _counted(error, corruption, severity)
        return severity_curve(table, named(clean_error), severity=severity, corruption=corruption).values
    if (levels("error", error, severity) == 0).any():
        raise ValueError("error has a severity 0 already: that is clean.")
    clean = beside("clean_error", clean_error, "error", error, severity, corruption)
    require_shares(error=error, clean_error=clean)
    first = clean.broadcast_like(error.isel({severity: 0}, drop=True)).expand_dims({severity: [0]})
    whole = xr.concat([first, error.astype(np.float64)], severity, coords="minimal", compat="override", join="exact")
    return whole.transpose(*error.dims).drop_attrs(deep=False)


def advantage(aligned_error: Array, base_error: Array) -> Array:
    """By how much alignment lowers the error: error of the base model - error of the aligned one.

    In: two tables of one shape. Out: the same, difference of shares in [-1, 1]; positive where the aligned model errs
    less. nan where either error is. Raises ValueError where labels differ. Source: Mireku et al., Table 6.

    >>> advantage(np.array([0.5, 0.75]), np.array([0.75, 0.5]))
    array([ 0.25, -0.25])
    """
    if not labels.labelled(aligned_error=aligned_error, base_error=base_error):
        return advantage(named(aligned_error), named(base_error)).values
    aligned, base = comparable(aligned_error=aligned_error, base_error=base_error)
    require_shares(aligned_error=aligned, base_error=base)
    return (base - aligned).transpose(*aligned.dims).drop_attrs(deep=False)


def crossover_severity(aligned_error: Array, base_error: Array, *, severity: str = "severity") -> Array:
    """The severity at which the model that was better at first becomes the worse one.

    With the sign of `advantage` at the lowest severity at which the two errors differ, it is the first severity with
    the opposite sign. Equal errors have no sign: catching up is no crossover. Severities go by their numbers, whatever
    their order. In: two tables (..., severity). Out: without `severity`, in severities; nan where they never change
    places, and where an error is undefined, which the coordinate `undefined` counts: without it a crossover may be the
    second one. Bare arrays have severity last, numbered from 1. Raises ValueError where labels differ and where
    severities have no numbers. Source: Mireku et al., "severity-dependent reversal"; the rule for equal errors is ours.

    >>> base, aligned = np.array([[0.8, 0.7, 0.5], [0.5, 0.7, 0.6]]), np.array([[0.5, 0.7, 0.7], [0.4, 0.6, 0.6]])
    >>> crossover_severity(aligned, base)   # base - aligned: 0.3, 0, -0.2; 0.1, 0.1, 0
    array([ 3., nan])
    """
    if not labels.labelled(aligned_error=aligned_error, base_error=base_error):
        tables = _counted(aligned_error, severity), _counted(base_error, severity)
        return crossover_severity(*tables, severity=severity).values
    steps = levels("aligned_error", aligned_error, severity)
    gap = advantage(aligned_error, base_error).isel({severity: np.argsort(steps)})
    steps = np.sort(steps)
    result = labels.apply(lambda one: _crossover(one, steps), gap, core=[[severity]], dtype=np.float64)
    return result.assign_coords(undefined=gap.isnull().sum(severity))


def _crossover(gap: NDArray[np.float64], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    # (..., severity) -> (...)
    if not len(steps):
        return np.full(gap.shape[:-1], np.nan)
    sign = np.where(np.abs(gap) > EVEN, np.sign(gap), 0.0)
    first = np.take_along_axis(sign, (sign != 0).argmax(axis=-1)[..., None], axis=-1)
    opposite = sign * first < 0
    found = opposite.any(axis=-1) & ~np.isnan(gap).any(axis=-1)
    return np.where(found, steps[opposite.argmax(axis=-1)], np.nan)


def _counted(array: Any, *dims: str) -> xr.DataArray:
    table = named(array, *dims)
    return table.assign_coords({dims[-1]: np.arange(1, table.sizes[dims[-1]] + 1)})
