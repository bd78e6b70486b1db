"""Which units are committed: plain JSON files under `_ledger/`, readable without Zarr.

    _ledger/plan.json            the plan, the layout's summary, and the checksum of every file made with them
    _ledger/done/<unit>.json     one marker per committed unit, written after all of its files are in place
    _ledger/writers, claims      who is writing now, and which blocks are whose (`ownership`); gone once all is done

All carry the checksum of their own content (`sealed`). `_ledger` is also a Zarr scalar, so that readers that walk the
tree skip it without a warning.
"""

import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from . import process, sealed
from .arrays import Array, Unit
from .each import each
from .files import PARTIAL, write_failed, write_file
from .json_values import Check, fits, is_count, is_object, is_object_of, is_text
from .object_paths import ObjectPath
from .object_store import StoreFailed
from .paths import names_in, resolved
from .record import FOLDER as FOLDER
from .record import Record, arrays_in, is_written, sizes_in
from .record import plan_file as plan_file
from .record import read_record as read_record
from .schema import Layout

CREATING = "creating"
"""Exists in the ledger while the run is being created: a folder with this file may be cleared and created again."""

DONE = f"{FOLDER}/done"

_MARKER = re.compile(r"b([0-9]{5}|[1-9][0-9]{5,11})-c([0-9]{4}|[1-9][0-9]{4,11})\.json")

ABANDONED_SECONDS = 3600
"""An unfinished file of another machine, which cannot be asked, is one of a dead process after this time."""


def marker_name(unit: Unit) -> str:
    """Where a unit's marker is, below the run."""
    return f"{DONE}/{unit.name}.json"


def marker(path: str | PathLike[str], unit: Unit) -> Path:
    """Path of a unit's marker, which exists once the unit is committed."""
    return resolved(path) / marker_name(unit)


def read_plan(path: str | PathLike[str]) -> dict[str, Any] | None:
    """The plan that the run was created with, or None where there is no (completely created) run."""
    record = read_record(path)
    return None if record is None else record["plan"]


def done(path: str | PathLike[str]) -> frozenset[Unit]:
    """The units that have a marker, whatever is in it: `presence.damage` says which of them are not whole."""
    return units_in(resolved(path) / DONE)


def committed(path: str | PathLike[str], units: Collection[Unit]) -> frozenset[Unit]:
    """Those of some units that have a marker; each is asked for by name, whatever else the run holds."""
    root = resolved(path)
    there = each(root, lambda unit: (root / marker_name(unit)).is_file(), units)
    return frozenset(unit for unit, found in zip(units, there, strict=True) if found)


def of_run(record: Record, units: Collection[Unit]) -> frozenset[Unit]:
    """Those of the units that the run of a record has."""
    sizes = sizes_in(record["layout"])
    return frozenset(unit for unit in units if unit.block < sizes.blocks and unit.condition < sizes.conditions)


def units_in(folder: Path) -> frozenset[Unit]:
    """The units whose markers lie in a folder; other files are not looked at."""
    try:
        names = names_in(folder)
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    return frozenset(unit for name in names if (unit := _unit(name)) is not None)


def _unit(file: str) -> Unit | None:
    found = _MARKER.fullmatch(file)
    return Unit(int(found[1]), int(found[2])) if found else None


def missing(path: str | PathLike[str], layout: Layout) -> tuple[Unit, ...]:
    """The units that are not committed yet, block by block."""
    committed = done(path)
    return tuple(unit for unit in layout.units() if unit not in committed)


def entry(path: str | PathLike[str], unit: Unit) -> dict[str, Any]:
    """A committed unit's marker. Raises KeyError where the unit is not committed, ValueError for a damaged one."""
    file = marker(path, unit)
    try:
        return sealed.read(file)
    except FileNotFoundError:
        raise KeyError(f"unit {unit.name} of {path} is not committed.") from None
    except StoreFailed:
        raise
    except (sealed.Broken, OSError) as error:
        raise ValueError(f"{file} is damaged: {reason_of(error)}. Rerun the command that made the run.") from None


def markers(
    root: Path, record: Record, units: Collection[Unit] | None = None
) -> Iterator[tuple[Unit, dict[str, Any] | str]]:
    """The marker of each committed unit, or of those given; of one that says nothing a text with the reason."""
    arrays, plan_hash = arrays_in(record["layout"]), record["plan"]["hash"]

    def read(unit: Unit) -> dict[str, Any] | str | None:
        try:
            content = sealed.read(root / marker_name(unit))
            reason = invalid_marker(content, unit, unit_files(arrays, unit), plan_hash)
        except FileNotFoundError:
            return None  # withdrawn meanwhile
        except StoreFailed:
            raise
        except (sealed.Broken, OSError) as error:
            content, reason = {}, reason_of(error)
        return content if reason is None else damaged_marker(unit, reason)

    found = sorted(of_run(record, done(root) if units is None else units))
    for unit, content in zip(found, each(root, read, found), strict=True):
        if content is not None:
            yield unit, content


def damaged_marker(unit: Unit, reason: str) -> str:
    """What is said of a marker that says nothing."""
    return f"{marker_name(unit)} is damaged ({reason})"


def reason_of(error: Exception) -> str:
    """Why a file could not be read, in few words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


OF_SEGMENTATIONS: Mapping[str, Check] = {"host": is_text, "time": is_text, "report": is_object}
"""The entries of every marker beside its unit, plan and files."""

OF_RUNS: Mapping[str, Check] = {
    **OF_SEGMENTATIONS,
    "failed": lambda value: is_object_of(value, is_text),
    "nonfinite": lambda value: is_object_of(value, lambda counts: is_object_of(counts, is_count)),
}
"""The entries of a run's own markers beside unit, plan and files: failed samples, and values that are not finite."""


def invalid_marker(
    content: Mapping[str, Any],
    unit: Unit,
    names: Collection[str],
    plan_hash: str,
    entries: Mapping[str, Check] = OF_RUNS,
) -> str | None:
    """Why what a marker says cannot be what was written of the unit, whose files are `names`; None where it can."""
    if content.get("unit") != unit.name:
        return "it is that of another unit"
    if content.get("plan") != plan_hash:
        return "it is that of another plan"
    if not fits(content.get("files"), dict.fromkeys(names, is_written)):
        return "it does not list the files of its unit"
    wrong = [name for name, check in entries.items() if name not in content or not check(content[name])]
    return f"its entry {wrong[0]!r} is not what is written there" if wrong else None


def unit_files(arrays: Collection[Array], unit: Unit) -> list[str]:
    """The names of all files that a unit owns."""
    return [f"{array.path}/{name}" for array in arrays for _, name in array.names([unit])]


def entries(path: str | PathLike[str]) -> Iterator[tuple[Unit, dict[str, Any]]]:
    """Every committed unit with its marker, in order; those whose marker is damaged are left out."""
    root = resolved(path)
    record = read_record(root)
    if record is not None:
        for unit, content in markers(root, record):
            if not isinstance(content, str):
                yield unit, content


def failed(path: str | PathLike[str]) -> dict[str, str]:
    """The samples that failed under any condition, with the first message of each."""
    messages: dict[str, str] = {}
    for _, content in entries(path):
        for sample, message in content["failed"].items():
            messages.setdefault(sample, message)
    return messages


def write_json(target: Path, content: Mapping[str, Any], *, durable: bool = False) -> None:
    """Write a sealed JSON file completely or not at all."""
    write_file(target, [memoryview(sealed.seal(content))], durable=durable)


def withdraw(path: str | PathLike[str], units: Iterable[Unit]) -> None:
    """Remove the markers of units, which are then to be done again. Raises WriteFailed."""
    try:
        for unit in units:
            marker(path, unit).unlink(missing_ok=True)
    except OSError as error:
        raise write_failed(error, resolved(path), "over a damaged unit", 0) from error


def remove_unfinished(path: str | PathLike[str]) -> list[str]:
    """Remove the unfinished files of processes that have died. What a live one writes is left, whoever it is.

    Files of units without a marker are left too: nobody reads them, and the unit that is done again replaces them.
    Returns the removed paths, relative to the run, sorted.
    """
    root = resolved(path)
    leftovers = [*_unfinished(root), *(root / FOLDER).glob(CREATING)]
    try:
        for file in leftovers:
            shutil.rmtree(file, ignore_errors=True) if file.is_dir() else file.unlink(missing_ok=True)
    except OSError as error:
        raise write_failed(error, root, "over what an interrupted writer left", 0) from error
    return sorted(str(file.relative_to(root)) for file in leftovers)


def _unfinished(root: Path) -> Iterator[Path]:
    if isinstance(root, ObjectPath):
        return  # there are none
    now = _time_of_files(root)
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            if name.endswith(PARTIAL) and not _may_be_written(Path(folder, name), now):
                yield Path(folder, name)
        folders[:] = [name for name in folders if not name.endswith(PARTIAL)]


def _may_be_written(file: Path, now: float) -> bool:
    """Whether a process that may live is writing an unfinished file."""
    writer = process.marked(file.name)
    if writer is None:
        return False
    if writer.is_here:
        return writer.lives
    try:
        return now - file.stat().st_mtime < ABANDONED_SECONDS
    except FileNotFoundError:
        return True


def _time_of_files(root: Path) -> float:
    """The time that the file system gives to a file now; machines that share it may have other clocks."""
    probe = root / FOLDER / f"time.{process.this().mark}{PARTIAL}"
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink()
    except OSError:
        return 0.0
    return now
