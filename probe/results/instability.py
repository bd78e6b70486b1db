"""Hidden instability: what moves although the answer stays, where it moves first, and what gives a flip away."""

import numpy as np
import xarray as xr

from analyses import drift, instability

from .evidence import Evidence
from .result import Result, estimate

QUANTILES = (0.05, 0.1, 0.25, 0.5)


def compute(evidence: Evidence) -> Result | None:
    """Hidden shares per place and family, and predictors of flips; None without choices or without states."""
    if not evidence.asked or not evidence.run.sites or not (evidence.flipped.notnull()).any():
        return None
    data = xr.concat([at_site(evidence, site) for site in evidence.run.sites], "place", join="outer")
    data = data.merge(predictors(evidence))
    shown = data.sel(place=evidence.site, quantile=QUANTILES[0])
    rows = tuple(
        {
            "family": name,
            "hidden %": estimate(bounds(shown, "hidden").sel(family=name), 1, 100),
            "eroded %": estimate(shown.eroded.sel(family=name), 1, 100),
        }
        for name in data.family.values.tolist()
        if name != "clean"
    )
    meaning = (
        f"Of the answers that stayed: hidden, whose state moved beyond the nearest {100 * QUANTILES[0]:.0f} % of "
        "unrelated pairs; eroded, whose lead shrank."
    )
    return Result("instability", f"Hidden instability at {evidence.site}", data, rows, meaning, findings(data))


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """(place, family, quantile) hidden shares, and (place) how well drift tells flips, of one site."""
    states = evidence.states(site)
    clean = states.sel(condition="clean", drop=True)
    moved = evidence.moved(site)
    control = drift.control_pairs(clean, seed=evidence.seed)
    data = instability.hidden_by_family(
        moved, control, evidence.flipped, quantile=QUANTILES, any_of=evidence.any_of, seed=evidence.seed
    ).drop_vars("threshold", errors="ignore")
    told = instability.predicts_flip(moved, evidence.flipped, cluster="image", seed=evidence.seed)
    data = data.assign({f"drift_{name}": values for name, values in told.data_vars.items()})
    stored = evidence.stored(site)
    if "dirichlet" in stored:
        energy = stored.dirichlet.load()
        change = evidence.split(evidence.per_sample(energy - energy.sel(condition="clean", drop=True)))
        told = instability.predicts_flip(change, evidence.flipped, cluster="image", seed=evidence.seed)
        data = data.assign({f"energy_change_{name}": values for name, values in told.data_vars.items()})
    return evidence.by_place(data.reset_coords(drop=True), site)


def predictors(evidence: Evidence) -> xr.Dataset:
    """(predictor) AUROC and average precision of margin erosion and of a small clean margin, and what is eroded."""
    lead = evidence.margin.sel(condition="clean", drop=True)
    scores = {"margin_erosion": evidence.erosion, "small_clean_margin": -lead}
    told = [
        instability.predicts_flip(score, evidence.flipped, cluster="image", seed=evidence.seed)
        for score in scores.values()
    ]
    data = xr.concat(told, xr.IndexVariable("predictor", list(scores)))
    eroded = instability.eroded_pairs(evidence.erosion, evidence.flipped)
    return data.assign(eroded=evidence.rate(eroded))


def bounds(data: xr.Dataset, name: str) -> xr.DataArray:
    """(..., bound) of a quantity that lies in three variables."""
    parts = [data[name], data[f"{name}_low"], data[f"{name}_high"]]
    return xr.concat(parts, xr.IndexVariable("bound", ["estimate", "low", "high"])).transpose(..., "bound")


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """Where most is hidden, and what tells a flip best."""
    told: list[str] = []
    share = bounds(data, "hidden").sel(family="any", quantile=QUANTILES[0])
    if np.isfinite(middle := share.sel(bound="estimate")).any():
        most = share.isel(place=int(middle.argmax("place", skipna=True)))
        told.append(
            f"Of the answers that stayed, {estimate(most, 1, 100)} % hide a state at {most.place.item()} that moved as "
            "far as unrelated inputs can lie: the most of all places."
        )
    area = bounds(data, "drift_auroc")
    if np.isfinite(middle := area.sel(bound="estimate")).any():
        best = area.isel(place=int(middle.argmax("place", skipna=True)))
        margin = bounds(data, "auroc").sel(predictor="small_clean_margin")
        told.append(
            f"Drift tells flips best at {best.place.item()}: AUROC {estimate(best, 2)}; a small margin on the clean "
            f"image, known beforehand, {estimate(margin, 2)}."
        )
    return tuple(told)
