"""How far states move at every stored site and layer, on the scale of unrelated inputs."""

from collections.abc import Sequence

import xarray as xr

from analyses import drift, statistics
from analyses.control_sampling import SAMPLINGS

from .analysis import Analysis, Chart, Column
from .evidence import Evidence
from .sentences import Number, Sentence, highest, said, say


def compute(evidence: Evidence) -> xr.Dataset:
    """(site_layer, family, bound) drift, also (control, metric) in % of three controls and in their deviations."""
    data = xr.concat([at_site(evidence, site) for site in evidence.run.sites], "site_layer", join="outer")
    return data.assign(over_all_sites(evidence)).assign_attrs(
        site_layer=evidence.primary, sampling=evidence.sampling, scale=evidence.scale
    )


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """Everything about one site, for each layer."""
    euclidean = evidence.length(site)  # makes both, where neither is there
    moved = {"cosine": evidence.drift(site), "euclidean": euclidean}
    means = evidence.by_family(statistics.MEAN, moved["cosine"])
    data = xr.Dataset({"drift": means.value, "defined": means.defined, "undefined": means.undefined})
    data = data.assign(euclidean=evidence.values(statistics.MEAN, moved["euclidean"]))
    controls = xr.IndexVariable("control", list(SAMPLINGS))
    for prefix, (metric, distances) in zip(("", "euclidean_"), moved.items(), strict=True):
        scales = [on_control(evidence, distances, site, sampling, metric) for sampling in SAMPLINGS]
        on_all = xr.concat(scales, controls)
        data = data.merge(on_all.rename({name: f"{prefix}{name}" for name in on_all.data_vars}))
    at_default = data.sel(control=evidence.sampling, drop=True)
    data = data.assign(control_percent=at_default["percent"], control_cohen_d=at_default["cohen_d"])
    return evidence.by_site_layer(data, site)


def on_control(evidence: Evidence, moved: xr.DataArray, site: str, sampling: str, metric: str) -> xr.Dataset:
    """Drift in % of a control and in its standard deviations; nan where no other sample can be drawn."""
    pairs = evidence.control_pairs(site, sampling=sampling, metric=metric)
    control = evidence.control(site, sampling=sampling, metric=metric)
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


def over_all_sites(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(site_layer, bound) drift in % of the run's control over all perturbations, sites and layers compared."""
    moved, control = (
        xr.concat(
            [evidence.along_site_layers(of(site), site) for site in evidence.run.sites],
            "site_layer",
        )
        for of in (lambda site: evidence.over_all(evidence.drift(site)), evidence.control)
    )
    drawn = evidence.resampled(statistics.percent, moved, control.broadcast_like(moved))
    lead = statistics.leads(drawn, "site_layer")
    return {"overall": statistics.bounds(drawn)} | {f"overall_{side}": lead[side] for side in statistics.SIDES}


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Where in the model the perturbations move states farthest, on one scale for all sites."""
    most = highest(data, "overall", "site_layer")
    if most is None:
        return ()
    return said(
        say(
            data,
            "Over all perturbations drift is {word} at {site}: {drift} of {scale}{standing}.",
            word=most.named("largest", "highest"),
            site=most.label,
            drift=Number(most.values, 1, unit="%"),
            scale=data.attrs["scale"],
            standing=most.standing,
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """Drift at every stored site and layer."""
    from ..figures import heat_maps

    return heat_maps.chart(
        data.control_percent,
        legend="drift [% of control]",
        about=f"Drift by site, layer and family, in % of {data.attrs['scale']}.",
        without=("clean",),
    )


ANALYSIS = Analysis(
    name="drift",
    title="Drift at {site_layer}",
    meaning="In % of {scale}, the one control of all sites; d: Cohen's. HI: against another image and another "
    "question, by cosine and by length. Every stored layer is in the data.",
    needs=("states",),
    compute=compute,
    columns=(
        Column("drift", "1 - cos", digits=3),
        Column("control_percent", "of control", unit="%", digits=0),
        Column("control_cohen_d", "d", digits=1, meaning="Cohen's d: drift minus control in standard deviations"),
        Column("percent", "HI:", unit="%", digits=0, at={"control": SAMPLINGS[0]}),
        Column("cohen_d", "HI: d", digits=1, at={"control": SAMPLINGS[0]}),
        Column("euclidean_percent", "HI: L2", unit="%", digits=0, at={"control": SAMPLINGS[0]}),
        Column("euclidean_cohen_d", "HI: L2 d", digits=1, at={"control": SAMPLINGS[0]}),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean",),
)
