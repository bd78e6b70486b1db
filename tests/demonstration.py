"""What `make demo` leaves, made once for all tests: the run and its page."""

import io
from pathlib import Path

import shared
from rich.console import Console

from probe import demo

IMAGES = 20  # below that sentences carry a warning


def run() -> Path:
    """The run; its page lies beside it, as `.html`."""
    return shared.folder("demonstration", _make) / "run"


def _make(folder: Path) -> None:
    assert demo.show(folder / "run", images=IMAGES, console=Console(file=io.StringIO())) == 0
