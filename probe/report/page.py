"""One self-contained page: what was found, the figure, the table, and where it all comes from."""

import json
from html import escape
from pathlib import Path
from string import Template

from ..summary import COLUMNS, Summary
from . import figures

TEMPLATE = Path(__file__).with_name("page.html")


def write(summary: Summary, path: Path) -> Path:
    """Write the page of one run; it needs no network and no other file."""
    page = Template(TEMPLATE.read_text("utf-8")).substitute(
        title=escape(f"{summary.model} on {summary.dataset}"),
        findings="\n".join(f"<li>{escape(finding)}</li>" for finding in summary.findings),
        figure=figures.svg(figures.stability_map(summary)),
        headings="".join(f"<th>{escape(column.heading)}</th>" for column in COLUMNS),
        rows="\n".join(_row(summary, name) for name in summary.rows),
        legend="\n".join(f"<dt>{escape(column.heading)}</dt><dd>{escape(column.meaning)}</dd>" for column in COLUMNS),
        provenance=escape(json.dumps(summary.provenance, indent=1, ensure_ascii=False)),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, "utf-8")
    return path


def _row(summary: Summary, name: str) -> str:
    cells = "".join(f"<td>{_cell(summary, name, column.name)}</td>" for column in COLUMNS)
    return f"<tr><th scope=row>{escape(name)}</th>{cells}</tr>"


def _cell(summary: Summary, name: str, column: str) -> str:
    estimate, interval = summary.formatted(name, column)
    return f"{estimate}<small>{interval}</small>"
