"""Several charts of one analysis, one below the other."""

from typing import Any

import altair as alt

WIDTH = 600
"""Width of the panels, in px, until they are fitted to their place: no row of small ones is wider."""


def chart(*charts: Any) -> Any:
    """The charts that there are, one below the other; None where there is none."""
    found = [each for each in charts if each is not None]
    if len(found) < 2:
        return found[0] if found else None
    about = " ".join(str(each.description) for each in found)
    parts = [_bare(each) for each in found]
    whole = alt.vconcat(*parts).resolve_scale(
        color="independent", shape="independent", size="independent", yOffset="independent"
    )
    least = [each.usermeta["narrowest"] for each in found if each.usermeta is not alt.Undefined]
    return whole.properties(description=about, **({"usermeta": {"narrowest": max(least)}} if least else {}))


def _bare(one: Any) -> Any:
    """A chart as a part of another: of a width of its own, and described by the whole."""
    part = one.copy()
    part.description, part.usermeta = alt.Undefined, alt.Undefined
    if getattr(part, "width", None) == "container":
        part.width, part.autosize = WIDTH, alt.Undefined
    return part
