"""`probe import`: what it shows while and after it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import progress
from ..datasets.options import Options
from ..terminal import say
from . import planned
from .answered import FURTHER
from .imported import pending, write
from .planned import ImportSettings, PlannedImport
from .scored import NOT_READ

PART = ("limit", "first", "seed", "outside_paths", "max_pixels")


HARMLESS = {FURTHER, NOT_READ}
"""Troubles that are none: of these lines nothing is lost."""


def run(logs: tuple[str, ...], out: Path, options: Mapping[str, Any], console: Console) -> int:
    """0 when every line was used and every sample is answered under every condition, else 1."""
    part = Options(**{name: options[name] for name in PART}, revision=options["dataset_revision"])
    chosen = {name: options[name] for name in ("dataset", "condition", "clean", "columns", "model")}
    settings = ImportSettings(logs, **chosen, part=part)
    plan = planned.plan(settings)
    _, units = pending(plan, out)
    if not units:
        say(console, f"{out} is finished: nothing to do.")
        return 0
    with progress.bar(plan.layout, units, console) as advance:
        write(plan, settings, out, advance)
    say(console, in_short(plan))
    say(console, f"The run is in {out}. Next: probe analyze {out}")
    for line in plan.troubles.lines():
        say(console, line, wrap=True, style="" if line.startswith(" ") else "bold yellow")
    return 1 if plan.troubles.counts.keys() - HARMLESS else 0


def in_short(plan: PlannedImport) -> str:
    """What was imported, in a line for the logs and one for the run."""
    formats = plan.gathered.formats
    counted = {name: list(formats.values()).count(name) for name in dict.fromkeys(formats.values())}
    kinds = ", ".join(f"{count} × {name}" if count > 1 else name for name, count in counted.items())
    samples, images = len(plan.dataset.samples), len(plan.dataset.images)
    return (
        f"Read {kinds}: {samples:,} samples about {images:,} images of {plan.dataset.name} under "
        f"{len(plan.conditions)} conditions."
    )
