"""Check that the files of a run are those that were written."""

from collections.abc import Collection
from os import PathLike
from pathlib import Path

from . import ledger, results, segmentations
from .arrays import Unit
from .paths import resolved
from .presence import changed_files
from .record import Record, read_record

REPAIR = "Rerun the command that made the run with --repair"


def verify(path: str | PathLike[str]) -> list[str]:
    """Compare the length and checksum of every file of the run with the ledger; one line per problem, with its cure.

    The list is empty where all committed units, everything made at creation, and what was added to the run later are as
    they were written. Raises FileNotFoundError where there is no run, ValueError where plan.json is damaged.
    """
    root = resolved(path)
    record = read_record(root)
    if record is None:
        raise FileNotFoundError(f"{path} contains no run.")
    problems = [f"{wrong}. {REPAIR}: it is then made again." for wrong in changed_files(root, record["files"])]
    for unit, wrong in changed(root, record).items():
        problems += [f"{each}. {REPAIR}: unit {unit.name} is then done again." for each in wrong]
    for added in segmentations.added(root):
        anew = f"Remove {root / segmentations.GROUP / added.slug} and its record, and segment again"
        problems += [f"{wrong}. {anew}." for wrong in changed_files(root, added.record["files"])]
        for unit, wrong in added.changed().items():
            cure = f"Remove {added.marker(unit)} and rerun the same `probe segment`."
            problems += [f"{each}. {cure}" for each in wrong]
    for name in results.names(root):
        problems += [f"{wrong}. Run `probe analyze` again." for wrong in results.changed(root, name)]
    return problems


def changed(root: Path, record: Record, units: Collection[Unit] | None = None) -> dict[Unit, tuple[str, ...]]:
    """What is wrong with the marker and the files of each committed unit, or of those given, every byte read.

    Empty where nothing is.
    """
    return {
        unit: wrong
        for unit, content in ledger.markers(root, record, units)
        if (wrong := (content,) if isinstance(content, str) else tuple(changed_files(root, content["files"])))
    }
