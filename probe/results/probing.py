"""Which classes can be read from the states, layer by layer, and whether that survives the perturbations."""

import numpy as np
import xarray as xr

from analyses import misalignment, probing

from .evidence import Evidence
from .result import Result


def compute(evidence: Evidence) -> Result | None:
    """Linear probes for the classes that the reference descriptions name; None for a run without such descriptions."""
    present = classes(evidence)
    if present is None or not evidence.run.sites:
        return None
    data = xr.concat([at_site(evidence, site, present) for site in evidence.run.sites], "place", join="outer")
    best = data.isel(place=int(data.auroc.mean("class").fillna(-1).argmax("place")))
    rows = tuple(
        {
            "class": name,
            "images with it": f"{int(best.positives.sel({'class': name}))}",
            "AUROC": number(best.auroc.sel({"class": name})),
            "balanced accuracy": number(best.balanced_accuracy.sel({"class": name})),
            "selectivity": number(best.selectivity.sel({"class": name})),
            "AUROC, worst condition": number(best.transfer_auroc.sel({"class": name}).min("condition")),
        }
        for name in data["class"].values.tolist()
        if int(best.positives.sel({"class": name})) > 0
    )
    meaning = "Held-out images; 0.5: nothing read. Selectivity: accuracy over that on shuffled labels."
    return Result("probing", f"Linear probes at {best.place.item()}", data, rows, meaning, findings(data))


def classes(evidence: Evidence) -> xr.DataArray | None:
    """(sample, class) whether the description of a sample's image names the class; None where nothing is described."""
    samples = evidence.run.samples
    described = {
        image: answer
        for image, kind, answer in zip(samples.image.values, samples.kind.values, samples.answer.values, strict=True)
        if kind == "describe" and answer
    }
    if not described:
        return None
    texts = np.array([described.get(image, "") for image in samples.image.values], object)
    told = xr.DataArray(texts, dims="sample", coords={"sample": samples.sample.values})
    return misalignment.mention_table(told).assign_coords(image=("sample", samples.image.values))


def at_site(evidence: Evidence, site: str, present: xr.DataArray) -> xr.Dataset:
    """(place, class) of one site, a place per layer; transfer (place, condition, class)."""
    states = evidence.states(site)
    clean = states.sel(condition="clean", drop=True)
    settings = probing.Probe(seed=evidence.seed)
    data = probing.probe_accuracy(clean, present, probe=settings)
    transfer = probing.probe_transfer(clean, states, present, probe=settings)
    data["transfer_auroc"], data["transfer_balanced_accuracy"] = transfer.auroc, transfer.balanced_accuracy
    data = data.reset_coords(drop=True).assign_coords(condition=states.condition.values)
    labels = {"place": ("layer", evidence.places(site)), "site": ("layer", [site] * data.sizes["layer"])}
    return data.drop_vars("layer", errors="ignore").assign_coords(labels).swap_dims(layer="place")


def number(value: xr.DataArray) -> str:
    """Two digits; a dash where undefined."""
    return f"{float(value):.2f}" if np.isfinite(value) else "–"


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """Where the classes are read best."""
    read = data.auroc.mean("class")
    if not np.isfinite(read).any():
        return ("Too few images have or lack each class: a probe needs ten of either.",)
    best = read.isel(place=int(read.argmax("place", skipna=True)))
    return (f"Classes are read best from {best.place.item()}: mean AUROC {float(best):.2f} on held-out images.",)
