"""Which units are committed: plain JSON files under `_ledger/`, readable without Zarr.

    _ledger/plan.json            the plan, the layout's summary, and the CRC-32 of every file made with them
    _ledger/done/<unit>.json     one marker per committed unit, written after all of its files are in place

`_ledger` is also a Zarr scalar, so that readers that walk the tree skip it without a warning.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from .arrays import Unit
from .files import PARTIAL, plain, write_file
from .paths import resolved
from .schema import SCHEMA_VERSION, Layout

FOLDER = "_ledger"
CREATING = "creating"
"""Exists in the ledger while the run is being created: a folder with this file may be cleared and created again."""


def plan_file(path: str | PathLike[str]) -> Path:
    """Path of the plan. It is written last, so a run without it was not completely created."""
    return resolved(path) / FOLDER / "plan.json"


def marker(path: str | PathLike[str], unit: Unit) -> Path:
    """Path of a unit's marker, which exists once the unit is committed."""
    return resolved(path) / FOLDER / "done" / f"{unit.name}.json"


def read_record(path: str | PathLike[str]) -> dict[str, Any] | None:
    """Everything in plan.json (schema_version, plan, layout, files), or None where there is no run.

    Raises ValueError for a run of another schema version, and where plan.json is damaged.
    """
    try:
        record = json.loads(plan_file(path).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        cure = "Copy the run again from where it is whole, or extract to another path."
        raise ValueError(f"{plan_file(path)} is damaged: it is no JSON. {cure}") from None
    if (version := record["schema_version"]) != SCHEMA_VERSION:
        cure = "Install a newer version." if version > SCHEMA_VERSION else "Extract the run again, to another path."
        raise ValueError(
            f"{path} has schema version {version}, this installation reads version {SCHEMA_VERSION}. {cure}"
        )
    return record


def read_plan(path: str | PathLike[str]) -> dict[str, Any] | None:
    """The plan that the run was created with, or None where there is no (completely created) run."""
    record = read_record(path)
    return None if record is None else record["plan"]


def done(path: str | PathLike[str]) -> frozenset[Unit]:
    """The committed units."""
    return units_in(resolved(path) / FOLDER / "done")


def units_in(folder: Path) -> frozenset[Unit]:
    """The units whose markers lie in a folder."""
    if not folder.is_dir():
        return frozenset()
    return frozenset(Unit.parse(name.removesuffix(".json")) for name in os.listdir(folder) if name.endswith(".json"))


def missing(path: str | PathLike[str], layout: Layout) -> tuple[Unit, ...]:
    """The units that are not committed yet, block by block."""
    committed = done(path)
    return tuple(unit for unit in layout.units() if unit not in committed)


def entry(path: str | PathLike[str], unit: Unit) -> dict[str, Any]:
    """A committed unit's marker. Raises KeyError where the unit is not committed."""
    try:
        return json.loads(marker(path, unit).read_text("utf-8"))
    except FileNotFoundError:
        raise KeyError(f"unit {unit.name} of {path} is not committed.") from None
    except json.JSONDecodeError:
        raise ValueError(f"{marker(path, unit)} cannot be read. Remove it, and rerun the same command.") from None


def file_sizes(path: str | PathLike[str], units: Iterable[Unit]) -> dict[Unit, dict[str, int] | None]:
    """Unit -> the bytes of its files by name, as its marker has them; None where the marker cannot be read."""
    folder = resolved(path) / FOLDER / "done"
    return {unit: _sizes(f"{folder}/{unit.name}.json") for unit in units}


def _sizes(marker: str) -> dict[str, int] | None:
    try:
        with open(marker, "rb") as file:
            return {name: written["size"] for name, written in json.loads(file.read())["files"].items()}
    except (OSError, ValueError, LookupError, TypeError):
        return None


def entries(path: str | PathLike[str]) -> Iterator[tuple[Unit, dict[str, Any]]]:
    """Every committed unit with its marker, in order."""
    for unit in sorted(done(path)):
        yield unit, entry(path, unit)


def failed(path: str | PathLike[str]) -> dict[str, str]:
    """The samples that failed under any condition, with the first message of each."""
    messages: dict[str, str] = {}
    for _, record in entries(path):
        for sample, message in record["failed"].items():
            messages.setdefault(sample, message)
    return messages


def write_json(target: Path, content: Mapping[str, Any], *, durable: bool = False) -> None:
    """Write a JSON file completely or not at all."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False, default=plain)
    write_file(target, [memoryview((text + "\n").encode())], durable=durable)


def remove_uncommitted(path: str | PathLike[str], layout: Layout) -> list[str]:
    """Remove what interrupted writers left behind: unfinished files, and files of units without a marker.

    Call it before any writer starts, never while one works. Returns the removed paths, relative to the run, sorted.
    """
    root = resolved(path)
    committed = done(path)
    leftovers = [*root.rglob(f"*{PARTIAL}"), *(root / FOLDER).glob(CREATING)]
    for array in layout.arrays.values():
        for file in (root / array.path).glob("c.*"):
            if file.suffix != PARTIAL and array.owner(file.name) not in committed:
                leftovers.append(file)
    for file in leftovers:
        shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
    return sorted(str(file.relative_to(root)) for file in leftovers)
