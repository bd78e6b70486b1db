"""The plane of hidden instability: how far a pair's state moved against the margin that its answer still has."""

from typing import Any

import altair as alt
import numpy as np

from .pairs import Json, number
from .population import Density

COLOURS = {"kept": "#0072b2", "flipped": "#d55e00"}
SHAPES = {"kept": "circle", "flipped": "triangle-up"}
HEIGHT = 340
BACKGROUND = "#808080"
"""Of the density: a grey that shows on light and on dark paper."""


OPENED = "opened"
"""The signal that holds the key of the pair that is open; its point is drawn larger."""


def points(data: Json) -> list[Json]:
    """A point for each shown pair that has a place on the plane; `data` is an explorer's."""
    found: list[Json] = []
    for pair in data["pairs"]:
        values = pair["margin"], pair["drift"], pair["flipped"]
        if None not in values:
            sample, condition = data["samples"][pair["sample"]], data["conditions"][pair["condition"]]
            found.append(
                {
                    "key": pair["key"],
                    "margin": pair["margin"],
                    "drift": pair["drift"],
                    "answer": "flipped" if pair["flipped"] else "kept",
                    "of sample": sample["id"],
                    "under": condition["id"],
                }
            )
    return found


def chart(shown: list[Json], density: Density | None, scale: str) -> alt.LayerChart:
    """Points by their margin [nats] and drift [%]; behind them the density of all pairs, where there are more."""
    layers = [] if density is None else [_cells(density)]
    layers += [_line("margin", 0, x=True), _line("drift", 100, x=False), _points(shown)]
    x, y = axes(scale)
    described = f"{len(shown):,} pairs of a sample and a condition: margin in nats across, drift in % up."
    return alt.layer(*layers).encode(x=x, y=y).properties(width="container", height=HEIGHT, description=described)


def axes(scale: str) -> tuple[alt.X, alt.Y]:
    """The margin across and drift up, with their units; `scale` says what 100 % is."""
    across = alt.X("margin:Q", title=["margin of the clean answer [nats]", "below 0 the answer has flipped"])
    title = ["drift of the state", f"[% of {scale}]"]
    return across, alt.Y("drift:Q", title=title, scale=alt.Scale(zero=True))


def _points(shown: list[Json]) -> alt.Chart:
    names = list(COLOURS)
    legend = alt.Legend(title="answer", orient="top")
    is_opened = f"datum.key === {OPENED}"
    return (
        alt.Chart(alt.InlineData(values=shown), name="pairs")
        .mark_point(filled=True, opacity=0.75, cursor="pointer")
        .add_params(alt.param(name=OPENED, value=""))
        .encode(
            size=alt.condition(is_opened, alt.value(260), alt.value(45)),
            color=alt.Color("answer:N", scale=alt.Scale(domain=names, range=list(COLOURS.values())), legend=legend),
            shape=alt.Shape("answer:N", scale=alt.Scale(domain=names, range=list(SHAPES.values())), legend=legend),
            tooltip=[
                alt.Tooltip("of sample:N"),
                alt.Tooltip("under:N"),
                alt.Tooltip("answer:N"),
                alt.Tooltip("margin:Q", title="margin [nats]", format=".2f"),
                alt.Tooltip("drift:Q", title="drift [%]", format=".0f"),
            ],
        )
    )


def _cells(density: Density) -> alt.Chart:
    counted = alt.Opacity("pairs:Q", scale=alt.Scale(type="log", range=[0.15, 0.6]), legend=None)
    return (
        alt.Chart(alt.InlineData(values=cells(density)), name="all_pairs")
        .mark_rect(color=BACKGROUND)
        .encode(
            x2="margin_to:Q",
            y2="drift_to:Q",
            opacity=counted,
            tooltip=[
                alt.Tooltip("pairs:Q", format=","),
                alt.Tooltip("kept:Q", format=","),
                alt.Tooltip("flipped:Q", format=","),
            ],
        )
    )


def cells(density: Density) -> list[Json]:
    """The cells that hold a pair, with how many."""
    edges = {"margin": density.margin_edges, "drift": density.drift_edges}
    found: list[Json] = []
    for place in zip(*np.nonzero(density.kept + density.flipped), strict=True):
        corner: dict[str, Any] = {}
        for (axis, bounds), at in zip(edges.items(), place, strict=True):
            corner |= {axis: number(bounds[at]), f"{axis}_to": number(bounds[at + 1])}
        kept, flipped = int(density.kept[place]), int(density.flipped[place])
        found.append(corner | {"pairs": kept + flipped, "kept": kept, "flipped": flipped})
    return found


def _line(field: str, at: float, *, x: bool) -> alt.Chart:
    line = alt.Chart(alt.InlineData(values=[{field: at}])).mark_rule(color=BACKGROUND, strokeDash=[4, 4])
    return (
        line.encode(y=alt.value(HEIGHT), y2=alt.value(0)) if x else line.encode(x=alt.value(0), x2=alt.value("width"))
    )
