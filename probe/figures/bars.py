"""Bars from 0 with their 95 % intervals: numbers that are ratios to a reference, which is a line."""

from collections.abc import Sequence

import altair as alt
import xarray as xr

from . import rows
from .fitting import FILLING, Chart
from .placement import columns_of
from .words import distinct, in_lines

STEP, NARROW = 18, 15
"""Height of a line in px, and for each bar where there are several."""


def chart(
    values: xr.DataArray,
    *,
    along: str,
    axis: str,
    about: str,
    series: str | None = None,
    reference: float | None = None,
) -> Chart | None:
    """(along, [series], [bound]) numbers, a bar for each label; of several series side by side in colours."""
    made = rows.of(values.reset_coords(drop=True))
    if not made:
        return None
    names = rows.shown_names(made, along)
    groups = distinct((str(row[series]) for row in made), longest=48) if series else {}
    shown = [
        {"label": names[str(row[along])], **{name: row[name] for name in ("value", "low", "high")}}
        | ({"series": groups[str(row[series])]} if series else {})
        for row in made
    ]
    base = _coloured(alt.Chart(rows.inline(shown)), list(names.values()), list(groups.values()))
    tip = rows.tooltip(label=along, value=axis, **rows.BOUNDS)
    bars = base.mark_bar(style="bar").encode(
        x=alt.X("value:Q", title=in_lines(axis), scale=alt.Scale(zero=True)),
        tooltip=tip,
    )
    arms = base.mark_rule(style="whole").encode(x=alt.X("low:Q", title=in_lines(axis)), x2="high:Q")
    line = (
        []
        if reference is None
        else [alt.Chart(alt.InlineData(values=[{"at": reference}])).mark_rule(style="reference").encode(x="at:Q")]
    )
    height = len(names) * (NARROW * len(groups) if len(groups) > 1 else STEP)
    return alt.layer(bars, arms, *line).properties(**FILLING, height=height, description=about)


def _coloured(base: alt.Chart, names: Sequence[str], groups: Sequence[str]) -> alt.Chart:
    y = alt.Y("label:N", sort=list(names), title=None, scale=alt.Scale(paddingInner=0.25, paddingOuter=0.15))
    if len(groups) < 2:
        return base.encode(y=y)
    scale = alt.Scale(domain=list(groups))
    offset = alt.YOffset("series:N", sort=list(groups), scale=alt.Scale(domain=list(groups), paddingInner=0.1))
    legend = alt.Legend(columns=columns_of(groups))
    color = alt.Color("series:N", sort=list(groups), scale=scale, legend=legend)
    return base.encode(y=y, yOffset=offset, color=color)
