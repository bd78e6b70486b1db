"""Numbers by family of perturbations of two runs, and their difference with interval and p."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from analyses import statistics

from ..results.analysis import Column
from ..results.sentences import Number, Sentence, said, say
from .compared import Comparison
from .differences import LEVEL, P, bounds, derived
from .shared import CLEAN


def places_of(comparison: Comparison, pairs: xr.DataArray, *, clean: bool = False) -> dict[str, xr.DataArray]:
    """The part of (sample, condition, …) pairs of each family, then of each union; of clean only where asked."""
    names = [name for name in dict.fromkeys(pairs.family.values.tolist()) if clean or name != CLEAN]
    held = {name: [name] for name in names} | comparison.unions
    return {name: pairs.isel(condition=np.isin(pairs.family.values, families)) for name, families in held.items()}


def totals(comparison: Comparison, happened: xr.DataArray, *, clean: bool = False) -> tuple[xr.DataArray, xr.DataArray]:
    """(sample, family) how often something happened, and among how many pairs, of each family and union."""
    parts = places_of(comparison, happened, clean=clean)
    index = xr.IndexVariable("family", list(parts))
    cases = xr.concat([part.sum("condition") for part in parts.values()], index)
    trials = xr.concat([part.notnull().sum("condition") for part in parts.values()], index)
    return cases.transpose("sample", ...), trials.transpose("sample", ...).astype(np.float64)


def ever(comparison: Comparison, happened: xr.DataArray) -> xr.DataArray:
    """(sample, family) 1 where something happened under a condition of the family, nan where none is defined."""
    parts = places_of(comparison, happened)
    found = [
        part.max("condition") if part.sizes["condition"] else part.sum("condition") * np.nan for part in parts.values()
    ]
    return xr.concat(found, xr.IndexVariable("family", list(parts))).transpose("sample", ...)


def portions(cases: xr.DataArray, trials: xr.DataArray) -> xr.DataArray:
    """(sample, family) what each sample adds to the share cases / trials of all samples; nan without a trial."""
    whole = trials.sum("sample")
    return cases / whole.where(whole > 0)


@dataclass(frozen=True)
class OfRun:
    """A run's number by family: its estimate and draws, and with the interval as it is shown, (family, bound)."""

    drawn: xr.Dataset
    shown: xr.DataArray


def of_pairs(
    comparison: Comparison, numbers: Callable[[str], OfRun], tested: Callable[[str, str], xr.DataArray]
) -> dict[str, xr.DataArray]:
    """(pair, family, bound) a number of both runs of each pair and the difference, and p (pair, family).

    `numbers` makes a run's number from its name, with the same images drawn for each run; `tested` the p of the
    aligned against the base run.
    """
    paired = dict.fromkeys(run for pair in comparison.pairs for run in (pair.base, pair.aligned))
    made = {run: numbers(run) for run in paired}
    parts: dict[str, list[xr.DataArray]] = {}
    for pair in comparison.pairs:
        base, aligned = made[pair.base], made[pair.aligned]
        found = {
            "base": base.shown,
            "aligned": aligned.shown,
            "difference": bounds(derived(lambda a, b: a - b, aligned.drawn, base.drawn)),
            f"difference{P}": tested(pair.aligned, pair.base),
        }
        for key, values in found.items():
            parts.setdefault(key, []).append(values)
    index = xr.IndexVariable("pair", [pair.name for pair in comparison.pairs])
    return {key: xr.concat(values, index) for key, values in parts.items()}


MEANING = "Difference: aligned - base, images drawn for both at once. p: images swap sides; adjusted for {tests_said}."
"""What every table of differences says of its columns."""


def columns(*, digits: int, scale: float = 1.0) -> tuple[Column, ...]:
    """The columns of a table of what `of_pairs` gives."""
    numbers = (Column(name, name, digits=digits, scale=scale) for name in ("base", "aligned", "difference"))
    return (*numbers, Column("difference_p", "p", digits=3), Column("difference_adjusted_p", "adjusted p", digits=3))


def finding(
    data: xr.Dataset, text: str, verdicts: tuple[str, str, str], *, digits: int, scale: float = 1.0
) -> tuple[Sentence, ...]:
    """What the difference over all perturbations comes to: a verdict for more, for less, and for neither."""
    over_all = data.sel(family=statistics.ALL)
    more, less, neither = verdicts
    told = bool(over_all.difference_adjusted_p < LEVEL)
    return said(
        say(
            data,
            text,
            verdict=(more if over_all.difference[0] > 0 else less) if told else neither,
            aligned=data.attrs["aligned"],
            base=data.attrs["base"],
            difference=Number(over_all.difference.values, digits, scale, signed=True),
        )
    )


def share(comparison: Comparison, happened: xr.DataArray) -> OfRun:
    """The share of pairs (sample, condition) in which something happened."""
    drawn = resampled(comparison, statistics.ratio, *totals(comparison, happened))
    return OfRun(drawn, shown(comparison, statistics.SHARE, happened).sel(family=drawn.family.values))


def shown(comparison: Comparison, reduction: statistics.Reduction, *pairs: xr.DataArray) -> xr.DataArray:
    """(family, bound) a quantity of one run under each family and union."""
    return statistics.by_family(reduction, *pairs, unions=comparison.unions, seed=comparison.seed).value


def resampled(comparison: Comparison, statistic: statistics.Statistic, *arrays: xr.DataArray) -> xr.Dataset:
    """Estimate and draws, with images drawn as for every other number of the comparison."""
    return statistics.resampled(statistic, *arrays, seed=comparison.seed).drop_vars("resampled_from")


def concatenated(tables: Mapping[str, xr.Dataset], dim: str) -> xr.Dataset:
    """Tables by name along one dimension."""
    return xr.concat(list(tables.values()), xr.IndexVariable(dim, list(tables)), combine_attrs="override")
