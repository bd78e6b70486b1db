"""A chart as SVG, PDF or PNG: no browser, no display, no network; the fonts come with matplotlib."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import vl_convert

from .fitting import Chart, fitted
from .themes import PAPER, PAPER_WIDTH, PICTURE

PICTURE_WIDTH = 720

_IDS = re.compile(r'(="|="url\(#)(gradient_|clip)\d+(?=["\)])')
_RESOURCES = re.compile(rb"(/(?:XObject|ExtGState|Shading|Pattern) <<\n)((?: +/\w+ \d+ 0 R\n)+)")


def svg(chart: Chart, theme: Mapping[str, Any] = PAPER, *, width: float = PAPER_WIDTH) -> str:
    """The chart as an SVG document, `width` px wide; texts are text in it."""
    _fonts()
    return numbered(vl_convert.vegalite_to_svg(_spec(chart, theme, width), allowed_base_urls=[]))


def numbered(document: str) -> str:
    """The SVG with its gradients and clips numbered from 0: Vega counts on through all charts of a process.

    >>> numbered('<g clip-path="url(#clip7)"/><clipPath id="clip7"/>')
    '<g clip-path="url(#clip0)"/><clipPath id="clip0"/>'
    """
    order: dict[str, int] = {}
    return _IDS.sub(
        lambda found: f"{found[1]}{found[2]}{order.setdefault(found[0][len(found[1]) :], len(order))}", document
    )


def pdf(chart: Chart, theme: Mapping[str, Any] = PAPER, *, width: float = PAPER_WIDTH) -> bytes:
    """The chart as a page of a PDF, `width` pt wide, with its fonts."""
    return in_order(vl_convert.svg_to_pdf(svg(chart, theme, width=width)))


def in_order(document: bytes) -> bytes:
    """The PDF with the names in each dictionary of resources sorted: they are written in another order each time.

    Of as many bytes, so that the table of offsets stays right. The order of several fonts is not put right: a theme for
    files of which the same chart is to give the same bytes has one font.
    """
    return _RESOURCES.sub(lambda found: found[1] + b"".join(sorted(found[2].splitlines(keepends=True))), document)


def png(chart: Chart, theme: Mapping[str, Any] = PICTURE, *, width: float = PICTURE_WIDTH) -> bytes:
    """The chart as a picture, twice as many pixels as `width`."""
    return vl_convert.svg_to_png(svg(chart, theme, width=width), scale=2)


def _spec(chart: Chart, theme: Mapping[str, Any], width: float) -> dict[str, Any]:
    def measured(spec: dict[str, Any]) -> float:
        # the document's own size stands at its beginning
        head = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])[:400]
        return float(head.partition(' width="')[2].partition('"')[0])

    return fitted(chart.to_dict() | {"config": dict(theme)}, width, measured)


@cache
def _fonts() -> None:
    vl_convert.register_font_directory(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf"))
