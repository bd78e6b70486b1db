"""Whether the layout of the vision tokens becomes rougher or smoother, and whether that goes with drift and margin."""

import numpy as np
import xarray as xr

from analyses import correlation

from .evidence import Evidence
from .result import Result, estimate

ENERGIES = {"dirichlet": "change", "dirichlet_scale_free": "change_scale_free"}


def compute(evidence: Evidence) -> Result | None:
    """Change of Dirichlet energy per site, layer and family; None where the run kept no tokens' energies."""
    sites = [site for site in evidence.run.sites if "dirichlet" in evidence.run.site(site)]
    if not sites:
        return None
    data = xr.concat([at_site(evidence, site) for site in sites], "place", join="outer")
    last = data.isel(place=-1)
    rows = tuple(
        {
            "family": name,
            "energy": estimate(last.energy.sel(family=name), 3),
            "change": estimate(last.change.sel(family=name), 3),
            "change, scale-free": estimate(last.change_scale_free.sel(family=name), 4),
        }
        for name in data.family.values.tolist()
    )
    meaning = "Mean squared difference of neighbouring tokens; below 0: smoother than on the clean image."
    return Result("dirichlet", f"Smoothness at {last.place.item()}", data, rows, meaning, findings(data))


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """(place, family, bound) of one site, a place per layer."""
    stored = evidence.stored(site)[list(ENERGIES)].load()
    clean = stored.sel(condition="clean", drop=True)
    means = evidence.means(evidence.split(evidence.per_sample(stored.dirichlet)))
    data = xr.Dataset({"energy": means.value, "defined": means.defined, "undefined": means.undefined})
    for energy, change in ENERGIES.items():
        moved = evidence.split(evidence.per_sample(stored[energy] - clean[energy]))
        data[change] = evidence.means(moved).value
        data[f"{change}_correlation"] = correlations(evidence, moved)
    return evidence.by_place(data, site)


def correlations(evidence: Evidence, change: xr.DataArray) -> xr.DataArray:
    """(layer, beside, bound) Pearson's r, over samples, with the drift that speaks for the model and the lead lost.

    Each sample counts with its mean over all conditions of "any".
    """
    named = np.flatnonzero(change.family.isin(evidence.any_of).values)
    moved = change.isel(condition=named).mean("condition")
    beside = {"drift": evidence.speaking_drift} | ({"margin_erosion": evidence.erosion} if evidence.asked else {})
    found: list[xr.DataArray] = [
        correlation.interval(
            moved.transpose("sample", "layer"),
            other.isel(condition=named).mean("condition").broadcast_like(moved).transpose("sample", "layer"),
            dim="sample", cluster=moved.image.values, seed=evidence.seed,
        ).reset_coords(drop=True)
        for other in beside.values()
    ]  # fmt: skip
    return xr.concat(found, xr.IndexVariable("beside", list(beside)))


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """Under which family, and where, tokens change their layout most in proportion."""
    change = data.change_scale_free.drop_sel(family=["clean", "any"], errors="ignore")
    middle = abs(change.sel(bound="estimate"))
    if not np.isfinite(middle).any():
        return ()
    where = middle.argmax(["place", "family"], skipna=True)
    most = change.isel({dim: int(position) for dim, position in where.items()})
    rougher = "rougher" if float(most.sel(bound="estimate")) > 0 else "smoother"
    return (
        f"Vision tokens become {rougher} most under {most.family.item()}, at {most.place.item()} "
        f"({estimate(most, 3)}, scale-free).",
    )
