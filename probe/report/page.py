"""One self-contained page: a section for each analysis of a run, and where it all comes from."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from hooks.settings import place

from ..results import Result
from ..results.figures import svg
from ..results.result import Cell

TEMPLATE = Path(__file__).with_name("page.html")


def write(found: Sequence[Result], provenance: dict[str, Any], path: Path) -> Path:
    """Write the page of one run; it needs no network and no other file."""
    page = Template(TEMPLATE.read_text("utf-8")).substitute(
        title=escape(found[0].title if found else "A run without results"),
        contents="\n".join(f'<a href="#{escape(r.name)}">{escape(r.name)}</a>' for r in found),
        sections="\n".join(map(section, found)),
        provenance=escape(json.dumps(provenance, indent=1, ensure_ascii=False)),
    )
    path = Path(place("page", path))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, "utf-8")
    return path


def section(result: Result) -> str:
    """One analysis: its heading, what was found, its figure, its table and how to read it."""
    figure = result.figure
    return f"""<section id="{escape(result.name)}">
<h2>{escape(result.title)}</h2>
{_list(result.findings)}
{f"<figure>{svg(figure)}</figure>" if figure is not None else ""}
<div class="wide"><table>
<thead><tr>{"".join(f"<th>{escape(heading)}</th>" for heading in result.headings)}</tr></thead>
<tbody>
{"".join(_row(name, cells) for name, cells in result.rows)}</tbody>
</table></div>
<p class="meaning">{escape(result.meaning)}</p>
{f'<p class="meaning"><small>{escape(" ".join(result.unions))}</small></p>' if result.unions else ""}
{_legend(result)}
</section>"""


def _list(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in sentences)}</ul>" if sentences else ""


def _row(name: str, cells: Sequence[Cell]) -> str:
    numbers = "".join(f"<td>{escape(cell.estimate)}<small>{escape(cell.interval)}</small></td>" for cell in cells)
    return f"<tr><th scope=row>{escape(name)}</th>{numbers}</tr>\n"


def _legend(result: Result) -> str:
    items = "".join(f"<dt>{escape(heading)}</dt><dd>{escape(meaning)}</dd>" for heading, meaning in result.legend)
    return f"<dl>{items}</dl>" if items else ""
