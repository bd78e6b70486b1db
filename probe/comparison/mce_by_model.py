"""mCE of each run's model against one reference for all (Mireku et al., Table 3)."""

import numpy as np
import xarray as xr

from analyses import corruption

from ..results.analysis import Analysis, Chart, Column
from .compared import Comparison
from .differences import bounds, derived


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(run, dataset, bound) mCE, mCR; (run, dataset, corruption, bound) CE, relative CE; runs from small to large."""
    if comparison.global_ce is None:
        return None
    order = np.lexsort((comparison.names, [member.parameters for member in comparison.members]))
    mce = comparison.with_macro(derived(corruption.mce, comparison.global_ce))
    made = {
        "mce": bounds(mce),
        "mcr": bounds(derived(corruption.mcr, mce)),
        "ce": bounds(comparison.with_macro(comparison.global_ce)),
    }
    if comparison.global_relative_ce is not None:
        made["relative_ce"] = bounds(comparison.with_macro(comparison.global_relative_ce))
    return comparison.table(**{name: values.isel(run=order) for name, values in made.items()})


def figure(data: xr.Dataset) -> "Chart | None":
    """mCE of each run's model."""
    from ..figures import bars

    return bars.chart(
        data.mce,
        along="run",
        series="dataset",
        axis="mCE [1: as the reference]",
        about="Mean corruption error by model and dataset, with 95 % intervals.",
        reference=1,
    )


ANALYSIS = Analysis(
    name="mce_by_model",
    title="Mean corruption error by model, against {reference}",
    meaning="mCE, below 1 where the model errs less under corruption than {reference}; macro: mean of the datasets. "
    "mCR = 1 - mCE, and each corruption's CE and relative CE, are in the data.",
    needs=(),
    compute=compute,
    columns=(Column("mce", "{dataset}"),),
    finding=lambda data: (),
    figure=figure,
    rows="run",
)
