"""Whether a few dimensions make the drift of the states that stand for the model."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import drift, statistics

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) cosine drift raw and with each feature on its own scale, and the share of the three largest ones.

    The scales are those of the clean states of one half of the images, drawn by the seed; both drifts are of the other
    half. None for a single image.
    """
    fitted = half_of_images(evidence)
    if not fitted.any() or fitted.all():
        return None
    site, layer = evidence.primary_site, evidence.primary_layer
    clean = evidence.clean_states(site, [layer]).isel(layer=0, drop=True).isel(sample=np.flatnonzero(fitted))
    mean, deviation = clean.mean("sample"), clean.std("sample")

    def measure(first: xr.DataArray, piece: xr.DataArray) -> dict[str, xr.DataArray]:
        return {
            "standardised": drift.standardised(first, piece, mean=mean, deviation=deviation),
            "largest": drift.share_of_largest(first, piece),
        }

    made = evidence.states(site).measured(measure, [layer])
    pairs = {name: evidence.split(evidence.of_samples(each).isel(layer=0, drop=True)) for name, each in made.items()}
    pairs["raw"] = evidence.primary_drift
    tested = xr.DataArray(~fitted, dims="sample")
    of_half = {name: pairs[name].where(tested) for name in ("raw", "standardised")}
    found = {name: evidence.values(statistics.MEAN, each) for name, each in (pairs | of_half).items()}
    return xr.Dataset(found).assign_attrs(site_layer=evidence.primary)


def half_of_images(evidence: Evidence) -> NDArray[np.bool_]:
    """(sample) whether its image is in the half that scales are fitted on; by the images' names and the seed alone."""
    images, place = np.unique(evidence.run.answers.image.values.astype(str), return_inverse=True)
    chosen = np.random.default_rng(evidence.seed).permutation(len(images)) < len(images) // 2
    return chosen[place.reshape(-1)]


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """How much lies in the largest dimensions, and what is left of drift without their weight."""
    raw, standardised, largest = (data[name].sel(family=statistics.ALL) for name in ("raw", "standardised", "largest"))
    if not (np.isfinite(raw).all() and np.isfinite(standardised).all()):
        return ()
    return said(
        say(
            data,
            "The three largest dimensions of each move at {site} hold {share} of its square; with every feature on "
            "its own scale drift is {standardised} instead of {raw}.",
            site=data.attrs["site_layer"],
            share=share(largest),
            standardised=Number(standardised, 3),
            raw=Number(raw, 3),
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """Raw and standardised drift by family."""
    from ..figures import intervals

    return intervals.chart(
        {"raw": data.raw, "standardised": data.standardised},
        along="family",
        axis="1 - cos",
        about="Cosine drift by family, raw and with every feature on its own scale, with 95 % intervals.",
        unions=data.attrs["unions"],
        reference=0,
    )


ANALYSIS = Analysis(
    name="dimensions",
    title="Massive dimensions at {site_layer}",
    meaning="Cosine drift raw, and with every feature on the scale of the clean states of the other half of the "
    "images; largest: the share of a move's square in its three largest dimensions.",
    needs=("states",),
    compute=compute,
    columns=(
        Column("raw", "1 - cos", digits=3),
        Column("standardised", "standardised", digits=3),
        percent("largest", "in the 3 largest"),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean",),
    on_request=True,
)
