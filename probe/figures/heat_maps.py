"""Colours by depth and family: where in the model something moves, all stored sites side by side from first to last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import xarray as xr

from . import rows
from .fitting import FILLING, TYPE_SCALE, Chart, type_scale
from .placement import width_of
from .words import distinct, in_lines

STEP, LOW = 16, 13
"""Height of a line in px, in one panel and where there are several."""

NARROWEST, TYPE, LEVEL = 185, 11, 14
"""Width in px for which the names of sites are laid out, the size of their type, and how far apart they stand."""

MOST_COLUMNS = 96

Rows = list[rows.Row]


@dataclass(frozen=True)
class Mark:
    """A layer to be marked for each family: (site, family) its number, infinite or nan for none."""

    name: str
    layers: xr.DataArray


def chart(
    values: xr.DataArray,
    *,
    legend: str,
    about: str,
    along: str = "family",
    scale: float = 1.0,
    without: Sequence[str] = (),
    diverging: bool = False,
    marks: Sequence[Mark] = (),
) -> Chart | None:
    """(site_layer, along, [bound]) numbers as colours, with the coordinates site and layer_number along site_layer.

    Panels where there is one more dimension. `legend` is the title of the colours with their unit. `diverging` colours
    are set apart around 0. Of more than 96 layers some at equal distances are shown.
    """
    values = _drawn(values.transpose("site_layer", along, ...))
    made = [row for row in rows.of(values, scale=scale) if row[along] not in without]
    if not made:
        return None
    panel = next((str(dim) for dim in values.dims if dim not in ("site_layer", along, "bound")), None)
    keys = columns(values)
    names = rows.shown_names(made, along)
    shown: Rows = [
        {"column": keys[str(row["site_layer"])], "label": names[str(row[along])],
         "site": str(row["site_layer"]), **{name: row[name] for name in ("value", "low", "high")}}
        | ({"panel": str(row[panel])} if panel else {})
        for row in made
    ]  # fmt: skip
    sites = distinct((row["site"] for row in shown), longest=60)
    shown = rows.named(shown, "site", sites)
    field = _field(shown, domain(list(keys.values())), list(names.values()), legend, along, diverging=diverging)
    layers = [field, *_marked(marks, values, keys, names), *_headings(values, keys)]
    whole = alt.layer(*layers).properties(height=len(names) * (STEP if panel is None else LOW))
    if panel is None:
        return whole.add_params(type_scale()).properties(**FILLING, description=about)
    order = distinct(str(each) for each in values[panel].values.tolist())
    return (
        whole.properties(width=500)
        .facet(facet=alt.Facet("panel:N", sort=list(order)), columns=1, data=rows.inline(shown))
        .add_params(type_scale())
        .properties(description=about)
    )


def _drawn(values: xr.DataArray) -> xr.DataArray:
    """The columns in which something is defined, or some of them."""
    defined = values.notnull().any([dim for dim in values.dims if dim != "site_layer"])
    values = values.isel(site_layer=np.flatnonzero(defined))
    return values.isel(site_layer=some(values.sizes["site_layer"]))


def some(count: int) -> list[int]:
    """All columns, or 96 of them at equal distances."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_COLUMNS)).round().astype(int)).tolist()


def columns(values: xr.DataArray) -> dict[str, str]:
    """The column of each site and layer: the site's place, and the layer's number where the site has layers."""
    names, numbers = values.site.values.tolist(), values.layer_number.values
    sites = list(dict.fromkeys(names))
    deep = {site for site in sites if "[" in site or names.count(site) > 1}
    return {
        name: f"{sites.index(site)}.{number:g}" if site in deep else f"{sites.index(site)}.·"
        for name, site, number in zip(values.site_layer.values.tolist(), names, numbers, strict=True)
    }


def domain(keys: Sequence[str]) -> list[str]:
    """The columns with an empty one between sites.

    >>> domain(["0.1", "0.2", "1.1"])
    ['0.1', '0.2', '0.', '1.1']
    """
    found: list[str] = []
    for key in keys:
        site = key.partition(".")[0]
        if found and found[-1].partition(".")[0] != site:
            found.append(f"{found[-1].partition('.')[0]}.")
        found.append(key)
    return found


def _x(order: Sequence[str]) -> alt.X:
    axis = alt.Axis(labelExpr="split(datum.label, '.')[1]", labelAngle=0, labelOverlap="greedy", title="layer")
    return alt.X("column:O", scale=alt.Scale(domain=list(order), padding=0), axis=axis)


def _field(shown: Rows, order: list[str], names: list[str], legend: str, along: str, *, diverging: bool) -> alt.Chart:
    if diverging:
        reach = max(abs(row["value"]) for row in shown) or 1.0
        scale = alt.Scale(domain=[-reach, reach], domainMid=0)
    else:
        scale = alt.Scale(zero=True, domainMin=0)
    return (
        alt.Chart(rows.inline(shown))
        .mark_rect(style="cell")
        .encode(
            x=_x(order),
            y=alt.Y("label:N", sort=names, title=None),
            color=alt.Color("value:Q", scale=scale, legend=alt.Legend(title=in_lines(legend), orient="bottom")),
            tooltip=rows.tooltip(label=along, site="site and layer", value=legend, **rows.BOUNDS),
        )
    )


def _marked(
    marks: Sequence[Mark], values: xr.DataArray, keys: Mapping[str, str], names: Mapping[str, str]
) -> list[alt.Chart]:
    """The marked layers as small white signs, explained below."""
    number = {
        (site, float(layer)): keys[name]
        for name, site, layer in zip(
            values.site_layer.values.tolist(), values.site.values.tolist(), values.layer_number.values, strict=True
        )
    }
    found = [
        {"column": number[row["site"], row["value"]], "label": names[row["family"]], "mark": mark.name}
        for mark in marks
        for row in rows.of(mark.layers)
        if (row["site"], row["value"]) in number and row["family"] in names
    ]
    if not found:
        return []
    shape = alt.Shape(
        "mark:N",
        scale=alt.Scale(domain=[mark.name for mark in marks], range=["circle", "triangle-up"]),
        legend=alt.Legend(orient="bottom", direction="vertical", symbolStrokeColor="#808080"),
    )
    base = alt.Chart(rows.inline(found)).encode(x="column:O", y=alt.Y("label:N", sort=list(names.values())))
    return [
        base.mark_point(style="sign", filled=True, color="#ffffff"),
        base.mark_point(style="sign", filled=False, color="#000000").encode(shape=shape),
    ]


@dataclass(frozen=True)
class Heading:
    """The name of a site above its first column, or at the right edge where it would reach beyond that."""

    column: str
    name: str
    at_edge: bool
    level: int


def headings(first: Mapping[str, str], order: Sequence[str]) -> list[Heading]:
    """The names of sites, by their first columns among all of them, on as many levels as they need."""
    cell, taken = NARROWEST / len(order), list[tuple[int, float, float]]()
    found: list[Heading] = []
    for site, text in distinct(first, longest=44).items():
        wide, start = width_of(text, TYPE), order.index(first[site]) * cell
        at_edge = start + wide > NARROWEST
        start, level = (NARROWEST - wide if at_edge else start), 0
        while any(at == level and start < end and begin < start + wide for at, begin, end in taken):
            level += 1
        taken.append((level, start - TYPE, start + wide + TYPE))
        found.append(Heading(first[site], text, at_edge, level))
    return found


def _headings(values: xr.DataArray, keys: Mapping[str, str]) -> list[alt.Chart]:
    first: dict[str, str] = {}
    for name, site in zip(values.site_layer.values.tolist(), values.site.values.tolist(), strict=True):
        first.setdefault(site, keys[name])
    made = headings(first, domain(list(keys.values())))
    above, back = alt.expr(f"(-3 - {LEVEL} * datum.level) * {TYPE_SCALE}"), alt.expr("-0.5 * bandwidth('x')")
    layers: list[alt.Chart] = []
    for at_edge in (False, True):
        own = [
            {"column": each.column, "name": each.name, "level": each.level} for each in made if each.at_edge == at_edge
        ]
        base = alt.Chart(rows.inline(own)).encode(y=alt.value(0), text="name:N")
        look = {"style": "note", "baseline": "bottom", "dy": above}
        if own and at_edge:
            layers.append(base.mark_text(**look, align="right").encode(x=alt.value("width")))
        elif own:
            layers.append(base.mark_text(**look, align="left", xOffset=back).encode(x="column:O"))
    return layers
