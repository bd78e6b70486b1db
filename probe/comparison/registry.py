"""The studies of a comparison, in the order in which a reader meets them, and their results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import xarray as xr

from ..results import Result
from ..results.analysis import Analysis
from . import (
    by_model,
    clean_accuracy,
    corruption_errors,
    drift_differences,
    effect_size_differences,
    ever_flip_differences,
    flip_differences,
    margin_differences,
    margins_by_model,
    mce_by_model,
    mean_corruption_errors,
    severity_crossovers,
    transitions,
)
from .compared import Comparison

STUDIES: Mapping[str, Analysis] = MappingProxyType(
    {
        module.ANALYSIS.name: module.ANALYSIS
        for module in (
            by_model,
            margins_by_model,
            mce_by_model,
            clean_accuracy,
            mean_corruption_errors,
            corruption_errors,
            severity_crossovers,
            transitions,
            flip_differences,
            ever_flip_differences,
            drift_differences,
            effect_size_differences,
            margin_differences,
        )
    }
)


@dataclass(frozen=True)
class Study:
    """The numbers of one study: of all runs, or of all pairs along `pair`."""

    analysis: Analysis
    data: xr.Dataset

    @property
    def name(self) -> str:
        """The study's name."""
        return self.analysis.name

    def results(self) -> Iterator[tuple[str, Result]]:
        """The tables: one under the name of each pair, or one of all runs under "".

        As a kept comparison holds it, `data` gives the same tables again.
        """
        if "pair" not in self.data.dims:
            yield "", Result(self.analysis, self.data)
            return
        for pair in self.data.pair.values.tolist():
            yield pair, Result(self.analysis, of_pair(self.data, pair))


def of_pair(data: xr.Dataset, pair: str) -> xr.Dataset:
    """The part of one pair, with what its attributes say of it."""
    return data.sel(pair=pair, drop=True).assign_attrs(data.attrs["by_pair"][pair])


def studies(comparison: Comparison) -> tuple[Study, ...]:
    """All that the runs allow."""
    made = ((analysis, analysis.compute(comparison)) for analysis in STUDIES.values())
    return tuple(Study(analysis, data) for analysis, data in made if data is not None)
