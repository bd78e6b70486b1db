"""The page of an image: the words at its places, laid over its pictures, with a slider for the layer."""

from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from hooks.settings import place

from .. import pages, thumbnails
from ..foreign_text import block, line
from ..report.seen_part import seen_part
from . import papers
from .read import Looked, Seen
from .summary import visible

ASSETS = Path(__file__).with_name("assets")

LONGEST_WORD = 40
"""Characters of a word that are shown."""

LONGEST_SIDE = 640
"""The longer edge of a picture, in px."""


def write(looked: Looked, path: Path) -> Path:
    """Write the page; it needs no network and no other file."""
    path = Path(place("page", path))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(looked), "utf-8", errors="backslashreplace")
    return path


def render(looked: Looked) -> str:
    """The page as HTML."""
    template = pages.environment(__package__ or "").get_template("page.html.jinja")
    return template.render(
        looked=looked,
        data=data(looked),
        bibtex=papers.SOURCES,
        css=_asset("page.css"),
        script=_asset("page.js"),
    )


def data(looked: Looked) -> dict[str, Any]:
    """What the script draws, with texts in which nothing acts or hides, and words as places in a list of them."""
    number_of = {word: number for number, word in enumerate(looked.texts)}
    return {
        "layers": list(looked.layers),
        "words": [line(visible(text), longest=LONGEST_WORD) for text in looked.texts.values()],
        "conditions": [_condition(looked, each, number_of) for each in looked.seen],
    }


def _condition(looked: Looked, seen: Seen, number_of: dict[int, int]) -> dict[str, Any]:
    return {
        "name": block(seen.condition),
        "pictures": _pictures(looked, seen),
        "words": np.vectorize(number_of.__getitem__, otypes=[int])(seen.words.ids).tolist(),
        "logits": _rounded(seen.words.logits, 2),
        "probabilities": _rounded(seen.words.probabilities, 4),
    }


def _pictures(looked: Looked, seen: Seen) -> list[dict[str, Any]]:
    """Each picture with its grid, and whether and where this lies on it; tiles and bare positions have no place there.

    The grid of a picture that is cut into tiles, or whose tokens are no patches of it, is drawn below.
    """
    made: list[dict[str, Any]] = []
    for pixels, (tiles, rows, columns) in zip(seen.pictures, seen.grids, strict=True):
        small = thumbnails.thumbnail(pixels, longest=LONGEST_SIDE)
        part = seen_part(looked.processor, small.width, small.height)
        made.append(
            {
                "src": small.uri,
                "width": small.width,
                "height": small.height,
                "grid": [tiles, rows, columns],
                "part": list(part) if tiles == 1 and rows > 1 else None,
            }
        )
    return made


def _rounded(values: NDArray[np.float32], digits: int) -> list[Any]:
    return np.round(values.astype(np.float64), digits).tolist()


def _asset(name: str) -> Markup:
    return Markup((ASSETS / name).read_text("utf-8"))
