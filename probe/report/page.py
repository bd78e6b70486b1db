"""The page: one HTML file that holds everything it needs, made from a template that writes all texts out as texts."""

import math
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hooks.settings import place

from ..foreign_text import block
from .content import Content
from .explorer import embedded

ASSETS = Path(__file__).with_name("assets")


def write(content: Content, path: Path) -> Path:
    """Write the page; it needs no network and no other file."""
    path = Path(place("page", path))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(content), "utf-8", errors="backslashreplace")
    return path


def render(content: Content) -> str:
    """The page as HTML."""
    from ..figures import themes

    template = _environment().get_template("page.html.jinja")
    return template.render(
        content=content,
        themes={"light": themes.PAGE_LIGHT, "dark": themes.PAGE_DARK},
        css=_asset("page.css") + _asset("explorer.css"),
        scripts=[_library(), _asset("fitting.js"), _asset("explorer.js"), _asset("page.js")],
    )


def safe(value: Any) -> Any:
    """What the template writes of a value: what acts or hides is written out; the template escapes the rest."""
    return block(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def as_data(value: Any) -> Markup:
    """A value as JSON between script tags: nothing in it ends the element."""
    return Markup(embedded(value))


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("probe.report", "assets"),
        autoescape=True,
        finalize=safe,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["as_data"] = as_data
    made.tests["defined_number"] = lambda number: not math.isnan(number)
    return made


def _asset(name: str) -> Markup:
    return Markup((ASSETS / name).read_text("utf-8"))


@cache
def _library() -> Markup:
    """Vega, Vega-Lite and their embedding, which draw the figures; once for the page."""
    import vl_convert

    bundle = vl_convert.javascript_bundle()  # pyright: ignore[reportCallIssue]  # its stub asks for a snippet
    return Markup(bundle.replace("</script", "<\\/script"))
