"""Whether the layout of the vision tokens becomes rougher or smoother, and whether that goes with drift and margin."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import correlation, statistics

from .analysis import Analysis, Column
from .evidence import Evidence
from .sentences import Number, Sentence, highest, said, say

ENERGIES = {"dirichlet": "change", "dirichlet_scale_free": "change_scale_free"}


def compute(evidence: Evidence) -> xr.Dataset:
    """(site_layer, family, bound) Dirichlet energy, its change, and the change's correlations over samples."""
    sites = [site for site in evidence.run.sites if "dirichlet" in evidence.stored(site)]
    data = xr.concat([at_site(evidence, site) for site in sites], "site_layer", join="outer")
    return data.assign_attrs(site_layer=data.site_layer.values[-1])


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """Everything about one site, for each layer."""
    stored = evidence.stored(site)[list(ENERGIES)].load()
    clean = stored.sel(condition="clean", drop=True)
    energy = evidence.by_family(statistics.MEAN, evidence.split(evidence.to_samples(stored.dirichlet)))
    data = xr.Dataset({"energy": energy.value, "defined": energy.defined, "undefined": energy.undefined})
    for name, change in ENERGIES.items():
        moved = evidence.split(evidence.to_samples(stored[name] - clean[name]))
        data[change] = evidence.values(statistics.MEAN, moved)
        data[f"{change}_correlation"] = correlations(evidence, moved)
    return evidence.by_site_layer(data, site)


def correlations(evidence: Evidence, change: xr.DataArray) -> xr.DataArray:
    """(layer, covariate, bound) Pearson's r, over samples, with the primary drift and with margin erosion.

    Each sample counts with its mean over all perturbations.
    """
    named = np.flatnonzero(change.family.isin(evidence.unions[statistics.ALL]).values)
    moved = change.isel(condition=named).mean("condition")
    covariates = {"drift": evidence.primary_drift} | (
        {"margin_erosion": evidence.erosion} if evidence.has_options else {}
    )
    found: list[xr.DataArray] = [
        correlation.interval(
            moved.transpose("sample", "layer"),
            other.isel(condition=named).mean("condition").broadcast_like(moved).transpose("sample", "layer"),
            dim="sample", cluster=moved.image.values, seed=evidence.seed,
        ).reset_coords(drop=True)
        for other in covariates.values()
    ]  # fmt: skip
    return xr.concat(found, xr.IndexVariable("covariate", list(covariates)))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Under which family tokens change their layout most in proportion, at the site and layer of the table."""
    here = data.sel(site_layer=data.attrs["site_layer"])
    most = highest(here.assign(size=abs(here.change_scale_free)), "size")
    if most is None:
        return ()
    values = here.change_scale_free.sel(family=most.label)
    return said(
        say(
            data,
            "Vision tokens at {site} change their layout most in proportion under {family}: {change}, {rougher}.",
            rougher="rougher" if float(values.sel(bound="estimate")) > 0 else "smoother",
            family=most.label,
            site=data.attrs["site_layer"],
            change=Number(values, 3),
        )
    )


ANALYSIS = Analysis(
    name="dirichlet",
    title="Smoothness at {site_layer}",
    meaning="Mean squared difference of neighbouring tokens; below 0: smoother than on the clean image.",
    needs=("energies",),
    compute=compute,
    columns=(
        Column("energy", "energy", digits=3),
        Column("change", "change", digits=3),
        Column("change_scale_free", "change, scale-free", digits=4),
    ),
    finding=finding,
)
