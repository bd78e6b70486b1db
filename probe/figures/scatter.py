"""Small multiples of points with both intervals, a colour for each of several series."""

import altair as alt
import xarray as xr

from . import rows
from .fitting import Chart, narrowest
from .placement import columns_of

PANEL, COLUMNS = 150, 3


def chart(
    x: xr.DataArray, y: xr.DataArray, *, panel: str, point: str, series: str, across: str, up: str, about: str,
    scale: float = 1.0,
) -> Chart | None:  # fmt: skip
    """(series, point, [bound]) numbers against (series, panel, point, [bound]) ones, a panel for each of `panel`.

    `across` and `up` are the titles of the axes with their units.
    """
    at = {(str(row[series]), str(row[point])): row for row in rows.of(x.reset_coords(drop=True), scale=scale)}
    made = [row for row in rows.of(y.reset_coords(drop=True), scale=scale) if (str(row[series]), str(row[point])) in at]
    if not made:
        return None
    names = {dim: rows.shown_names(made, dim, longest=28) for dim in (panel, point, series)}
    shown = [_shown(row, at[str(row[series]), str(row[point])], names, panel, point, series) for row in made]
    layers = _points(list(names[series].values()), across, up, point, series)
    order = list(names[panel].values())
    return (
        alt.layer(*layers, data=rows.inline(shown))
        .properties(width=PANEL, height=PANEL)
        .facet(facet=alt.Facet("panel:N", sort=order, title=None), columns=min(COLUMNS, len(order)))
        .properties(description=about, usermeta=narrowest(across, *order))
    )


def _points(keys: list[str], across: str, up: str, point: str, series: str) -> list[alt.Chart]:
    """The layers of a panel: a cross of both intervals, and a point on it."""
    base = alt.Chart()
    if len(keys) > 1:
        base = base.encode(
            color=alt.Color(
                "series:N", sort=keys, scale=alt.Scale(domain=keys), legend=alt.Legend(columns=columns_of(keys))
            )
        )
    right, above = {"title": across, "scale": alt.Scale(zero=True)}, {"title": up, "scale": alt.Scale(zero=True)}
    arms = base.mark_rule(style="interval", opacity=0.4)
    tip = rows.tooltip(
        label=point,
        series=series,
        x=across,
        x_low="across, 95 % from",
        x_high="across, 95 % to",
        y=up,
        y_low="up, 95 % from",
        y_high="up, 95 % to",
    )
    return [
        arms.encode(x=alt.X("x_low:Q", **right), x2="x_high:Q", y=alt.Y("y:Q", **above)),
        arms.encode(x=alt.X("x:Q", **right), y=alt.Y("y_low:Q", **above), y2="y_high:Q"),
        base.mark_point(style="dot", filled=True).encode(
            x=alt.X("x:Q", **right), y=alt.Y("y:Q", **above),
            tooltip=tip,
        ),
    ]  # fmt: skip


def _shown(row: rows.Row, other: rows.Row, names: rows.Row, panel: str, point: str, series: str) -> rows.Row:
    text = {"panel": panel, "label": point, "series": series}
    return {key: names[dim][str(row[dim])] for key, dim in text.items()} | {
        "x": other["value"], "x_low": other["low"], "x_high": other["high"],
        "y": row["value"], "y_low": row["low"], "y_high": row["high"],
    }  # fmt: skip
