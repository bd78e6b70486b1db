"""The answer by layer through a map fitted for each layer, beside the raw lens."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import lens as measures
from analyses import margins, statistics, tuned_lens

from . import readings_by_layer, states
from .analysis import Analysis, Chart, Column, percent
from .dimensions import half_of_images
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share
from .where_first import by_depth, some_layers

KIND = "context_last"

Groups = list[tuple[NDArray[np.intp], NDArray[np.intp]]]
"""The places of samples, and those of options."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, layer, bound) how often a layer prefers what the last one does, by its own map and by the raw lens.

    Both on the half of the images that the maps were not fitted on, among samples whose options several others share.
    None where there are no states of several layers, or too few samples with the same options.
    """
    site, top = of_layers(evidence), readings_by_layer.last(evidence)
    last = margins.choice(top)
    tuned = through_maps(evidence, site, top, last) if site else None
    if tuned is None or not bool(tuned.defined.any()):
        return None
    known = tuned.defined.all("layer") & (last >= 0)
    raw = readings_by_layer.lazy(evidence)
    layers: list[xr.Dataset] = []
    for layer in tuned.layer.values.tolist():
        chosen = {"tuned": tuned.chosen.sel(layer=[layer]), "raw": margins.choice(states.read(raw.sel(layer=[layer])))}
        same = {name: (each == last).astype(np.float64).where(known) for name, each in chosen.items()}
        layers.append(xr.Dataset({n: evidence.values(statistics.SHARE, evidence.split(s)) for n, s in same.items()}))
    settled = measures.decision_layer(tuned.sign)
    data = xr.concat(layers, "layer", combine_attrs="override").assign(
        settled=evidence.values(statistics.MEAN, evidence.split(settled.where(known)))
    )
    shown = some_layers(tuned.layer.values)
    return data.assign(
        tuned_shown=data.tuned.sel(layer=shown).rename(layer="shown_layer"),
        samples=int(known.sel(condition="clean").sum()),
    ).assign_attrs(layers=str(int(raw.layer[-1])), **readings_by_layer.first_tokens(evidence))


def of_layers(evidence: Evidence) -> str:
    """The site with states of several language layers at the last token; "" where there is none."""
    names = [site for site in evidence.run.sites if site.startswith("language.layers") and site.endswith(f":{KIND}")]
    return next((site for site in names if len(evidence.states(site).layers) > 1), "")


def through_maps(evidence: Evidence, site: str, top: xr.DataArray, last: xr.DataArray) -> xr.Dataset:
    """(sample, condition, layer) what each layer's map prefers, of the half of images that it was not fitted on.

    `chosen`: the option, -1 where there is none; `sign` of the margin of what the last layer prefers, 0 where that is
    undefined; `defined`: whether the map reads anything. One layer's logits are held at a time.
    """
    fits, clean = half_of_images(evidence), top.sel(condition="clean").values
    alike = groups(evidence, clean)
    layers: list[xr.Dataset] = []
    for layer in evidence.states(site).layers:
        read = top.copy(data=_of_map(evidence, site, layer, alike, fits, clean, top.shape))
        chosen = margins.choice(read)
        sign = np.nan_to_num(np.sign(margins.margin(read, last)))
        kept = {
            "chosen": chosen.astype(np.int16),
            "sign": chosen.copy(data=sign).astype(np.int8),
            "defined": read.notnull().any("option"),
        }
        layers.append(xr.Dataset(kept).expand_dims(layer=[layer]))
    return xr.concat(layers, "layer").transpose("sample", "condition", "layer")


def _of_map(
    evidence: Evidence,
    site: str,
    layer: int,
    alike: Groups,
    fits: NDArray[np.bool_],
    top: NDArray[np.float32],
    shape: tuple[int, ...],
) -> NDArray[np.float64]:
    """(sample, condition, option) logits by the map of one layer; nan for the images that it was fitted on."""
    made = np.full(shape, np.nan)
    clean = evidence.clean_states(site, [layer]).isel(layer=0).values
    maps = [tuned_lens.fitted(clean[rows[fits[rows]]], top[rows[fits[rows]]][:, of]) for rows, of in alike]
    for samples, conditions, piece in evidence.sample_pieces(site, [layer], of=~fits):
        states = piece.isel(layer=0).transpose("sample", "condition", "feature").values
        for (rows, of), translate in zip(alike, maps, strict=True):
            own = np.flatnonzero(np.isin(samples, rows))
            if translate is not None and own.size:
                columns = np.arange(made.shape[1])[conditions]
                made[np.ix_(samples[own], columns, of)] = translate(states[own])
    return made


def groups(evidence: Evidence, top: NDArray[np.float32]) -> Groups:
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
        ),
        readings_by_layer.left_out(data),
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
