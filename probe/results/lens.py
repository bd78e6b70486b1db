"""What the head reads in every layer: from where on an answer is settled, and where a flip leaves the clean reading."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import lens, margins, statistics

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
    scores = by_layer(evidence)
    chosen = margins.choice(scores)
    if not bool((chosen.isel(layer=-1) >= 0).any()):
        return None
    clean, last = chosen.sel(condition="clean", drop=True), chosen.isel(layer=-1, drop=True)
    known = last >= 0
    own, of_clean = (
        margins.margin(scores, option.broadcast_like(chosen)) for option in (last, clean.isel(layer=-1, drop=True))
    )
    measured = {
        "margin": (statistics.MEAN, of_clean),
        "agreement": (statistics.SHARE, (chosen == last).astype(np.float64).where(known)),
        "settled": (statistics.MEAN, lens.decision_layer(own)),
        "diverged": (statistics.MEAN, lens.divergence_layer(clean, chosen)),
        "first_token": (statistics.SHARE, (last == evidence.choice).astype(np.float64).where(known)),
    }
    data = xr.Dataset({name: evidence.values(by, evidence.split(pairs)) for name, (by, pairs) in measured.items()})
    shown = some_layers(data.layer.values[:-1])  # the last agrees with itself
    return data.assign(agreement_shown=data.agreement.sel(layer=shown).rename(layer="shown_layer")).assign_attrs(
        layers=str(int(data.layer[-1]))
    )


def by_layer(evidence: Evidence) -> xr.DataArray:
    """(sample, condition, layer, option) what the head reads of each option, layers by their numbers."""
    read = evidence.run.answers.lens
    return read.assign_coords(layer=np.arange(read.sizes["layer"])).load()


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
    return said(*sentences)


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
