"""A plane of points with both intervals, each with its name beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import xarray as xr

from . import dots, rows
from .fitting import FILLING, TYPE_SCALE, Chart, type_scale
from .placement import Plane, Strip, places, width_of
from .words import distinct, in_lines

HEIGHT, TYPE = 380, 11
WIDTHS = (265.0, 400.0, 560.0, 720.0)
"""Widths of the plane, in px, at which labels are kept apart: from a telephone to a wide page."""


@dataclass(frozen=True)
class Axis:
    """What is set along one axis: (label, bound) numbers, the title with its unit, what they are multiplied by."""

    values: xr.DataArray
    title: str
    scale: float = 1.0


@dataclass(frozen=True)
class Line:
    """A height to be marked, and what it means."""

    at: float
    meaning: str


def chart(
    x: Axis, y: Axis, *, along: str, about: str, unions: Mapping[str, Sequence[str]] | None = None,
    without: Sequence[str] = (), line: Line | None = None,
) -> Chart | None:  # fmt: skip
    """A point for each label that has both numbers, controls hollow; None where there is none."""
    across, up = ({str(row[along]): row for row in rows.of(axis.values, scale=axis.scale)} for axis in (x, y))
    held = [name for name in across if name in up and name not in without]
    if not held:
        return None
    names, role = distinct(held), rows.roles(held, unions or {})
    spans = [_span([each[name] for name in held]) for each in (across, up)]
    if line is not None and spans[1][1] < line.at <= 3 * spans[1][1]:
        spans[1] = (spans[1][0], line.at * 1.08)
    points = [(_share(across[name], spans[0]), _share(up[name], spans[1])) for name in held]
    found = places(Plane(points, [names[name] for name in held], WIDTHS, HEIGHT, TYPE, _taken(line, spans[1])))
    shown = [
        {"label": names[name], "role": role[name], "x": across[name]["value"], "x_low": across[name]["low"],
         "x_high": across[name]["high"], "y": up[name]["value"], "y_low": up[name]["low"], "y_high": up[name]["high"],
         "dx": place.dx, "dy": place.dy, "align": place.align, "far": place.is_far}
        for name, place in zip(held, found, strict=True)
    ]  # fmt: skip
    base = alt.Chart(rows.inline(shown))
    at_x = alt.X(title=in_lines(x.title), scale=alt.Scale(domain=list(spans[0]), nice=False))
    at_y = alt.Y(title=y.title, scale=alt.Scale(domain=list(spans[1]), nice=False))
    tip = rows.tooltip(
        label=along,
        x=x.title,
        x_low="across, 95 % from",
        x_high="across, 95 % to",
        y=y.title,
        y_low="up, 95 % from",
        y_high="up, 95 % to",
    )
    layers = [*_line(line, spans[1]), *_points(base, at_x, at_y, tip, shown), *_labels(base, shown)]
    return alt.layer(*layers).add_params(type_scale()).properties(**FILLING, height=HEIGHT, description=about)


def _taken(line: Line | None, span: tuple[float, float]) -> tuple[Strip, ...]:
    """Where the line and what it means stand."""
    if line is None:
        return ()
    wide = width_of(line.meaning, TYPE) + 4
    if line.at > span[1]:
        return (Strip(1.0, wide + width_of("↑ : far above", TYPE)),)
    up = (line.at - span[0]) / (span[1] - span[0])
    return (Strip(up + 10 / HEIGHT, wide), Strip(up, None))


def _share(row: rows.Row, span: tuple[float, float]) -> float:
    return (row["value"] - span[0]) / (span[1] - span[0])


def _span(found: Sequence[rows.Row]) -> tuple[float, float]:
    """From 0, or below where numbers are, to a little beyond the ends of all intervals."""
    ends = [each for row in found for each in (row["value"], row["low"], row["high"]) if each is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.04 * ((high - low) or 1.0)
    return (low - room if low < 0 else -room / 2, high + room)


def _points(base: alt.Chart, x: alt.X, y: alt.Y, tip: list[alt.Tooltip], shown: Sequence[rows.Row]) -> list[alt.Chart]:
    def of(channel: Any, field: str) -> Any:
        whole = channel.copy()
        whole.shorthand = f"{field}:Q"
        return whole

    thin = base.mark_rule(style="interval", opacity=0.55)
    return [
        thin.encode(x=of(x, "x_low"), x2="x_high:Q", y=of(y, "y")),
        thin.encode(x=of(x, "x"), y=of(y, "y_low"), y2="y_high:Q"),
        *(layer.encode(x=of(x, "x"), y=of(y, "y"), tooltip=tip) for layer in dots.of(base, shown)),
    ]


def _labels(base: alt.Chart, shown: Sequence[rows.Row]) -> list[alt.Chart]:
    leaders = (
        base.transform_filter("datum.far")
        .mark_rule(
            style="leader", x2Offset=alt.expr(f"datum.dx * {TYPE_SCALE}"), y2Offset=alt.expr(f"datum.dy * {TYPE_SCALE}")
        )
        .encode(x="x:Q", x2="x:Q", y="y:Q", y2="y:Q")
    )
    texts = [
        base.transform_filter(f"datum.align == '{align}'")
        .mark_text(
            style="label",
            align=align,
            baseline="middle",
            dx=alt.expr(f"datum.dx * {TYPE_SCALE}"),
            dy=alt.expr(f"datum.dy * {TYPE_SCALE}"),
        )
        .encode(x="x:Q", y="y:Q", text="label:N")
        for align in ("left", "right", "center")
        if any(row["align"] == align for row in shown)
    ]
    return [*([leaders] if any(row["far"] for row in shown) else []), *texts]


def _line(line: Line | None, span: tuple[float, float]) -> list[alt.Chart]:
    if line is None:
        return []
    if line.at > span[1]:
        far = alt.Chart(alt.InlineData(values=[{"text": f"↑ {line.meaning}: far above"}]))
        return [
            far.mark_text(style="note", align="right", baseline="top", dx=-2, dy=2).encode(
                x=alt.value("width"), y=alt.value(0), text="text:N"
            )
        ]
    base = alt.Chart(alt.InlineData(values=[{"y": line.at, "text": line.meaning}]))
    return [
        base.mark_rule(style="reference").encode(y="y:Q"),
        base.mark_text(style="note", align="right", baseline="bottom", dx=-2, dy=-2).encode(
            x=alt.value("width"), y="y:Q", text="text:N"
        ),
    ]
