"""`probe analyze`: everything that a run's contents allow, shown, written out, and kept in the run."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from hooks.settings import place
from stores import IncompleteRun, WriteFailed, open_run, results

from . import code, kept_comparison, kept_results, terminal
from .grouping import groups
from .results import Evidence, Result, analyze, check_names
from .results.result import csv_tables, plain

NARROW = 13
"""Width of the column of names in a terminal."""


def of_run(path: Path, *, names: Sequence[str] = (), seed: int = 0) -> tuple[Result, ...]:
    """The named analyses of a run; without names all that it allows, but those made on request.

    Raises ValueError for an unknown name, for one that the run does not hold enough for, and where files of the run are
    missing.
    """
    return analyze(opened(path, seed), names)


def opened(path: Path, seed: int) -> Evidence:
    """The evidence of a run, one that is complete in its files. Raises DamagedRun, and PlanError for a comparison."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run = open_run(path)
    kept_comparison.refuse(run.plan, path)
    evidence = Evidence(run, seed)  # says by itself which files are missing
    for warning in told:
        warnings.warn(warning.message, stacklevel=3)
    return evidence


@dataclass(frozen=True)
class Group:
    """The analyses of a part of a run's samples, and why a named one could not be made of it."""

    value: str
    samples: int
    images: int
    results: tuple[Result, ...]
    trouble: str = ""


def by_group(path: Path, by: str, *, names: Sequence[str] = (), seed: int = 0) -> tuple[Group, ...]:
    """The analyses of each group of samples that share a value of `by`: dataset, kind, or an entry of the metadata.

    Raises ValueError for an unknown name or grouping, and where files of the run are missing.
    """
    check_names(names)
    return tuple(_group(value, Evidence(run, seed), names) for value, run in groups(opened(path, seed).run, by))


def _group(value: str, evidence: Evidence, names: Sequence[str]) -> Group:
    counts = len(evidence.run.samples.sample), len(evidence.run.images.image)
    try:
        return Group(value, *counts, analyze(evidence, names))
    except ValueError as error:  # too little of something in this group; the others go on
        return Group(value, *counts, (), str(error))


def groups_to_json(path: Path, by: str, found: Sequence[Group]) -> dict[str, Any]:
    """The groups as plain values."""
    return {
        "run": str(path),
        "by": by,
        "groups": {
            group.value: {
                "samples": group.samples,
                "images": group.images,
                "results": {result.name: result.to_json() for result in group.results},
                **({"trouble": group.trouble} if group.trouble else {}),
            }
            for group in found
        },
    }


def show_groups(by: str, found: Sequence[Group], console: Console) -> None:
    """Print the tables of each group under a heading of its own."""
    for group in found:
        counted = f"({group.samples:,} questions about {group.images:,} images)"
        terminal.heading(console, f"{by}: {group.value} {counted}")
        if group.trouble:
            terminal.say(console, group.trouble, style="yellow", wrap=True)
        show(group.results, console)


def to_json(path: Path, found: Sequence[Result]) -> dict[str, Any]:
    """Everything as plain values; undefined is null."""
    return {"run": str(path), "results": {result.name: result.to_json() for result in found}}


def show(found: Sequence[Result], console: Console) -> None:
    """Print the tables, and under each how to read it and what was found; what unions hold under the first of them."""
    told: set[str] = set()
    for result in found:
        terminal.show(console, table(result))
        new = [line for line in result.unions if line not in told]
        terminal.say(console, " ".join([result.meaning, *new]), style="dim", wrap=True)
        told.update(new)
        for sentence in result.findings:
            terminal.say(console, f"• {sentence}", wrap=True)
        terminal.say(console, "")


def table(result: Result) -> terminal.SafeTable:
    """A result's rows, intervals small under their estimates so that they fit a narrow terminal."""
    drawn = terminal.table(result.title, narrow=True)
    first, *others = result.headings
    drawn.add_column(first, style="bold", overflow="fold")
    for heading in others:
        drawn.add_column(heading, justify="right", overflow="fold")
    for name, cells in result.rows:
        drawn.add_row(in_lines(name), *(terminal.two_lines(cell.estimate, cell.interval) for cell in cells))
    return drawn


def in_lines(name: str) -> str:
    """A family's name on lines of its own parts, so that no line is cut inside a word; numbers stay whole.

    >>> in_lines("text_overlay.semantic"), in_lines("jpeg_compression"), in_lines("low-pass 0.11")
    ('text_overlay.\\nsemantic', 'jpeg_\\ncompression', 'low-pass 0.11')
    """
    parts = re.sub(r"\.(?!\d)", ".\n", name).split("\n")
    return "\n".join(part.replace("_", "_\n", 1) if len(part) > NARROW else part for part in parts)


def keep(path: Path, found: Sequence[Result], *, seed: int) -> str:
    """Write the results into the run, each with its origin. Why that could not be done, or an empty text."""
    origin = {"seed": seed, "utc": datetime.now(UTC).isoformat(timespec="seconds"), **code.revision()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteRun)  # told when it was analysed
        origin[kept_results.ORIGIN] = kept_results.origin(open_run(path), seed)
    try:
        for result in found:
            results.write(path, result.name, result.data, attrs=plain(origin))
    except (WriteFailed, OSError) as error:
        return f"The results could not be kept in the run: {error}"
    return ""


def write_csv(folder: Path, found: Sequence[Result]) -> list[Path]:
    """Write one tidy .csv per result and set of dimensions into a folder; the paths, in order."""
    folder = Path(place("csv", folder))
    folder.mkdir(parents=True, exist_ok=True)
    tables = {stem: rows for result in found for stem, rows in csv_tables(result.name, result.data).items()}
    return [_write(folder, stem, rows) for stem, rows in tables.items()]


def write_groups_csv(folder: Path, by: str, found: Sequence[Group]) -> list[Path]:
    """The same tables for groups: each with the group's value in its first column."""
    folder = Path(place("csv", folder))
    folder.mkdir(parents=True, exist_ok=True)
    parts: dict[str, dict[str, Any]] = {}
    for group in found:
        for result in group.results:
            for stem, rows in csv_tables(result.name, result.data).items():
                parts.setdefault(stem, {})[group.value] = rows
    return [_write(folder, stem, pd.concat(rows, names=[by])) for stem, rows in parts.items()]


def _write(folder: Path, stem: str, rows: Any) -> Path:
    path = folder / f"{stem}.csv"
    rows.to_csv(path, errors="backslashreplace")  # names of files need not be UTF-8
    return path
