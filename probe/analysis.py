"""`probe analyze`: everything that a run's contents allow, shown, written out, and kept in the run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from stores import WriteFailed, open_run, results

from . import code
from .closest import did_you_mean
from .results import RESULTS, Evidence, Result, analyze
from .results.result import csv_tables, plain
from .summary import Summary, broken, summarize

OVERVIEW = "overview"

NAMES = (OVERVIEW, *RESULTS)
"""What can be asked for by name."""


@dataclass(frozen=True)
class Analysis:
    """The overview, where it was asked for, and the results, in reading order."""

    overview: Summary | None
    results: tuple[Result, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values; undefined is null."""
        told: dict[str, Any] = self.overview.to_json() if self.overview else {}
        return told | {"results": {result.name: result.to_json() for result in self.results}}

    def show(self, console: Console) -> None:
        """Print the tables, and under each what it means and what was found."""
        if self.overview:
            self.overview.show(console)
        for result in self.results:
            console.print()
            console.print(table(result))
            console.print(result.meaning, style="dim", markup=False, highlight=False)
            for finding in result.findings:
                console.print(f"• {finding}", markup=False, highlight=False)


def table(result: Result) -> Table:
    """A result's rows, intervals small under their estimates so that they fit a narrow terminal."""
    drawn = Table(title=result.title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    first, *others = result.rows[0]
    drawn.add_column(first, style="bold", overflow="fold")
    for heading in others:
        drawn.add_column(heading, justify="right", overflow="fold")
    for name, *cells in (list(row.values()) for row in result.rows):
        drawn.add_row(broken(name), *map(two_lines, cells))
    return drawn


def two_lines(cell: str) -> str:
    """An estimate with its interval under it, dim.

    >>> two_lines("0.5 [0.2, 0.7]")
    '0.5\\n[dim]0.2…0.7[/]'
    """
    estimate, bracket, interval = cell.partition(" [")
    return f"{estimate}\n[dim]{interval.removesuffix(']').replace(', ', '…')}[/]" if bracket else cell


def of_run(path: Path, *, names: Sequence[str] = (), seed: int = 0) -> Analysis:
    """The named analyses of a run; without names the overview and all that it allows, but those made on request.

    Raises ValueError for an unknown name, and for one that the run holds nothing for.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        hint = did_you_mean(unknown[0], NAMES)
        raise ValueError(f"analysis {unknown[0]!r} is unknown.{hint} Choose from: {', '.join(NAMES)}.")
    evidence = Evidence(open_run(path), seed)
    chosen = [name for name in names if name != OVERVIEW]
    return Analysis(
        summarize(path, seed=seed) if not names or OVERVIEW in names else None,
        analyze(evidence, chosen) if chosen or not names else (),
    )


def keep(path: Path, analysis: Analysis, *, seed: int) -> str:
    """Write the results into the run, each with its origin. Why that could not be done, or an empty text."""
    origin = {"seed": seed, "utc": datetime.now(UTC).isoformat(timespec="seconds"), **code.revision()}
    data = {result.name: result.data for result in analysis.results}
    if analysis.overview:
        data[OVERVIEW] = analysis.overview.table.to_dataset(name="value")
    try:
        for name, dataset in data.items():
            results.write(path, name, dataset, attrs=plain(origin))
    except (WriteFailed, OSError) as error:
        return f"The results could not be kept in the run: {error}"
    return ""


def write_csv(folder: Path, analysis: Analysis) -> list[Path]:
    """Write one tidy .csv per result and set of dimensions into a folder; the paths, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {result.name: result.data for result in analysis.results}
    if analysis.overview:
        data = {OVERVIEW: analysis.overview.table.to_dataset(name="value"), **data}
    written: list[Path] = []
    for name, dataset in data.items():
        for stem, table in csv_tables(name, dataset).items():
            path = folder / f"{stem}.csv"
            table.to_csv(path)
            written.append(path)
    return written
