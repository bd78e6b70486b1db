"""Figures, drawn without a display and without global state."""

import io
import re
from pathlib import Path
from typing import Any

import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..foreign_text import figure as label

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's palette, distinguished by most colour-blind readers."""

IN_LEGEND = 28
"""Characters of a name in a legend: longer ones leave a small figure no room."""

STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: which characters it has is known
    "font.size": 9,
    "text.parse_math": False,  # a $ in a name is one
    "text.usetex": False,
    "axes.formatter.use_mathtext": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "axes.axisbelow": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "vlm-undertow",
}


def stability_map(data: xr.Dataset) -> Figure:
    """What moved inside against what moved outside, a point per family with both 95 % intervals.

    In: the overview's ifr and drift_percent (family, bound). Right means answers flip; up means states drift. The upper
    left is hidden instability: nothing to see outside, much inside. At 100 % a state lies as far from its clean self as
    unrelated ones lie. Controls are hollow.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.add_subplot()
        unions = data.attrs["unions"]
        points = data[["ifr", "drift_percent"]].sel(bound="estimate").to_dataframe().dropna()
        rows = [name for name in points.index if name not in unions]
        for position, name in enumerate(rows):
            one = data.sel(family=name)
            colour, marker = COLOURS[position % len(COLOURS)], "oDs^v"[position // len(COLOURS) % 5]
            is_control = not any(name in held for held in unions.values())
            _point(axes, name, 100 * one.ifr.values, one.drift_percent.values, colour, marker, hollow=is_control)
        axes.set_xlabel("answers that flipped [%]")
        whole = data.attrs["drift_at"].partition(" in % of ")[2]
        axes.set_ylabel(f"drift of the state\n[% of {label(whole)}]")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        figure.legend(loc="outside right upper", frameon=False)
        counted = f"{data.attrs['images']} images, {data.attrs['samples']} questions"
        subject = f"{label(data.attrs['model'])} on {label(data.attrs['dataset'])}"
        axes.set_title(f"{subject}: {label(counted)}\n{label(data.attrs['site_layer'])}", loc="left", fontsize=9)
    return figure


def _point(
    axes: Axes, name: str, across: NDArray[Any], up: NDArray[Any], colour: str, marker: str, *, hollow: bool
) -> None:
    axes.errorbar(
        across[0],
        up[0],
        xerr=_arms(across),
        yerr=_arms(up),
        fmt=marker,
        color=colour,
        markersize=6,
        markerfacecolor="white" if hollow else colour,
        elinewidth=1,
        label=label(name, longest=IN_LEGEND) if name else "_",
    )


def _arms(values: NDArray[Any]) -> list[list[float]]:
    """How far an interval reaches below and above its estimate; 0 where the estimate lies beyond it."""
    estimate, low, high = map(float, values)
    return [[max(0.0, estimate - low)], [max(0.0, high - estimate)]]


def quality_against_language(data: xr.Dataset, quality: str) -> Figure:
    """What segmentation loses against what is said worse, a panel per measure and a point per condition and model.

    In: drop (segmenter, quality, condition, bound) and increase (measure, condition, bound), shares. Clean would be the
    point (0, 0).
    """
    measures = data.measure.values.tolist()
    with rc_context(STYLE):
        figure = Figure(figsize=(2.6 * len(measures), 2.8), layout="constrained")
        panels = figure.subplots(1, len(measures), sharex=True, squeeze=False)[0]
        for axes, measure in zip(panels, measures, strict=True):
            for position, model in enumerate(data.segmenter.values.tolist()):
                for condition in data.condition.values.tolist():
                    at = {"segmenter": model, "condition": condition}
                    across = 100 * data["drop"].sel(quality=quality, **at).values
                    up = 100 * data.increase.sel(measure=measure, **at).values
                    name = str(model) if condition == data.condition.values[0] else ""
                    _point(axes, name, across, up, COLOURS[position % len(COLOURS)], "o", hollow=False)
            axes.set_title(label(measure, longest=IN_LEGEND), fontsize=9)
            axes.set_xlabel(label(f"drop of {quality} [points]"))
        panels[0].set_ylabel("over clean [points]")
        panels[-1].legend(frameon=False, fontsize=8)
    return figure


def svg(figure: Figure) -> str:
    """The figure as an SVG element to be put into a page."""
    buffer = io.StringIO()
    with rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    element = re.sub(r"^.*?(?=<svg)", "", buffer.getvalue(), flags=re.DOTALL)
    return re.sub(r"<metadata>.*?</metadata>\s*", "", element, flags=re.DOTALL)


def png(figure: Figure, path: Path) -> None:
    """The figure as a picture file."""
    with rc_context(STYLE):
        figure.savefig(path, dpi=160)
