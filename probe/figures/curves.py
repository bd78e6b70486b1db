"""Curves with their 95 % intervals, in one panel or in small multiples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import xarray as xr

from . import rows
from .fitting import FILLING, Chart, narrowest
from .placement import columns_of
from .words import distinct, in_lines

HEIGHT, PANEL, COLUMNS = 260, 110, 4
"""Heights in px of a single panel and of one of several, and how many of these stand side by side."""


@dataclass(frozen=True)
class Axes:
    """The titles of both axes, with their units; whether y begins at 0; where a number of y is marked."""

    x: str
    y: str
    zero: bool = True
    reference: float | None = None


@dataclass(frozen=True)
class Turns:
    """(panel) where in x something happens, nan for nowhere, and what."""

    at: xr.DataArray
    meaning: str = field(default="crossover")


def chart(
    values: Mapping[str, xr.DataArray],
    axes: Axes,
    *,
    along: str,
    about: str,
    scale: float = 1.0,
    panel: str | None = None,
    turns: Turns | None = None,
) -> Chart | None:
    """(along, [panel], [bound]) numbers by name, a curve each; None where none is defined.

    Small multiples over `panel`; `turns` are vertical lines in them.
    """
    made = [
        {**row, "series": name}
        for name, each in values.items()
        for row in rows.of(each.reset_coords(drop=True), scale=scale)
    ]
    if not made:
        return None
    series = distinct(dict.fromkeys(row["series"] for row in made), longest=48)
    kept = ("value", "low", "high")
    shown = [{"x": row[along], "series": series[row["series"]], **{name: row[name] for name in kept}} for row in made]
    names = rows.shown_names(made, panel, longest=28) if panel else {}
    if panel:
        shown = [{**row, "panel": names[str(old[panel])]} for row, old in zip(shown, made, strict=True)]
        shown += [{"turn": row["value"], "panel": names[str(row[panel])]} for row in rows.of(turns.at)] if turns else []
    base = alt.Chart() if panel else alt.Chart(rows.inline(shown))
    step = 1 if all(float(row[along]).is_integer() for row in made) else alt.Undefined  # no layer 1.5
    lines = _lines(base, axes, list(series.values()), alt.Axis(tickMinStep=step, format="~g"))
    layers = [*_reference(axes), *([_turns(base)] if turns else []), *lines]
    whole = alt.layer(*layers, data=rows.inline(shown)) if panel else alt.layer(*layers)
    if not panel:
        return whole.properties(**FILLING, height=HEIGHT, description=about)
    order = list(names.values())
    return (
        whole.properties(width=110, height=PANEL)
        .facet(facet=alt.Facet("panel:N", sort=order, title=None), columns=min(COLUMNS, len(order)))
        .properties(description=about, usermeta=narrowest(axes.x, *order))
    )


def _lines(base: alt.Chart, axes: Axes, series: Sequence[str], ticks: alt.Axis) -> list[alt.Chart]:
    x = alt.X("x:Q", title=in_lines(axes.x), scale=alt.Scale(zero=False, nice=False), axis=ticks)
    domain = alt.Scale(zero=axes.zero, nice=True)
    own = base.transform_filter("isValid(datum.value)")
    keys = list(series)
    legend, domain_of = alt.Legend(columns=columns_of(keys)), alt.Scale(domain=keys)
    shape: dict[str, Any] = {}
    if len(keys) > 1:
        own = own.encode(color=alt.Color("series:N", scale=domain_of, sort=keys, legend=legend))
        shape = {"shape": alt.Shape("series:N", scale=domain_of, sort=keys, legend=legend)}
    low, high = alt.Y("low:Q", title=axes.y, scale=domain), alt.Y2("high:Q")
    tooltip = rows.tooltip(**({"series": "of"} if len(keys) > 1 else {}), x=axes.x, value=axes.y, **rows.BOUNDS)
    y = alt.Y("value:Q", title=axes.y, scale=domain)
    return [
        own.mark_area(style="band").encode(x=x, y=low, y2=high),
        own.mark_line(style="curve").encode(x=x, y=y),
        own.mark_point(style="dot", filled=True).encode(x=x, y=y, tooltip=tooltip, **shape),
    ]


def _turns(base: alt.Chart) -> alt.Chart:
    return base.transform_filter("isValid(datum.turn)").mark_rule(style="reference").encode(x="turn:Q")


def _reference(axes: Axes) -> list[alt.Chart]:
    if axes.reference is None:
        return []
    return [alt.Chart(alt.InlineData(values=[{}])).mark_rule(style="reference").encode(y=alt.datum(axes.reference))]
