"""`probe segment`: what it shows before, while and after it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from hooks.load_options import LoadOptions
from stores import segmentations

from .. import progress
from ..foreign_text import line
from ..label_maps import CLASSES
from ..terminal import SafeTable, say, show, styled, table
from .classes import ClassMapping
from .request import SegmentRequest
from .run import Prepared, execute, prepare

LOADING = ("dtype", "device", "revision", "trust_remote_code")
SHOWN = 20

LONGEST = 1_000
"""Characters of the line about an image."""


def segment(out: Path, options: Mapping[str, Any], *, dry_run: bool, console: Console) -> int:
    """0 when every image was segmented under every condition that has a label map, 1 when some could not be."""
    loading = LoadOptions(**{name: options[name] for name in LOADING})
    chosen: dict[str, Any] = {name: value for name, value in options.items() if name not in LOADING}
    chosen["perturb"] = tuple(options["perturb"]) or None
    prepared = prepare(SegmentRequest(**chosen, loading=loading), out)
    if prepared.mapping is not None:
        show(console, class_table(prepared.mapping, prepared.request.slug))
    if dry_run:
        say(console, what_is_to_be_done(prepared))
        return 0
    _run(prepared, out, console)
    return report(prepared, console)


def _run(prepared: Prepared, out: Path, console: Console) -> None:
    units = prepared.units
    if not units:
        say(console, f"{out} has all label maps of {prepared.request.slug}: nothing to do.")
        return
    total = len(prepared.scenes.layout.units())
    if len(units) < total:
        say(console, f"Resuming {out}: {total - len(units)} of {total} units are there.")
    with progress.bar(prepared.scenes.layout, units, console) as advance:
        execute(prepared, advance)
    say(console, f"The confusion matrices are in {out}. Next: probe analyze {out} segmentation")


def class_table(mapping: ClassMapping, model: str) -> SafeTable:
    """Which class of the model is which of ours."""
    drawn = table(f"Classes of {model}", lines=True)
    drawn.add_column("ours", style="bold")
    drawn.add_column("theirs")
    by_class = mapping.by_class
    for name in CLASSES:
        drawn.add_row(name, ", ".join(by_class[name]) or styled("none: always wrong", "bold yellow"))
    if mapping.unused:
        shown = ", ".join(mapping.unused[:SHOWN])
        more = f", … {len(mapping.unused)} in all" if len(mapping.unused) > SHOWN else ""
        drawn.add_row("none of ours", shown + more, end_section=True)
    return drawn


def what_is_to_be_done(prepared: Prepared) -> str:
    """Images, conditions and units in one line."""
    found = prepared.scenes
    return (
        f"{prepared.request.slug}: {len(found.dataset.images):,} images of {found.dataset.name} under "
        f"{len(found.conditions)} conditions ({', '.join(condition.id for condition in found.conditions)}); "
        f"{len(prepared.units):,} of {len(found.layout.units()):,} units to do, "
        f"{'added to' if found.created else 'in a new run at'} {found.path}."
    )


def report(prepared: Prepared, console: Console) -> int:
    """Name what could not be segmented or used, and the conditions without label maps; 1 if an image is lost."""
    added = segmentations.find(prepared.scenes.path, prepared.request.slug)
    failed: dict[str, str] = {}
    undefined: dict[str, str] = {}
    for _, entry in added.entries() if added else ():
        told = entry["report"]
        failed |= {name: reason for name, reason in told["failed"].items() if name not in failed}
        if told["undefined"]:
            undefined.setdefault(told["condition"], next(iter(told["undefined"].values())))
    for condition, reason in undefined.items():
        say(console, f"No label maps under {condition}: {reason}.")
    for name, reason in list(prepared.scenes.problems.items())[:SHOWN]:
        say(console, line(f"  {name} is left out: {reason}", longest=LONGEST))
    if not failed:
        return 1 if prepared.scenes.problems else 0
    say(console, f"{len(failed)} of {len(prepared.scenes.dataset.images)} images failed:", style="bold yellow")
    for image, reason in list(failed.items())[:SHOWN]:
        say(console, line(f"  {image}: {reason}", longest=LONGEST))
    return 1
