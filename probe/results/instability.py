"""Hidden instability: what moves although the answer stays, and what predicts a flip."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import drift, instability, statistics

from .analysis import Analysis, percent
from .evidence import Evidence
from .sentences import estimate, share

QUANTILES = (0.05, 0.1, 0.25, 0.5)


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(site_layer, family, quantile, bound) hidden shares, and how well drift, energy and margins predict flips."""
    if not evidence.flipped.notnull().any():
        return None
    data = xr.concat([at_site(evidence, site) for site in evidence.run.sites], "site_layer", join="outer")
    eroded = evidence.by_family(statistics.SHARE, instability.eroded_pairs(evidence.erosion, evidence.flipped))
    data = data.assign(eroded=eroded.value, eroded_kept=eroded.defined).merge(predictors(evidence))
    return data.assign_attrs(site_layer=evidence.primary)


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """Hidden shares, and how well drift and the change of energy predict flips, of one site."""
    moved, control = evidence.drift(site), drift.control_pairs(evidence.clean_states(site), seed=evidence.seed)
    verdicts = instability.hidden_pairs(moved, control, evidence.flipped, quantile=QUANTILES)
    hidden = evidence.by_family(statistics.SHARE, verdicts.drop_vars("threshold"))
    data = xr.Dataset({"hidden": hidden.value, "kept": hidden.defined})
    data = data.assign(_predicts(evidence, "drift", moved))
    stored = evidence.stored(site)
    if "dirichlet" in stored:
        energy = stored.dirichlet.load()
        change = evidence.split(evidence.to_samples(energy - energy.sel(condition="clean", drop=True)))
        data = data.assign(_predicts(evidence, "energy_change", change))
    return evidence.by_site_layer(data.reset_coords(drop=True), site)


def predictors(evidence: Evidence) -> xr.Dataset:
    """(predictor) AUROC and average precision of margin erosion and of a small clean margin."""
    scores = {
        "margin_erosion": evidence.erosion,
        "small_clean_margin": -evidence.margin.sel(condition="clean", drop=True),
    }
    tables = [
        instability.predicts_flip(score, evidence.flipped, cluster="image", seed=evidence.seed)
        for score in scores.values()
    ]
    return xr.concat(tables, xr.IndexVariable("predictor", list(scores)))


def _predicts(evidence: Evidence, name: str, score: xr.DataArray) -> dict[str, xr.DataArray]:
    table = instability.predicts_flip(score, evidence.flipped, cluster="image", seed=evidence.seed)
    return {f"{name}_{quantity}": values for quantity, values in table.data_vars.items()}


def bounds(data: xr.Dataset, name: str) -> xr.DataArray:
    """(..., bound) of a quantity that lies in three variables."""
    parts = [data[name], data[f"{name}_low"], data[f"{name}_high"]]
    return xr.concat(parts, xr.IndexVariable("bound", list(statistics.BOUNDS))).transpose(..., "bound")


def finding(data: xr.Dataset) -> Sequence[str]:
    """Where most is hidden, and what predicts a flip best."""
    sentences: list[str] = []
    hidden = data.hidden.sel(family=statistics.ALL, quantile=QUANTILES[0])
    if np.isfinite(middle := hidden.sel(bound="estimate")).any():
        most = hidden.isel(site_layer=int(middle.argmax("site_layer", skipna=True)))
        kept = int(data.kept.sel(family=statistics.ALL, quantile=QUANTILES[0], site_layer=most.site_layer))
        sentences.append(
            f"Hidden: of {kept:,} answers that did not change, {share(most)} sit on a state at "
            f"{most.site_layer.item()} that moved farther than the nearest {100 * QUANTILES[0]:.0f} % of unrelated "
            "pairs lie apart, the most of all sites and layers."
        )
    area = bounds(data, "drift_auroc")
    if np.isfinite(area.sel(bound="low")).any():  # of a single image there is no interval
        middle = area.sel(bound="estimate")
        best = area.isel(site_layer=int(middle.argmax("site_layer", skipna=True)))
        margin = bounds(data, "auroc").sel(predictor="small_clean_margin")
        sentences.append(
            f"Drift predicts flips best at {best.site_layer.item()}: AUROC {estimate(best, 2)}; a small margin on the "
            f"clean image, known beforehand, {estimate(margin, 2)}."
        )
    return sentences


ANALYSIS = Analysis(
    name="instability",
    title="Hidden instability at {site_layer}",
    meaning=f"Of the answers that stayed: hidden, whose state moved beyond the nearest {100 * QUANTILES[0]:.0f} % of "
    "unrelated pairs; eroded, whose margin shrank.",
    needs=("options", "states"),
    compute=compute,
    columns=(percent("hidden", "hidden", at={"quantile": QUANTILES[0]}), percent("eroded", "eroded")),
    finding=finding,
    hidden_rows=("clean",),
)
