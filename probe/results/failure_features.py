"""What a run says of each answer beforehand or beside it, from which flips are foretold; by name."""

import numpy as np
import xarray as xr

from analyses import margins

from . import lens, readings_by_layer, silent
from .evidence import Evidence
from .needs import missing

MARGIN = "clean margin"
"""What is known without the perturbed picture: what all else is set against."""

SILENT = "silent drift"
AGREEMENT = "lens agreement"


def features(evidence: Evidence) -> xr.DataArray:
    """(sample, condition, feature) the clean margin, drift of the picture and of the state, and what the head reads."""
    flipped = evidence.flipped
    clean = evidence.margin.sel(condition="clean", drop=True).reset_coords(drop=True)
    found = {MARGIN: (clean + xr.zeros_like(flipped)).transpose(*flipped.dims)}
    picture = of_picture(evidence)
    if picture:
        site = next(each for each in evidence.run.sites if picture in evidence.site_layers(each))
        found[drift_at(picture)] = evidence.drift(site).isel(layer=-1, drop=True)
    if evidence.primary not in ("", picture):
        found[drift_at(evidence.primary)] = evidence.primary_drift
    if not missing(evidence, silent.ANALYSIS.needs):
        found[SILENT] = silent.quiet(evidence)
    if not missing(evidence, lens.ANALYSIS.needs):
        found[AGREEMENT] = agreement(evidence)
    bare = [each.reset_coords(drop=True).transpose(*flipped.dims) for each in found.values()]
    index = xr.IndexVariable("feature", list(found))
    return xr.concat(bare, index, coords="minimal", compat="override").transpose("sample", "condition", "feature")


def of_picture(evidence: Evidence) -> str:
    """The last site and layer that sees the picture and no question; "" where the run holds none."""
    last = [evidence.site_layers(site)[-1] for site in evidence.run.sites]
    return next((each for each in reversed(last) if evidence.is_per_image(each)), "")


def drift_at(site_layer: str) -> str:
    """What the drift there is called.

    >>> drift_at("projector:patches")
    'drift at projector:patches'
    """
    return f"drift at {site_layer}"


def agreement(evidence: Evidence) -> xr.DataArray:
    """(sample, condition) share of the layers below the last in which the head prefers what it finally prefers."""

    def measure(places: slice, read: xr.DataArray) -> dict[str, xr.DataArray]:
        chosen = margins.choice(read)
        last = chosen.isel(layer=-1, drop=True)
        same = (chosen.isel(layer=slice(None, -1)) == last).mean("layer")
        return {"same": same.astype(np.float64).where(last >= 0)}

    return evidence.split(readings_by_layer.measured(evidence, measure)["same"])
