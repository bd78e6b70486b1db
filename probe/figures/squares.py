"""Fourier heat maps: what single waves do, by cycles across and down the picture."""

from collections.abc import Mapping
from dataclasses import dataclass

import altair as alt
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import rows
from .fitting import SQUARE, Chart
from .words import in_lines

SIDE = 200
"""Width of a map in px: it is as high as it is wide where it has as many cycles down as across."""


@dataclass(frozen=True)
class Map:
    """(i, j, [bound]) numbers of waves by cycles down and across, the title of the colours with their unit."""

    values: xr.DataArray
    legend: str
    scale: float = 1.0


def chart(maps: Mapping[str, Map], *, about: str) -> Chart | None:
    """The maps side by side, those without a number left out; None where none has any."""
    made = [(each, rows.of(each.values, scale=each.scale)) for each in maps.values()]
    panels = [_panel(each, found, number) for number, (each, found) in enumerate(made) if found]
    if not panels:
        return None
    return (
        alt.concat(*panels, columns=3)
        .resolve_scale(color="independent")
        .properties(description=about, usermeta={"narrowest": 150})
    )


def _panel(one: Map, found: list[rows.Row], number: int) -> alt.Chart:
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy", grid=False)
    sort = {name: _all_between(one.values[name].values) for name in ("i", "j")}
    high = round(SIDE * len(sort["i"]) / max(1, len(sort["j"])))
    return (
        alt.Chart(rows.inline(found))
        .mark_rect(style="cell")
        .encode(
            x=alt.X("j:O", sort=sort["j"], scale=alt.Scale(domain=sort["j"]), axis=axis, title="cycles across, j"),
            y=alt.Y("i:O", sort=sort["i"], scale=alt.Scale(domain=sort["i"]), axis=axis, title="cycles down, i"),
            color=alt.Color("value:Q", legend=alt.Legend(title=in_lines(one.legend, longest=16), orient="top")),
            tooltip=rows.tooltip(i="cycles down", j="cycles across", value=one.legend, **rows.BOUNDS),
        )
        .properties(width=SIDE, height=min(high, 2 * SIDE), name=f"{SQUARE}_{number}")
    )


def _all_between(numbers: NDArray[np.float64]) -> list[int]:
    """The whole numbers from the least to the greatest: waves that were not run are gaps."""
    return list(range(int(numbers.min()), int(numbers.max()) + 1))
