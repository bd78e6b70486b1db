"""Colours by two kinds of labels: classes by conditions, or by families."""

from collections.abc import Sequence

import altair as alt
import xarray as xr

from . import rows
from .fitting import FILLING, Chart
from .words import in_lines

STEP = 16


def chart(
    values: xr.DataArray,
    *,
    across: str,
    up: str,
    legend: str,
    about: str,
    scale: float = 1.0,
    panel: str | None = None,
    without: Sequence[str] = (),
) -> Chart | None:
    """(across, up, [panel], [bound]) numbers as colours; `legend` is their title with the unit."""
    made = [row for row in rows.of(values.reset_coords(drop=True), scale=scale) if row[across] not in without]
    if not made:
        return None
    names = {dim: rows.shown_names(made, dim) for dim in (across, up, *([panel] if panel else []))}
    shown = [
        {"column": names[across][str(row[across])], "label": names[up][str(row[up])]}
        | {name: row[name] for name in ("value", "low", "high")}
        | ({"panel": names[panel][str(row[panel])]} if panel else {})
        for row in made
    ]
    axis = alt.Axis(labelAngle=-45, labelAlign="right", ticks=False, domain=False, grid=False)
    whole = (
        alt.Chart(rows.inline(shown))
        .mark_rect(style="cell")
        .encode(
            x=alt.X("column:N", sort=list(names[across].values()), title=None, axis=axis),
            y=alt.Y("label:N", sort=list(names[up].values()), title=None),
            color=alt.Color("value:Q", scale=alt.Scale(zero=True), legend=alt.Legend(title=in_lines(legend))),
            tooltip=rows.tooltip(label=up, column=across, value=legend, **rows.BOUNDS),
        )
        .properties(height=STEP * len(names[up]))
    )
    if panel is None or len(names[panel]) < 2:
        return whole.properties(**FILLING, description=about)
    return (
        whole.properties(width=500)
        .facet(facet=alt.Facet("panel:N", sort=list(names[panel].values()), title=None), columns=1)
        .properties(description=about)
    )
