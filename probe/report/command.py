"""What `probe report` does: gather, write the page, and write figures and tables as files."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from .. import terminal
from . import page
from .content import gather


def run(
    paths: Sequence[Path], *, out: Path, figures: Path | None, samples: int, seed: int, pictures: bool, console: Console
) -> None:
    """Write the page of the runs, and with `figures` also their figures and tables for a paper."""
    content = gather(paths, samples=samples, seed=seed, thumbnails=pictures)
    written = page.write(content, out)
    terminal.say(console, f"The report is in {written} ({written.stat().st_size / 1e6:.1f} MB).")
    if figures is not None:
        from ..figures.paper import write_figures

        several = len(content.members) > 1
        for each in content.members:
            if each.results:
                folder = figures / each.name if several else figures
                files = write_figures(each.results, folder)
                terminal.say(console, f"{len(files)} figures and tables are in {folder}.")
