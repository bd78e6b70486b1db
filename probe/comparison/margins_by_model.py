"""Quantiles of the clean margins of each run's model."""

import numpy as np
import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Chart, Column
from .compared import Comparison


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(run, quantile, bound) margins of the clean choice on clean images [nats], runs from small to large."""
    if not all(member.evidence.has_scores for member in comparison.members):
        return None
    found = statistics.bounds(comparison.margin_quantiles).transpose("run", "quantile", "bound")
    order = np.lexsort((comparison.names, [member.parameters for member in comparison.members]))
    return comparison.table(margin=found.isel(run=order))


def figure(data: xr.Dataset) -> "Chart | None":
    """Quantiles of the margins of each run's model."""
    from ..figures import intervals

    return intervals.chart(
        {str(name): data.margin.sel(quantile=name) for name in data["quantile"].values.tolist()},
        along="run",
        axis="margin on clean images [nats]",
        about="Quantiles of the margins on clean images by model, with 95 % intervals.",
        reference=0,
    )


ANALYSIS = Analysis(
    name="margins_by_model",
    title="Margins on clean images by model, nats",
    meaning="Quantiles over the questions of the choice's log-likelihood over the best other option, and their mean.",
    needs=(),
    compute=compute,
    columns=(Column("margin", "{quantile}"),),
    finding=lambda data: (),
    figure=figure,
    rows="run",
)
