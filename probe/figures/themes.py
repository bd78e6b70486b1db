"""What charts look like where they are shown: Vega-Lite configurations, which hold every colour and size of type."""

from collections.abc import Mapping
from typing import Any

OKABE_ITO = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's palette, distinguished by most colour-blind readers."""

PAPER_WIDTH = 238
"""A column of 3.3 inches, in points; a pixel of a chart is a point of a PDF."""

ON_WHITE = ("#0072b2", "#c24f00", "#007a58", "#a3457a", "#7a5c00", "#3d6f99", "#4a4a4a")
ON_BLACK = ("#56b4e9", "#f0a13a", "#34c79b", "#e79cc6", "#f0e442", "#ff8f5a", "#d0d0d0")
"""The same hues with a contrast of at least 3 to 1 to the ground."""


def _theme(
    *,
    ink: str,
    muted: str,
    grid: str,
    ground: str | None,
    colours: tuple[str, ...],
    diverging: Any,
    font: str,
    size: float,
    small: float,
) -> dict[str, Any]:
    """A configuration from the ink of text and marks, that of what stands back, a ground, colours and type."""
    type_of = {"font": font, "fontWeight": "normal"}
    return {
        "background": ground,
        "font": font,
        "padding": 4,
        "view": {"stroke": None, "continuousHeight": 300, "continuousWidth": 600},
        **_guides(ink, muted, grid, font, size, small),
        "facet": {"spacing": 1.4 * size},
        "concat": {"spacing": 2.4 * size},
        "title": {**type_of, "color": ink, "fontSize": 1.15 * size, "anchor": "start", "subtitleColor": muted,
                  "subtitleFont": font, "subtitleFontSize": size, "offset": size},
        "text": {**type_of, "fontSize": small, "fill": ink},
        "point": {"size": 4.5 * size},
        "range": {"category": list(colours), "heatmap": {"scheme": "viridis"}, "ramp": {"scheme": "viridis"},
                  "diverging": diverging, "ordinal": {"scheme": "viridis"}},
        "style": _styles(ink, muted, colours, font, size, small),
    }  # fmt: skip


def _guides(ink: str, muted: str, grid: str, font: str, size: float, small: float) -> dict[str, Any]:
    """Axes, legends and the headers of panels."""
    text = {"labelFont": font, "titleFont": font, "labelFontWeight": "normal", "titleFontWeight": "normal"}
    inks = {"labelColor": ink, "titleColor": ink, "labelFontSize": small, "titleFontSize": size}
    thin = size / 12
    return {
        "axis": {
            **text, **inks, "domainColor": muted, "tickColor": muted, "gridColor": grid, "gridWidth": thin,
            "domainWidth": thin, "tickWidth": thin, "tickSize": size / 3, "labelLimit": 17 * size,
            "titlePadding": size / 2, "titleLimit": 60 * size,
        },
        "axisX": {"tickCount": 5, "labelFlush": False},
        "axisBand": {"grid": False, "ticks": False, "domain": False, "labelPadding": size / 2},
        "legend": {
            **text, **inks, "orient": "top", "title": None, "symbolStrokeWidth": 1.5 * thin, "symbolSize": 5 * size,
            "labelLimit": 28 * size, "columnPadding": size, "rowPadding": 2, "gradientThickness": 0.8 * size,
            "gradientLength": 9 * size, "titleLimit": 40 * size, "offset": size / 2, "labelOverlap": "greedy",
            "layout": {"bottom": {"anchor": "start", "direction": "vertical"}, "top": {"anchor": "start"}},
        },
        "header": {
            **text, **inks, "labelAnchor": "start", "labelOrient": "top", "labelLimit": 28 * size, "labelPadding": 3,
            "title": None,
        },
    }  # fmt: skip


def _styles(
    ink: str, muted: str, colours: tuple[str, ...], font: str, size: float, small: float
) -> dict[str, dict[str, Any]]:
    """The marks of charts, by the names that these give them."""
    thin = size / 12
    return {
        "dot": {"color": colours[0], "strokeWidth": 1.6 * thin, "size": 4.5 * size, "opacity": 1},
        "interval": {"color": colours[0], "strokeWidth": 1.6 * thin, "opacity": 1},
        "reference": {"color": muted, "strokeWidth": 1.2 * thin, "strokeDash": [4, 3]},
        "whole": {"color": muted, "strokeWidth": thin},
        "leader": {"color": muted, "strokeWidth": 0.7 * thin, "opacity": 0.8},
        "label": {"fill": ink, "fontSize": small, "font": font, "fontWeight": "normal"},
        "note": {"fill": muted, "fontSize": small, "font": font, "fontWeight": "normal"},
        "curve": {"strokeWidth": 1.8 * thin, "color": colours[0]},
        "band": {"opacity": 0.22, "color": colours[0]},
        "bar": {"color": colours[0], "opacity": 0.75},
        "cell": {"stroke": None},
        "sign": {"strokeWidth": 1.2 * thin, "size": 3.4 * size},
    }  # fmt: skip


AROUND_DARK = (
    "#8fd0ff", "#64abdd", "#4584b0", "#2f5d7d", "#2b353d", "#2c2d2e", "#3b342b", "#6f5222", "#a87626", "#d8983a",
    "#ffc173",
)  # fmt: skip
"""From blue to orange through a dark grey, on which 0 does not shine."""

SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

PAGE_LIGHT: Mapping[str, Any] = _theme(
    ink="#1f2328", muted="#59636e", grid="#e3e6ea", ground="transparent", colours=ON_WHITE,
    diverging={"scheme": "blueorange"}, font=SANS, size=12, small=11,
)  # fmt: skip
"""On a page with a light ground."""

PAGE_DARK: Mapping[str, Any] = _theme(
    ink="#e6e8ea", muted="#a2abb5", grid="#33383e", ground="transparent", colours=ON_BLACK,
    diverging=list(AROUND_DARK), font=SANS, size=12, small=11,
)  # fmt: skip
"""On a page with a dark ground."""

PICTURE: Mapping[str, Any] = {**PAGE_LIGHT, "background": "#ffffff"}
"""A picture file or a notebook: as on a light page, with its ground."""

PAPER: Mapping[str, Any] = _theme(
    ink="#000000", muted="#555555", grid="#e5e5e5", ground="#ffffff", colours=OKABE_ITO,
    diverging={"scheme": "blueorange"}, font="STIXGeneral, 'STIX Two Text', 'Times New Roman', 'DejaVu Sans', serif",
    size=8, small=7.5,
)  # fmt: skip
"""One column of a paper: 3.3 inches wide, serif, 7.5 and 8 pt, of one weight."""
