"""Drift of both models of a pair as an effect size: Cohen's d against each model's own control."""

from collections.abc import Sequence

import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Chart
from ..results.sentences import Sentence
from . import families
from .compared import Comparison
from .drift_differences import on_control


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, family, bound) Cohen's d of drift against control, of both models and the difference; p (pair, family)."""
    return on_control(comparison, statistics.cohen_d)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Nothing: how far states move is said of drift in %."""
    return ()


def figure(data: xr.Dataset) -> "Chart | None":
    """The difference by family."""
    from ..figures import intervals

    return intervals.chart(
        {"": data.difference},
        along="family",
        axis="Cohen's d of drift, aligned − base [standard deviations]",
        about="Cohen's d of drift, aligned − base, by family, with 95 % intervals.",
        unions=data.attrs["unions"],
        reference=0,
    )


ANALYSIS = Analysis(
    name="effect_size_differences",
    title="Drift as an effect size (Cohen's d)",
    meaning="Drift minus control in pooled standard deviations: below 0, states stay nearer than unrelated ones. "
    + families.MEANING,
    needs=(),
    compute=compute,
    columns=families.columns(digits=2),
    finding=finding,
    figure=figure,
)
