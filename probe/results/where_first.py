"""At which depth drift first passes the distance between unrelated inputs, per family of perturbations."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import instability, statistics

from .analysis import Analysis, Chart, Column
from .evidence import Evidence
from .sentences import Sentence, said, say

MOST_LAYERS = 6
"""Layers that the table shows; all are in the data."""

NEVER = "none"


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(site, family, reference, bound) first layer that passes, and drift and passing images by layer.

    Of sites that are stored at several layers; None where there is none, or no drift is defined.
    """
    deep = [site for site in evidence.run.sites if evidence.stored(site).sizes["layer"] > 1]
    parts = [at_site(evidence, site) for site in deep]
    if not parts or not any(bool(part.percent.notnull().any()) for part in parts):
        return None
    data = xr.concat(parts, xr.IndexVariable("site", deep), join="outer")
    shown = data.percent.sel(site=deep[-1], layer=some_layers(parts[-1].layer.values))
    by_layer = shown.rename(layer="shown_layer").drop_vars("site")
    return data.assign(percent_shown=by_layer).assign_attrs(
        site=deep[-1], scale=evidence.scale, nearest=f"{100 * data.attrs['quantile']:.0f}"
    )


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """(family, ...) of one site: `instability.where_first`, and drift in % of its control by layer."""
    moved, pairs = evidence.drift(site), evidence.control_pairs(site)
    depth = instability.where_first(moved, pairs, unions=evidence.unions, seed=evidence.seed)
    return depth.assign(percent=evidence.values(statistics.PERCENT, moved, evidence.control(site)))


def some_layers(layers: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> list[int]:
    """All layers, or the first, the last and some between at equal distances.

    >>> some_layers(np.arange(33))
    [0, 6, 13, 19, 26, 32]
    """
    places = np.unique(np.linspace(0, len(layers) - 1, min(MOST_LAYERS, len(layers))).round().astype(int))
    return [int(layer) for layer in np.sort(layers)[places]]


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """The first layer over all perturbations, at each site where there is something to tell."""
    sentences = [_sentence(data, site) for site in data.site.values.tolist()]
    return said(*sentences)


def _sentence(data: xr.Dataset, site: str) -> Sentence | None:
    first = data.first_layer.sel(site=site, family=statistics.ALL)
    nearest, mean = (first.sel(reference=reference).values for reference in instability.REFERENCES)
    if np.isnan([nearest[0], mean[0]]).any():
        return None
    return say(
        data,
        "At {site} the mean drift over all perturbations first exceeds the {q} % quantile of the distances between "
        "unrelated pairs {where}, and their mean {beyond}.",
        site=site,
        q=data.attrs["nearest"],
        where=at_layer(nearest),
        beyond=at_layer(mean),
    )


def at_layer(bounds: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> str:
    """Where, with the interval; infinite is no layer.

    >>> at_layer(np.array([4.0, 3.0, np.inf])), at_layer(np.array([np.inf] * 3)), at_layer(np.array([4.0, 4.0, 4.0]))
    ('at layer 4 [3, none]', 'at no layer', 'at layer 4 [4, 4]')
    """
    estimate, low, high = (f"{layer:.0f}" if np.isfinite(layer) else NEVER for layer in bounds)
    interval = f" [{low}, {high}]" if not np.isnan(bounds[1:]).any() else ""
    if estimate == NEVER:
        return f"at no layer{interval if low != NEVER else ''}"
    return f"at layer {estimate}{interval}"


def by_depth(values: xr.DataArray) -> xr.DataArray:
    """(site_layer, ...) of (site, layer, ...), layers that a site does not have left out."""
    parts: list[xr.DataArray] = []
    for site in values.site.values.tolist():
        own = values.sel(site=site, drop=True).dropna("layer", how="all").transpose("layer", ...)
        numbers = own.layer.values
        along = {"site_layer": [f"{site} {number}" for number in numbers], "site": [site] * len(numbers)}
        along |= {"layer_number": numbers}
        own = own.drop_vars("layer").assign_coords({name: ("layer", each) for name, each in along.items()})
        parts.append(own.swap_dims(layer="site_layer"))
    return xr.concat(parts, "site_layer")


def figure(data: xr.Dataset) -> "Chart | None":
    """Drift by layer, and the first layers that pass the floor and the mean of unrelated pairs."""
    from ..figures import heat_maps

    first = data.first_layer.sel(bound="estimate", drop=True)
    marks = {"nearest": f"first beyond the nearest {data.attrs['nearest']} %", "mean": "first beyond the mean"}
    return heat_maps.chart(
        by_depth(data.percent),
        legend="drift [% of control]",
        about="Drift by layer and family in % of the control, with the first layers beyond the nearest unrelated pairs "
        "and beyond their mean.",
        without=("clean",),
        marks=[heat_maps.Mark(text, first.sel(reference=name, drop=True)) for name, text in marks.items()],
    )


ANALYSIS = Analysis(
    name="where_first",
    title="First layer beyond control at {site}",
    meaning="The shallowest layer at which the mean drift passes the nearest {nearest} % of unrelated pairs, and their "
    "mean distance; none: at no stored layer. Then, layer by layer, drift in % of that mean, {scale}.",
    needs=("states",),
    compute=compute,
    columns=(
        Column("first_layer", "beyond nearest {nearest} %", digits=0, at={"reference": "nearest"}),
        Column("first_layer", "beyond mean", digits=0, at={"reference": "mean"}),
        Column("percent_shown", "layer {shown_layer}", unit="%", digits=0),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean",),
)
