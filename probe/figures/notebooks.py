"""Charts in notebooks: of a width and a theme of their own."""

from typing import Any

from .fitting import Chart
from .themes import PICTURE

WIDTH = 640
"""Width of a single view in px; small multiples keep theirs."""


def shown(chart: Chart) -> Chart:
    """The same chart for a notebook."""
    given: Any = chart
    whole = given.copy()
    if getattr(whole, "width", None) == "container":
        whole = whole.properties(width=WIDTH)
    legend = {name: value for name, value in PICTURE["legend"].items() if name != "layout"}  # Vega's alone
    return whole.properties(config={**PICTURE, "legend": legend})
