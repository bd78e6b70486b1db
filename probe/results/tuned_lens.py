"""The answer by layer through a map fitted for each layer, beside the raw lens."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import lens as measures
from analyses import margins, statistics, tuned_lens

from .analysis import Analysis, Chart, Column, percent
from .dimensions import half_of_images
from .evidence import Evidence
from .lens import by_layer
from .sentences import Number, Sentence, said, say, share
from .where_first import by_depth, some_layers

KIND = "context_last"


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, layer, bound) how often a layer prefers what the last one does, by its own map and by the raw lens.

    Both on the half of the images that the maps were not fitted on, among samples whose options several others share.
    None where there are no states of several layers, or too few samples with the same options.
    """
    site = of_layers(evidence)
    read = by_layer(evidence)
    tuned = through_maps(evidence, site, read) if site else None
    if tuned is None or not bool(tuned.notnull().any()):
        return None
    last = margins.choice(read.isel(layer=-1, drop=True))
    known = tuned.notnull().any("option").all("layer") & (last >= 0)
    found: dict[str, xr.DataArray] = {}
    for name, scores in (("tuned", tuned), ("raw", read.sel(layer=tuned.layer))):
        same = (margins.choice(scores) == last).astype(np.float64).where(known)
        found[name] = evidence.values(statistics.SHARE, evidence.split(same))
    settled = measures.decision_layer(margins.margin(tuned, last.broadcast_like(margins.choice(tuned))))
    found["settled"] = evidence.values(statistics.MEAN, evidence.split(settled.where(known)))
    shown = some_layers(tuned.layer.values)
    data = xr.Dataset(found)
    return data.assign(
        tuned_shown=data.tuned.sel(layer=shown).rename(layer="shown_layer"),
        samples=int(known.sel(condition="clean").sum()),
    ).assign_attrs(layers=str(int(read.layer[-1])))


def of_layers(evidence: Evidence) -> str:
    """The site with states of several language layers at the last token; "" where there is none."""
    names = [site for site in evidence.run.sites if site.startswith("language.layers") and site.endswith(f":{KIND}")]
    return next((site for site in names if len(evidence.states(site).layers) > 1), "")


def through_maps(evidence: Evidence, site: str, read: xr.DataArray) -> xr.DataArray:
    """(sample, condition, layer, option) logits by each layer's map, of the half of images not fitted on; else nan."""
    top = read.isel(layer=-1).sel(condition="clean").values
    fits, alike = half_of_images(evidence), groups(evidence, top)
    layers = evidence.states(site).layers
    made = np.full((*read.shape[:2], len(layers), read.sizes["option"]), np.nan)
    for place, layer in enumerate(layers):
        clean = evidence.clean_states(site, [layer]).isel(layer=0).values
        maps = [tuned_lens.fitted(clean[rows[fits[rows]]], top[rows[fits[rows]]][:, of]) for rows, of in alike]
        for samples, conditions, piece in evidence.sample_pieces(site, [layer], of=~fits):
            states = piece.isel(layer=0).transpose("sample", "condition", "feature").values
            for (rows, of), translate in zip(alike, maps, strict=True):
                own = np.flatnonzero(np.isin(samples, rows))
                if translate is not None and own.size:
                    columns = np.arange(made.shape[1])[conditions]
                    made[np.ix_(samples[own], columns, np.array([place]), of)] = translate(states[own])[:, :, None]
    kept = {name: read[name] for name in read.coords if "layer" not in read[name].dims}
    dims = ("sample", "condition", "layer", "option")
    return xr.DataArray(made, dims=dims, coords={**kept, "layer": layers})


def groups(evidence: Evidence, top: NDArray[np.float32]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The places of samples that have the same options, and of those options that have a logit, two or more."""
    rows: dict[tuple[str, ...], list[int]] = {}
    for place, texts in enumerate(evidence.run.samples.option_text.values.astype(object).tolist()):
        rows.setdefault(tuple(texts), []).append(place)
    alike = [np.array(places, np.intp) for places in rows.values()]
    read = [np.flatnonzero(np.isfinite(top[places]).any(axis=0)) for places in alike]
    return [(places, of) for places, of in zip(alike, read, strict=True) if len(of) > 1]


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """From where on the answer can be read by a map of the layer's own."""
    settled = data.settled.sel(family="clean")
    if not np.isfinite(settled).all():
        return ()
    return said(
        say(
            data,
            "By a map of each layer's own, fitted on other images, the clean answer is settled from layer {layer} of "
            "{layers} on; at layer {first} it gives the last layer's preference in {tuned}, the raw lens in {raw}.",
            layer=Number(settled, 1),
            layers=data.attrs["layers"],
            first=str(int(data.layer[len(data.layer) // 2])),
            tuned=share(data.tuned.sel(family="clean").isel(layer=len(data.layer) // 2)),
            raw=share(data.raw.sel(family="clean").isel(layer=len(data.layer) // 2)),
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """Agreement with the last layer by family and layer, through the maps."""
    from ..figures import heat_maps

    return heat_maps.chart(
        by_depth(100 * data.tuned.expand_dims(site=["language.layers"])),
        legend="same as last layer [%]",
        about="Share of readings by each layer's own map that prefer what the last layer prefers.",
        without=(),
    )


ANALYSIS = Analysis(
    name="tuned_lens",
    title="The answer by layer, through maps of their own",
    meaning="How often a linear map of a layer's state, fitted on the clean states of half of the images, prefers what "
    "the last layer prefers, on the other half; settled: from this layer on it does.",
    needs=("lens", "states"),
    compute=compute,
    columns=(
        Column("settled", "settled at layer", digits=1),
        percent("tuned_shown", "as last, layer {shown_layer:d}"),
    ),
    finding=finding,
    figure=figure,
    on_request=True,
)
