"""Quantiles of the clean margins of each run's model."""

import numpy as np
import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Column
from .compared import Comparison


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(run, quantile, bound) margins of the clean choice on clean images [nats], runs from small to large."""
    if not all(member.evidence.has_options for member in comparison.members):
        return None
    found = statistics.bounds(comparison.margin_quantiles).transpose("run", "quantile", "bound")
    order = np.lexsort((comparison.names, [member.parameters for member in comparison.members]))
    return comparison.table(margin=found.isel(run=order))


ANALYSIS = Analysis(
    name="margins_by_model",
    title="Margins on clean images by model, nats",
    meaning="Quantiles over the questions of the choice's log-likelihood over the best other option, and their mean.",
    needs=(),
    compute=compute,
    columns=(Column("margin", "{quantile}"),),
    finding=lambda data: (),
    rows="run",
)
