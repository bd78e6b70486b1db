"""Which classes can be read from the states, layer by layer, and whether that survives the perturbations."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import misalignment, probing

from .analysis import Analysis, Column
from .evidence import Evidence
from .sentences import Number, Sentence, said, say


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(site_layer, class) held-out accuracy of linear probes, with `condition` that under perturbations."""
    present = classes(evidence)
    if present is None:
        return None
    sites = evidence.run.sites
    data = xr.concat([at_site(evidence, site, present) for site in sites], "site_layer", join="outer")
    best = int(data.auroc.mean("class").fillna(-1).argmax("site_layer"))
    data = data.assign(worst_transfer_auroc=data.transfer_auroc.min("condition"))
    there = data["class"].values[(data.positives.isel(site_layer=best) > 0).values]
    return data.sel({"class": there}).assign_attrs(site_layer=data.site_layer.values[best])


def classes(evidence: Evidence) -> xr.DataArray | None:
    """(sample, class) whether a description of a sample's image names the class; None where nothing is described.

    Of several descriptions of an image all count; nan where there is none.
    """
    samples = evidence.run.samples
    described = ((samples.kind == "describe") & (samples.answer != "")).values
    if not described.any():
        return None
    texts = np.where(described, samples.answer.values.astype(object), None)
    named = misalignment.mention_table(xr.DataArray(texts, dims="sample", coords={"sample": samples.sample.values}))
    images = xr.DataArray(samples.image.values, dims="sample", name="image")
    of_image = named.groupby(images).max("sample")
    present = of_image.sel(image=images.values).rename(image="sample")
    return present.assign_coords(sample=samples.sample.values, image=("sample", samples.image.values))


def at_site(evidence: Evidence, site: str, present: xr.DataArray) -> xr.Dataset:
    """(site_layer, class) of one site; transfer (site_layer, condition, class)."""
    states, clean = evidence.states(site), evidence.clean_states(site)
    settings = probing.Probe(seed=evidence.seed)
    data = probing.probe_accuracy(clean, present, probe=settings)
    transfer = probing.probe_transfer(clean, states, present, probe=settings)
    data["transfer_auroc"], data["transfer_balanced_accuracy"] = transfer.auroc, transfer.balanced_accuracy
    data = data.reset_coords(drop=True).assign_coords(condition=states.condition.values, layer=clean.layer.values)
    return evidence.by_site_layer(data, site)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Where the classes are read best."""
    read = data.auroc.mean("class")
    if not np.isfinite(read).any():
        return said(say(data, "Too few images have or lack each class: a probe needs ten of either."))
    best = read.isel(site_layer=int(read.argmax("site_layer", skipna=True)))
    return said(
        say(
            data,
            "Classes are read from {site} with the highest mean AUROC on held-out images, {auroc}.",
            site=str(best.site_layer.item()),
            auroc=Number(best),
        )
    )


ANALYSIS = Analysis(
    name="probing",
    title="Linear probes at {site_layer}",
    meaning="Held-out images; 0.5: nothing read. Selectivity: accuracy over that on shuffled labels.",
    needs=("descriptions", "states"),
    compute=compute,
    columns=(
        Column("positives", "images with it", digits=0),
        Column("auroc", "AUROC"),
        Column("balanced_accuracy", "balanced accuracy"),
        Column("selectivity", "selectivity"),
        Column("worst_transfer_auroc", "AUROC, worst condition"),
    ),
    finding=finding,
    rows="class",
    on_request=True,
)
