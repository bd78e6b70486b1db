"""What the head reads in every layer: from where on an answer is settled, and where a flip leaves the clean reading."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import lens, margins, statistics

from . import readings_by_layer
from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share
from .where_first import by_depth, some_layers


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, layer, bound) the margin of the clean reading and agreement with the last layer; (family, bound) layers.

    `settled`: mean decision layer of the preferred option under each condition; `diverged`: mean divergence layer of
    the readings that flip; `first_token`: share of choices that the last layer's reading of first tokens gives too.
    None where no option differs from the others in its first token.
    """
    read = readings_by_layer.measured(evidence, _of_readings)
    last = read["last"]
    if not bool((last >= 0).any()):
        return None
    measured = {
        "settled": (statistics.MEAN, read["settled"]),
        "diverged": (statistics.MEAN, read["diverged"]),
        "first_token": (statistics.SHARE, (last == evidence.choice).astype(np.float64).where(last >= 0)),
    }
    data = xr.Dataset({name: evidence.values(by, evidence.split(pairs)) for name, (by, pairs) in measured.items()})
    layers = [_of_layers(evidence, last, some) for some in readings_by_layer.groups(evidence)]
    data = data.merge(xr.concat(layers, "layer", combine_attrs="override"), combine_attrs="override")
    shown = some_layers(data.layer.values[:-1])  # the last agrees with itself
    return data.assign(agreement_shown=data.agreement.sel(layer=shown).rename(layer="shown_layer")).assign_attrs(
        layers=str(int(data.layer[-1])), **readings_by_layer.first_tokens(evidence)
    )


def _of_readings(places: slice, read: xr.DataArray) -> dict[str, xr.DataArray]:
    """(sample, condition) the option that the last layer prefers, and the layers of decision and divergence."""
    chosen = margins.choice(read)
    last = chosen.isel(layer=-1, drop=True)
    return {
        "last": last,
        "settled": lens.decision_layer(margins.margin(read, last.broadcast_like(chosen))),
        "diverged": lens.divergence_layer(chosen.sel(condition="clean", drop=True), chosen),
    }


def _of_layers(evidence: Evidence, last: xr.DataArray, layers: slice) -> xr.Dataset:
    """(family, layer, bound) of some layers: the margin of the clean reading, and agreement with the last layer."""
    clean = last.sel(condition="clean", drop=True)

    def measure(places: slice, read: xr.DataArray) -> dict[str, xr.DataArray]:
        chosen, own = margins.choice(read), last[places]
        return {
            "margin": margins.margin(read, clean[places].broadcast_like(chosen)),
            "agreement": (chosen == own).astype(np.float64).where(own >= 0),
        }

    found = readings_by_layer.measured(evidence, measure, layers)
    by = {"margin": statistics.MEAN, "agreement": statistics.SHARE}
    return xr.Dataset({name: evidence.values(by[name], evidence.split(pairs)) for name, pairs in found.items()})


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """From where on clean answers are settled, and where flips leave the clean reading."""
    settled, diverged = data.settled.sel(family="clean"), data.diverged.sel(family=statistics.ALL)
    sentences: list[Sentence | None] = []
    if np.isfinite(settled).all():
        sentences.append(
            say(
                data,
                "On clean images the head prefers what it finally prefers from layer {layer} of {layers} on, on "
                "average; the last layer's first tokens give {rate} of the choices.",
                layer=Number(settled, 1),
                layers=data.attrs["layers"],
                rate=share(data.first_token.sel(family="clean")),
            )
        )
    if np.isfinite(diverged).all():
        sentences.append(
            say(
                data,
                "A reading that a perturbation flips leaves the clean one for good at layer {layer} of {layers}.",
                layer=Number(diverged, 1),
                layers=data.attrs["layers"],
            )
        )
    return said(*sentences, readings_by_layer.left_out(data))


def figure(data: xr.Dataset) -> "Chart | None":
    """Agreement with the last layer by family and layer."""
    from ..figures import heat_maps

    return heat_maps.chart(
        by_depth(100 * data.agreement.expand_dims(site=["language.layers"])),
        legend="same as last layer [%]",
        about="Share of readings in each layer that prefer what the last layer prefers.",
        without=(),
    )


ANALYSIS = Analysis(
    name="lens",
    title="The answer by layer",
    meaning="What the head reads in each layer of the options' first tokens, through the final norm. settled: from "
    "this layer on the preference stays; diverged: of flipped readings, the layer at which they leave the clean one. "
    "The raw lens may say little below the top of a small model.",
    needs=("lens",),
    compute=compute,
    columns=(
        Column("settled", "settled at layer", digits=1),
        Column("diverged", "flips diverge at layer", digits=1),
        percent("agreement_shown", "as last, layer {shown_layer:d}"),
    ),
    finding=finding,
    figure=figure,
)
