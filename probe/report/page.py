"""One self-contained page: a section for each analysis of a run, and where it all comes from."""

import json
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from hooks.settings import place

from ..figures import files, themes
from ..foreign_text import html
from ..results import Result
from ..results.analysis import Chart
from ..results.result import Cell

FIGURE = 720
"""Width of a figure in px."""

TEMPLATE = Path(__file__).with_name("page.html")


def write(found: Sequence[Result], provenance: dict[str, Any], path: Path) -> Path:
    """Write the page of one run; it needs no network and no other file."""
    page = Template(TEMPLATE.read_text("utf-8")).substitute(
        title=html(found[0].title if found else "A run without results"),
        contents="\n".join(f'<a href="#{html(r.name)}">{html(r.name)}</a>' for r in found),
        sections="\n".join(map(section, found)),
        provenance=html(json.dumps(provenance, indent=1, ensure_ascii=False)),
    )
    path = Path(place("page", path))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, "utf-8")
    return path


def section(result: Result) -> str:
    """One analysis: its heading, what was found, its figure, its table and how to read it."""
    figure = result.figure
    return f"""<section id="{html(result.name)}">
<h2>{html(result.title)}</h2>
{_list(result.findings)}
{f"<figure>{svg(figure)}</figure>" if figure is not None else ""}
<div class="wide"><table>
<thead><tr>{"".join(f"<th>{html(heading)}</th>" for heading in result.headings)}</tr></thead>
<tbody>
{"".join(_row(name, cells) for name, cells in result.rows)}</tbody>
</table></div>
<p class="meaning">{html(result.meaning)}</p>
{f'<p class="meaning"><small>{html(" ".join(result.unions))}</small></p>' if result.unions else ""}
{_legend(result)}
</section>"""


def svg(figure: "Chart") -> str:
    """The figure as an element of the page."""
    return files.svg(figure, themes.PAGE_LIGHT, width=FIGURE)


def _list(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{html(one)}</li>' for one in sentences)}</ul>" if sentences else ""


def _row(name: str, cells: Sequence[Cell]) -> str:
    numbers = "".join(f"<td>{html(cell.estimate)}<small>{html(cell.interval)}</small></td>" for cell in cells)
    return f"<tr><th scope=row>{html(name)}</th>{numbers}</tr>\n"


def _legend(result: Result) -> str:
    items = "".join(f"<dt>{html(heading)}</dt><dd>{html(meaning)}</dd>" for heading, meaning in result.legend)
    return f"<dl>{items}</dl>" if items else ""
