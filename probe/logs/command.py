"""`probe import`: what it shows while and after it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import runs
from ..datasets.options import Options
from ..extraction.execution import Execution
from ..terminal import say
from . import planned
from .answered import FURTHER
from .imported import require_same_logs
from .planned import ImportSettings, PlannedImport
from .scored import NOT_READ

PART = ("limit", "first", "seed", "outside_paths", "max_pixels")


HARMLESS = {FURTHER, NOT_READ}
"""Troubles that are none: of these lines nothing is lost."""


def run(logs: tuple[str, ...], out: Path, options: Mapping[str, Any], console: Console) -> int:
    """0 when every line was used and every sample is answered under every condition, else 1."""
    part = Options(**{name: options[name] for name in PART}, revision=options["dataset_revision"])
    chosen = {name: options[name] for name in ("dataset", "condition", "clean", "columns", "model", "epoch")}
    settings = ImportSettings(logs, **chosen, part=part)
    execution = Execution(**{name: options[name] for name in ("join", "repair", "durable")})
    made = planned.plan(settings)
    require_same_logs(made.reader, out)
    if not runs.execute(made.plan, out, made.reader, execution, console):
        return 0
    say(console, in_short(made))
    troubles = made.reader.troubles
    for line in troubles.lines():
        say(console, line, wrap=True, style="" if line.startswith(" ") else "bold yellow")
    return 1 if troubles.counts.keys() - HARMLESS else 0


def in_short(made: PlannedImport) -> str:
    """What was read, in a line for the logs and one for the run."""
    counted = {name: list(made.formats.values()).count(name) for name in dict.fromkeys(made.formats.values())}
    kinds = ", ".join(f"{count} × {name}" if count > 1 else name for name, count in counted.items())
    dataset = made.plan.dataset
    return (
        f"Read {kinds}: {len(dataset.samples):,} samples about {len(dataset.images):,} images of {dataset.name} under "
        f"{len(made.plan.conditions)} conditions."
    )
