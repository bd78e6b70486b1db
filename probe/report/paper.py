"""Figures and tables for a paper: each result as SVG and PDF, and its table as CSV and LaTeX."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from hooks.settings import place

from ..figures import files
from ..foreign_text import line
from ..results import Result
from ..results.result import UNDEFINED, Cell

ESCAPED = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}", "*": "{*}", "…": r"\ldots{}", "–": "--",
    "−": "$-$", "²": r"\textsuperscript{2}", "Δ": r"$\Delta$", "ε": r"$\varepsilon$",
}  # fmt: skip
"""What LaTeX would read as a command, and what its usual fonts lack."""

BOUNDS = ("", " low", " high")


def write_figures(found: Sequence[Result], folder: Path) -> list[Path]:
    """Write `<name>.svg` and `.pdf` of each result that has a figure, `<name>.csv` and `.tex` of each; the paths.

    Figures are one column (3.3 inches) wide. Files of the same names are replaced. Of results of one name, such as
    those of several pairs, the second is `<name>_2`. The same results give the same bytes.
    """
    folder = Path(place("figures", folder))
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for stem, result in named(found):
        for ending, content in contents(result):
            paths.append(folder / f"{stem}.{ending}")
            paths[-1].write_bytes(content)
    return paths


def named(found: Sequence[Result]) -> Iterator[tuple[str, Result]]:
    """Each result with a name of its own."""
    count: dict[str, int] = {}
    for result in found:
        count[result.name] = count.get(result.name, 0) + 1
        yield (result.name if count[result.name] == 1 else f"{result.name}_{count[result.name]}"), result


def contents(result: Result) -> Iterator[tuple[str, bytes]]:
    """The files of a result: the end of each name, and what is in it."""
    figure = result.figure
    if figure is not None:
        yield "svg", files.svg(figure).encode()
        yield "pdf", files.pdf(figure)
    yield "csv", as_csv(result).encode("utf-8", "backslashreplace")  # names of files need not be UTF-8
    yield "tex", as_latex(result).encode()


def as_csv(result: Result) -> str:
    """The table with all digits, in the units of its headings; low and high beside an estimate that has an interval."""
    rows = [(name, [cell.numbers for cell in cells]) for name, cells in result.rows]
    bounded = [any(len(cells[at]) == 3 for _, cells in rows) for at in range(len(result.headings) - 1)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    first, *headings = result.headings
    spread = zip(headings, bounded, strict=True)
    writer.writerow([first, *(f"{heading}{end}" for heading, has in spread for end in BOUNDS[: 3 if has else 1])])
    for name, cells in rows:
        numbers = [[*cell, None, None, None][: 3 if has else 1] for cell, has in zip(cells, bounded, strict=True)]
        texts = ["" if number is None else f"{number:.10g}" for three in numbers for number in three]
        writer.writerow([name, *texts])
    return text.getvalue()


def as_latex(result: Result) -> str:
    """The table as it is shown, for booktabs; intervals small and in brackets."""
    first, *headings = result.headings
    lines = [
        f"% {line(result.title)}",
        r"% \usepackage{booktabs}, \usepackage[T1]{fontenc}",
        rf"\begin{{tabular}}{{l{'r' * len(headings)}}}",
        r"\toprule",
        " & ".join(latex(text) for text in (first, *headings)) + r" \\",
        r"\midrule",
        *(" & ".join([latex(name), *map(_cell, cells)]) + r" \\" for name, cells in result.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def latex(text: str) -> str:
    """Any text as LaTeX shows it.

    >>> latex("50 % of a_b")
    '50 \\\\% of a\\\\_b'
    """
    return "".join(ESCAPED.get(each, each) for each in line(text))


def _cell(cell: Cell) -> str:
    if cell.estimate == UNDEFINED:
        return "--"
    low, _, high = (part.replace("-", "$-$") for part in cell.interval.partition("…"))
    interval = rf" {{\scriptsize[{low}, {high}]}}" if cell.interval else ""
    return f"{cell.estimate.replace('-', '$-$')}{interval}"
