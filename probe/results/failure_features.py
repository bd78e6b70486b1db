"""What a run says of each answer beforehand or beside it, from which flips are foretold; by name."""

from collections.abc import Mapping

import xarray as xr

from .evidence import Evidence

MARGIN = "clean margin"
"""What is known without the perturbed picture: what all else is set against."""

STORED: Mapping[str, str] = {"silent_drift": "silent drift", "lens_agreement": "lens agreement"}
"""Variables that sites may hold for each pair -> what they are called; those of the last layer are taken."""


def features(evidence: Evidence) -> xr.DataArray:
    """(sample, condition, feature) the clean margin, drift of the picture and of the state, and what sites hold."""
    flipped = evidence.flipped
    clean = evidence.margin.sel(condition="clean", drop=True).reset_coords(drop=True)
    found = {MARGIN: (clean + xr.zeros_like(flipped)).transpose(*flipped.dims)}
    picture = of_picture(evidence)
    if picture:
        site = next(each for each in evidence.run.sites if picture in evidence.site_layers(each))
        found[drift_at(picture)] = evidence.drift(site).isel(layer=-1, drop=True)
    if evidence.primary not in ("", picture):
        found[drift_at(evidence.primary)] = evidence.primary_drift
    for variable, name in STORED.items():
        held = stored(evidence, variable)
        if held is not None:
            found[name] = held
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


def stored(evidence: Evidence, variable: str) -> xr.DataArray | None:
    """(sample, condition) a variable that a site holds for each pair, at its last layer; None where no site does.

    Of several sites the one that stands for the model, else the first.
    """
    sites = [site for site in evidence.run.sites if variable in evidence.stored(site)]
    if not sites:
        return None
    own = evidence.primary_site if evidence.primary and evidence.primary_site in sites else sites[0]
    values = evidence.stored(own)[variable].isel(layer=-1, drop=True)
    return evidence.split(evidence.of_samples(values).load())
