"""Dots with their 95 % intervals, a line for each label: what most analyses come to."""

from collections.abc import Mapping, Sequence

import altair as alt
import xarray as xr

from . import dots, rows
from .fitting import FILLING, Chart
from .placement import columns_of
from .words import distinct, in_lines

STEP, NARROW = 17, 14
"""Height of a line in px where it holds one dot, and for each dot where it holds several."""


def chart(
    values: Mapping[str, xr.DataArray],
    *,
    along: str,
    axis: str,
    about: str,
    scale: float = 1.0,
    unions: Mapping[str, Sequence[str]] | None = None,
    without: Sequence[str] = (),
    reference: float | None = None,
) -> Chart | None:
    """(along, [bound]) numbers by name, each a colour; None where none is defined.

    `axis` is the title of the axis with its unit, `about` the description for who does not see it. `unions` say which
    families are taken together; those in none are controls, and hollow. Labels in `without` are left out; `reference`
    is a number with a line.
    """
    made = [
        {**row, "series": name}
        for name, each in values.items()
        for row in rows.of(each.reset_coords(drop=True), scale=scale)
        if str(row[along]) not in without
    ]
    if not made:
        return None
    order = [name for each in values.values() for name in each[along].values.tolist()]
    names = distinct(name for name in order if any(row[along] == name for row in made))
    role = rows.roles(list(names), unions or {})
    series = distinct(dict.fromkeys(row["series"] for row in made), longest=48)
    shown = [
        {"label": names[str(row[along])], "series": series[row["series"]], "role": role[str(row[along])],
         **{name: row[name] for name in ("value", "low", "high")}}
        for row in made
    ]  # fmt: skip
    base = alt.Chart(rows.inline(shown)).encode(
        y=alt.Y("label:N", sort=list(names.values()), title=None, scale=alt.Scale(paddingInner=0.25, paddingOuter=0.15))
    )
    base = _coloured(base, list(series.values()))
    tip = rows.tooltip(label=along, **({"series": "of"} if len(series) > 1 else {}), value=axis, **rows.BOUNDS)
    layers = [*_reference(reference), *_lines(base, axis, tip, shown)]
    height = len(names) * (NARROW * len(series) if len(series) > 1 else STEP)
    return alt.layer(*layers).properties(**FILLING, height=height, description=about)


def _coloured(base: alt.Chart, series: list[str]) -> alt.Chart:
    if len(series) < 2:
        return base
    scale = alt.Scale(domain=series)
    return base.encode(
        yOffset=alt.YOffset("series:N", sort=series, scale=alt.Scale(domain=series, paddingOuter=0.1)),
        color=alt.Color("series:N", sort=series, scale=scale, legend=alt.Legend(columns=columns_of(series))),
    )


def _lines(base: alt.Chart, axis: str, tip: list[alt.Tooltip], shown: Sequence[rows.Row]) -> list[alt.Chart]:
    """The intervals, then the dots upon them."""
    title = in_lines(axis)
    x = alt.X("value:Q", title=title, scale=alt.Scale(zero=True, nice=True))
    bars = base.mark_rule(style="interval").encode(x=alt.X("low:Q", title=title), x2="high:Q")
    return [bars, *(layer.encode(x=x, tooltip=tip) for layer in dots.of(base, shown))]


def _reference(number: float | None) -> list[alt.Chart]:
    if number is None:
        return []
    return [alt.Chart(alt.InlineData(values=[{"at": number}])).mark_rule(style="reference").encode(x="at:Q")]
