"""`probe lens`: an image of a run is read, written as a page, and shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from stores import open_run

from ..terminal import say, write_json
from . import page, summary
from .read import Wanted, look


def run(path: Path, options: Mapping[str, Any], console: Console) -> int:
    """Read the words at the places of an image, write them as a page, and show what comes first."""
    as_json, out = options["as_json"], options["out"]
    looked = look(open_run(path), Wanted(**{name: options[name] for name in options if name not in ("as_json", "out")}))
    written = page.write(looked, out)
    if as_json:
        write_json(console, summary.to_json(looked))
    else:
        summary.show(looked, console)
        say(console, f"The page is in {written} ({written.stat().st_size / 1e6:.1f} MB).")
    return 0
