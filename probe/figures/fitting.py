"""Charts of the width that a place has: single views fill it, small multiples share it."""

from collections.abc import Callable
from typing import Any

import altair as alt

from .placement import width_of

Spec = dict[str, Any]

Chart = alt.TopLevelMixin
"""A chart of any kind."""

FIT = {"type": "fit-x", "contains": "padding"}
FILLING: dict[str, Any] = {"width": "container", "autosize": FIT}
"""Of single views: as wide as their place, axes and legends included."""

TYPE_SCALE = "type_scale"
"""The parameter of a chart that says how large type is, 1 where it is as usual; distances to type are times it."""

PARTS = ("hconcat", "vconcat", "concat")
USUAL = 12
"""Size of type, in px, for which the heights in charts are meant."""

NARROWEST = 96
"""Width of the narrowest panel of small multiples, in px where type is as usual."""


SQUARE = "square"
"""How the names of panels begin that are as high for their width as they were."""


def keeps_shape(spec: Spec) -> bool:
    """Whether a panel is as high for its width at any width."""
    return str(spec.get("name", "")).startswith(SQUARE)


def type_scale() -> Any:
    """The parameter for charts with distances to type."""
    return alt.param(name=TYPE_SCALE, value=1)


def is_single(spec: Spec) -> bool:
    """Whether the chart is one view (of one layer or more), which can fill its place by itself."""
    return "facet" not in spec and not any(part in spec for part in PARTS)


def fitted(spec: Spec, width: float, measured: Callable[[Spec], float]) -> Spec:
    """The chart `width` px wide, axes and legends included.

    `measured` says how wide a chart comes out. Panels side by side become fewer in a row where they would be too
    narrow. What stands beside the panels takes what it takes, so that the rest is found by trying twice.
    """
    size = float(spec.get("config", {}).get("axis", {}).get("titleFontSize", USUAL))
    spec = lower(spec, size / USUAL)
    if "params" in spec:
        spec = spec | {"params": [_sized(each, size / USUAL) for each in spec["params"]]}
    if is_single(spec):
        return spec | {"width": width, "autosize": FIT}
    spec = in_columns(spec, width * USUAL / size)
    factor = 1.0
    for _ in range(3):
        tried = scaled(spec, factor)
        left = width - measured(tried)
        if abs(left) < 1:
            break
        factor = max(0.05, factor + left / across(spec))
    return scaled(spec, factor)


def _sized(param: dict[str, Any], factor: float) -> dict[str, Any]:
    return param | {"value": factor} if param.get("name") == TYPE_SCALE else param


def lower(spec: Spec, factor: float) -> Spec:
    """The chart with the heights of its panels times a factor: of smaller type."""
    if "spec" in spec:
        return spec | {"spec": lower(spec["spec"], factor)}
    inner = {part: [lower(each, factor) for each in spec[part]] for part in PARTS if part in spec}
    if inner:
        return spec | inner
    height = spec.get("height")
    if keeps_shape(spec):
        return spec
    return spec if height is None else spec | {"height": round(height * factor, 1)}


def narrowest(*texts: str) -> dict[str, float]:
    """What a chart says of the narrowest width of its panels, in px where type is as usual: so that these texts fit."""
    return {"narrowest": round(max(NARROWEST, *(width_of(text, USUAL) for text in texts)))}


def in_columns(spec: Spec, width: float, least: float = NARROWEST) -> Spec:
    """The chart with as many panels side by side as are not too narrow, where a place is so wide for usual type."""
    least = spec.get("usermeta", {}).get("narrowest", least)
    inner = {part: [in_columns(each, width, least) for each in spec[part]] for part in PARTS if part in spec}
    if "columns" not in spec:
        return spec | inner
    return spec | inner | {"columns": min(int(spec["columns"]), max(1, int(width / least)))}


def scaled(spec: Spec, factor: float) -> Spec:
    """The chart with the widths of its panels, and nothing else, times a factor."""
    if "spec" in spec:
        return spec | {"spec": scaled(spec["spec"], factor)}
    inner = {part: [scaled(each, factor) for each in spec[part]] for part in PARTS if part in spec}
    if inner:
        return spec | inner
    high = {"height": round(spec["height"] * factor, 1)} if keeps_shape(spec) else {}
    return spec | {"width": round(spec["width"] * factor, 1)} | high


def across(spec: Spec) -> float:
    """The widths of the panels that stand side by side, in the widest row of the chart."""
    if "facet" in spec:
        return across(spec["spec"]) * int(spec.get("columns", 1))
    if "concat" in spec:
        return float(sum(sorted(map(across, spec["concat"]))[-int(spec.get("columns", len(spec["concat"]))) :]))
    if "hconcat" in spec:
        return sum(map(across, spec["hconcat"]))
    if "vconcat" in spec:
        return max(map(across, spec["vconcat"]))
    return float(spec["width"])
