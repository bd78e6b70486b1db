"""What `probe report` does: gather, write the page, and write figures and tables as files."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from .. import terminal
from ..results import Result
from . import page
from .content import Content, gather
from .paper import write_figures


def run(
    paths: Sequence[Path], *, out: Path, figures: Path | None, samples: int, seed: int, pictures: bool, console: Console
) -> None:
    """Write the page of the runs, and with `figures` also their figures and tables for a paper."""
    content = gather(paths, samples=samples, seed=seed, thumbnails=pictures)
    written = page.write(content, out)
    terminal.say(console, f"The report is in {written} ({written.stat().st_size / 1e6:.1f} MB).")
    if figures is not None:
        for folder, results in _folders(content, figures).items():
            files = write_figures(results, folder)
            terminal.say(console, f"{len(files)} figures and tables are in {folder}.")


def _folders(content: Content, figures: Path) -> dict[Path, list[Result]]:
    """Which results go where: of one run into the folder itself, of several into one for each run and pair."""
    found: dict[Path, list[Result]] = {}
    for each in content.members:
        if each.results:
            found[figures if content.is_single else figures / _plain(each.name)] = list(each.results)
    for pair, result in content.compared:
        found.setdefault(figures / _plain(pair or "compared"), []).append(result)
    return found


def _plain(name: str) -> str:
    """A name for a folder.

    >>> _plain("runs/base → aligned")
    'runs_base_aligned'
    """
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "run"
