"""The page: one HTML file that holds everything it needs, made from a template that writes all texts out as texts."""

from functools import cache
from pathlib import Path

from markupsafe import Markup

from hooks.settings import place

from .. import pages
from .content import Content

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

    template = pages.environment(__package__ or "").get_template("page.html.jinja")
    return template.render(
        content=content,
        themes={"light": themes.PAGE_LIGHT, "dark": themes.PAGE_DARK},
        css=_asset("page.css") + _asset("explorer.css"),
        scripts=[_library(), _asset("fitting.js"), _asset("explorer.js"), _asset("page.js")],
    )


def _asset(name: str) -> Markup:
    return Markup((ASSETS / name).read_text("utf-8"))


@cache
def _library() -> Markup:
    """Vega, Vega-Lite and their embedding, which draw the figures; once for the page."""
    import vl_convert

    bundle = vl_convert.javascript_bundle()  # pyright: ignore[reportCallIssue]  # its stub asks for a snippet
    return Markup(bundle.replace("</script", "<\\/script"))
