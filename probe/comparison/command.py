"""What `probe compare` does: compare, print, write files, keep."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from .. import terminal
from . import kept, output
from .compared import compare
from .registry import studies


def run(
    paths: Sequence[Path],
    *,
    pairs: str | None,
    reference: Path | None,
    seed: int,
    csv: Path | None,
    out: Path | None,
    as_json: bool,
    console: Console,
) -> str:
    """Compare the runs and print what was found. Where the comparison is kept, or an empty text."""
    comparison = compare(paths, pairs=pairs, reference=reference, seed=seed)
    if out is not None:
        kept.check_place(out, comparison)  # before anything is computed
    found = studies(comparison)
    if csv is not None:
        output.write_csv(csv, found)
    if as_json:
        terminal.write_json(console, output.to_json(comparison, found))
    else:
        output.show(comparison, found, console)
    if out is None:
        return ""
    kept.keep(out, comparison, found)
    return f"The comparison is in {out}."
