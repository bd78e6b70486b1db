"""`probe compare`: what is compared, the tables of all runs and of each pair, and the files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from hooks.settings import place

from .. import analyze, terminal
from ..results.result import csv_tables
from .compared import Comparison
from .registry import Study


def notes(comparison: Comparison) -> list[str]:
    """What is compared and what was left out, a sentence each."""
    shared = comparison.shared
    counts = (len(set(shared.images)), len(shared.samples), len(shared.conditions))
    told = ", ".join(_counted(*each) for each in zip(counts, ("image", "question", "condition"), strict=True))
    found = [f"Compared: {', '.join(comparison.names)} on {told}.", *shared.notes]
    if undefined := comparison.undefined:
        found.append(f"{undefined:,} answers are undefined in at least one run, and left out of all.")
    if comparison.has_corruption_errors and not comparison.measured_against:
        found.append("No reference for all runs: mCE against one (--reference RUN) is left out.")
    if not comparison.pairs:
        found.append("No pairs: name them with --pairs base=aligned for what differs between two runs.")
    return found


def _counted(count: int, what: str) -> str:
    """A number of things.

    >>> _counted(1, "condition"), _counted(1200, "image")
    ('1 condition', '1,200 images')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def show(comparison: Comparison, found: Sequence[Study], console: Console) -> None:
    """Print the notes, the tables of all runs, then those of each pair under a heading of its own."""
    for note in notes(comparison):
        terminal.say(console, note, wrap=True)
    terminal.say(console, "")
    tables = [(pair, result) for study in found for pair, result in study.results()]
    analyze.show([result for pair, result in tables if not pair], console)
    for pair in comparison.pairs:
        terminal.heading(console, f"base: {pair.base}, aligned: {pair.aligned}")
        analyze.show([result for name, result in tables if name == pair.name], console)


def to_json(comparison: Comparison, found: Sequence[Study]) -> dict[str, Any]:
    """Everything as plain values; undefined is null."""
    tables = [(pair, result) for study in found for pair, result in study.results()]
    return {
        "runs": {member.name: str(member.path) for member in comparison.members},
        "reference": comparison.measured_against or None,
        "notes": notes(comparison),
        "results": {result.name: result.to_json() for pair, result in tables if not pair},
        "pairs": [
            {
                "base": pair.base,
                "aligned": pair.aligned,
                "results": {result.name: result.to_json() for name, result in tables if name == pair.name},
            }
            for pair in comparison.pairs
        ],
    }


def write_csv(folder: Path, found: Sequence[Study]) -> list[Path]:
    """Write one tidy .csv per study and set of dimensions into a folder; the paths, in order."""
    folder = Path(place("csv", folder))
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for study in found:
        for stem, rows in csv_tables(study.name, study.data).items():
            paths.append(folder / f"{stem}.csv")
            rows.to_csv(paths[-1], errors="backslashreplace")  # names of files need not be UTF-8
    return paths
