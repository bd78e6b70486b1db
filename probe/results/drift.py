"""How far states move at every stored site and layer, on the scale of unrelated inputs."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import drift, statistics
from analyses.control_sampling import SAMPLINGS

from .analysis import Analysis, Column
from .evidence import Evidence
from .sentences import estimate

OTHER_SAMPLE, SAME_PROMPT, _ = SAMPLINGS
"""Another image and question (HI); another image with the same question."""


def compute(evidence: Evidence) -> xr.Dataset:
    """(site_layer, family, bound) drift, also (control) in % of three controls and in their standard deviations."""
    data = xr.concat([at_site(evidence, site) for site in evidence.run.sites], "site_layer", join="outer")
    return data.assign_attrs(site_layer=evidence.primary)


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """Everything about one site, for each layer."""
    moved, clean = evidence.drift(site), evidence.clean_states(site)
    means = evidence.by_family(statistics.MEAN, moved)
    scales = [on_control(evidence, moved, clean, sampling) for sampling in SAMPLINGS]
    data = xr.Dataset({"drift": means.value, "defined": means.defined, "undefined": means.undefined})
    longer = evidence.split(drift.euclidean(clean, evidence.states(site)))
    data = data.assign(euclidean=evidence.values(statistics.MEAN, longer))
    data = data.merge(xr.concat(scales, xr.IndexVariable("control", list(SAMPLINGS))))
    return evidence.by_site_layer(data, site)


def on_control(evidence: Evidence, moved: xr.DataArray, clean: xr.DataArray, sampling: str) -> xr.Dataset:
    """Drift in % of a control and in its standard deviations; nan where no other sample can be drawn."""
    pairs = drift.control_pairs(clean, sampling=sampling, seed=evidence.seed)
    control = drift.control(clean, sampling=sampling, seed=evidence.seed)
    averaged = statistics.per_sample(moved, unions=evidence.unions)
    return xr.Dataset(
        {
            "percent": evidence.values(statistics.PERCENT, moved, control),
            "cohen_d": evidence.values(statistics.COHEN_D, moved, control),
            "cohen_d_unaveraged": drift.relative(averaged, pairs).cohen_d,
            "percent_sd": drift.relative(averaged, control).percent_sd,
            "control_drift": control.mean("sample"),
        }
    )


def finding(data: xr.Dataset) -> Sequence[str]:
    """Where in the model the perturbations move states farthest, on the scale of another image."""
    scale = data.percent.sel(family=statistics.ALL, control=OTHER_SAMPLE)
    values = scale.sel(bound="estimate")
    if not np.isfinite(values).any():
        return ()
    farthest = int(values.argmax("site_layer", skipna=True))
    return (
        f"States move farthest at {data.site_layer.values[farthest]}: {estimate(scale[farthest], 1)} % of the distance "
        "between unrelated samples, over all perturbations.",
    )


ANALYSIS = Analysis(
    name="drift",
    title="Drift at {site_layer}",
    meaning="100 %: as far as unrelated clean states lie apart. Every stored layer is in the data.",
    needs=("states",),
    compute=compute,
    columns=(
        Column("drift", "1 - cosine", digits=4),
        Column("percent", "of another sample", unit="%", digits=1, at={"control": OTHER_SAMPLE}),
        Column("percent", "of another image, same question", unit="%", digits=1, at={"control": SAME_PROMPT}),
        Column("cohen_d", "Cohen's d", at={"control": OTHER_SAMPLE}),
    ),
    finding=finding,
    hidden_rows=("clean",),
)
