"""Which classes can be read from the states, layer by layer, and whether that survives the perturbations."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import misalignment, probing, statistics
from analyses.probing.probe_data import ProbeData, Probes
from analyses.probing.probes import with_control

from .analysis import Analysis, Chart, Column
from .evidence import Evidence
from .sentences import Number, Sentence, highest, said, say


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(site_layer, class) held-out accuracy of linear probes, with `condition` that under perturbations."""
    present = classes(evidence)
    if present is None:
        return None
    data = xr.concat(
        [at_site(evidence, site, present) for site in evidence.run.sites], "site_layer", join="outer", coords="minimal"
    )
    read = xr.Dataset({"estimate": data.read, "draws": data.read_drawn})
    lead = statistics.leads(read, "site_layer")
    data = data.drop_vars(["read", "read_drawn"]).assign(
        {"mean_auroc": statistics.bounds(read)} | {f"mean_auroc_{side}": lead[side] for side in statistics.SIDES}
    )
    best = int(read.estimate.fillna(-1).argmax("site_layer"))
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
    """(site_layer, class) of one site; transfer (site_layer, condition, class); AUROC also redrawn, by image."""
    numbers = 2 * present.sizes["class"] * evidence.run.conditions.sizes["condition"]  # a log-odd is two of float32
    groups = evidence.layer_groups(site, beside=numbers)
    parts = [_at_layers(evidence, site, layers, present) for layers in groups]
    data = xr.concat(parts, "layer", coords="minimal", compat="override")
    drawn = xr.Dataset({name: data[f"drawn_{name}"] for name in ("estimate", "draws")})
    defined = drawn.isel({"class": np.flatnonzero(drawn.estimate.notnull().any("layer"))})
    known = defined.mean("class", skipna=False) if defined.sizes["class"] else drawn.isel({"class": 0}) * np.nan
    data = data.drop_vars(["drawn_estimate", "drawn_draws"]).assign(read=known.estimate, read_drawn=known.draws)
    return evidence.by_site_layer(data.reset_coords(drop=True), site)


def _at_layers(evidence: Evidence, site: str, layers: list[int], present: xr.DataArray) -> xr.Dataset:
    """(layer, class) of some layers, whose probes are tested piece by piece."""
    clean, settings = evidence.clean_states(site, layers), probing.Probe(seed=evidence.seed)
    data = ProbeData.of(clean, clean, present, image="image", dim="feature", class_dim="class", sample_dim="auto")
    probes, scores = Probes.of(data, settings), dict[str, xr.DataArray]()
    for samples, conditions, piece in evidence.sample_pieces(site, layers):
        some = probes.scores(piece.transpose("sample", "condition", "layer", "feature"), samples)
        whole = scores.setdefault("scores", _unknown(evidence, some))
        whole.values[samples, conditions] = some.values
    return _rates(evidence, scores["scores"], data, settings)


def _unknown(evidence: Evidence, like: xr.DataArray) -> xr.DataArray:
    """(sample, condition, layer, class) of all pairs, nan, with what labels some of them."""
    pairs = evidence.run.answers.log_likelihood.isel(option=0, drop=True)
    coords = {name: coord for name, coord in like.coords.items() if not {"sample", "condition"} & {*coord.dims}}
    along = {name: pairs[name] for name in ("sample", "image", "condition", "family", "severity")}
    return xr.DataArray(np.full((*pairs.shape, *like.shape[2:]), np.nan), dims=like.dims, coords={**coords, **along})


def _rates(evidence: Evidence, scores: xr.DataArray, of_clean: ProbeData, settings: probing.Probe) -> xr.Dataset:
    present = of_clean.present
    clean = scores.sel(condition="clean", drop=True)
    data = with_control(probing.probe_rates(clean, present), of_clean, settings)
    transfer = probing.probe_rates(scores, present)
    data["transfer_auroc"], data["transfer_balanced_accuracy"] = transfer.auroc, transfer.balanced_accuracy
    drawn = probing.resampled_auroc(clean, present, seed=evidence.seed)
    data["auroc"] = statistics.bounds(drawn)
    data["perturbed_auroc"] = statistics.bounds(under_perturbations(evidence, scores, present))
    data["drawn_estimate"], data["drawn_draws"] = drawn.estimate, drawn.draws
    return data.reset_coords(drop=True).assign_coords(condition=scores.condition.values, layer=scores.layer.values)


def under_perturbations(evidence: Evidence, scores: xr.DataArray, present: xr.DataArray) -> xr.Dataset:
    """(layer, class) the mean AUROC over the perturbations, without clean and the controls; redrawn, by image."""
    named = evidence.unions[statistics.ALL]
    places = np.flatnonzero(evidence.run.conditions.family.isin(named).values)
    if not len(places):
        return probing.resampled_auroc(scores.isel(condition=0, drop=True) * np.nan, present, resamples=1)
    parts = [
        probing.resampled_auroc(scores.isel(condition=place, drop=True), present, seed=evidence.seed)
        for place in places.tolist()
    ]
    total = parts[0]
    for part in parts[1:]:  # one at a time: the draws of all would be many
        total = total + part
    return total / len(parts)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Where the classes are read best."""
    best = highest(data, "mean_auroc", "site_layer")
    if best is None:
        return said(say(data, "Too few images have or lack each class: a probe needs ten of either."))
    return said(
        say(
            data,
            "Classes are read {best} from {site}: mean AUROC {auroc} on held-out images{standing}.",
            best=best.named("best", "with the highest AUROC"),
            site=best.label,
            auroc=Number(best.values),
            standing=best.standing,
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How well each class is read, layer by layer."""
    from ..figures import heat_maps

    return heat_maps.chart(
        data.auroc,
        along="class",
        legend="AUROC, held out [0.5: nothing read]",
        about="AUROC of linear probes on held-out images by site, layer and class.",
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
        Column("perturbed_auroc", "AUROC under perturbations"),
    ),
    finding=finding,
    figure=figure,
    rows="class",
    on_request=True,
)
