"""What every page that we write has in common: texts are written out as texts, and data cannot end its element."""

import json
import math
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .foreign_text import block


def environment(package: str) -> Environment:
    """The templates in the `assets` of a package."""
    made = Environment(
        loader=PackageLoader(package, "assets"),
        autoescape=True,
        finalize=safe,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["as_data"] = as_data
    made.tests["defined_number"] = lambda number: not math.isnan(number)
    return made


def safe(value: Any) -> Any:
    """What a template writes of a value: what acts or hides is written out; the template escapes the rest."""
    return block(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def as_data(value: Any) -> Markup:
    """A value as JSON between script tags: nothing in it ends the element."""
    return Markup(embedded(value))


def embedded(data: Any) -> str:
    """JSON that can stand in a <script type="application/json">: nothing in it ends the script.

    >>> embedded({"a": "</script><!--"})
    '{"a":"\\\\u003c/script\\\\u003e\\\\u003c!--"}'
    """
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
