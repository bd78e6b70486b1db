"""Segmentation models that were added to a run after it was created, each with a record and markers of its own.

    _ledger/segmentations/<slug>/record.json        the model, and the CRC-32 of the metadata of its arrays
    _ledger/segmentations/<slug>/done/<unit>.json   one marker per committed unit, written after all of its files

Blocks and conditions are those of the run, whose plan, layout, units and markers stay as they are.
"""

# zarr's signatures are only partly typed.
# pyright: reportUnknownMemberType=false

import json
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from . import ledger, presence
from .arrays import Array, Unit
from .catalogue import segmentation_arrays, unassigned_array
from .creation import create_array
from .files import PARTIAL, checksum_file, sync_folders, write_failed, write_file
from .paths import resolved
from .shard import chunk_parts
from .specs import Segmentation, Sizes

FOLDER = "segmentations"
GROUP = "segmentation"


@dataclass(frozen=True)
class Added:
    """A segmentation model that was added to the run at `root`; `record` is what is known of it, and its files."""

    root: Path
    sizes: Sizes
    record: dict[str, Any]

    @property
    def slug(self) -> str:
        """The name of its group in the store."""
        return self.record["segmentation"]["slug"]

    @property
    def model(self) -> dict[str, Any]:
        """What determines its label maps: the model, its weights, and which of its classes is which of ours."""
        return self.record["model"]

    @cached_property
    def arrays(self) -> tuple[Array, ...]:
        """Its arrays: confusion (image, condition, true, predicted) and unassigned (image, condition, true)."""
        return _arrays(Segmentation(**self.record["segmentation"]), self.sizes)

    @property
    def units(self) -> tuple[Unit, ...]:
        """Every unit of the run, block by block."""
        return tuple(Unit(b, c) for b in range(self.sizes.blocks) for c in range(self.sizes.conditions))

    def done(self) -> frozenset[Unit]:
        """The committed units."""
        return ledger.units_in(self._folder / "done")

    def damage(self) -> presence.Damage:
        """What is wrong with the files of each committed unit; empty where nothing is."""
        found: dict[Unit, tuple[str, ...]] = {}
        committed = self.done()
        for array in self.arrays:
            for unit, said in presence.damaged_files(self.root, array, committed, {}, array.file_bytes):
                found[unit] = (*found.get(unit, ()), said)
        return found

    def pending(self) -> tuple[Unit, ...]:
        """The units that are still to be done, those that lost files among them."""
        whole = self.done() - self.damage().keys()
        return tuple(unit for unit in self.units if unit not in whole)

    def marker(self, unit: Unit) -> Path:
        """Path of a unit's marker."""
        return self._folder / "done" / f"{unit.name}.json"

    def entries(self) -> Iterator[tuple[Unit, dict[str, Any]]]:
        """Every committed unit with its marker, in order."""
        for unit in sorted(self.done()):
            yield unit, json.loads(self.marker(unit).read_text("utf-8"))

    def commit(
        self, unit: Unit, values: Mapping[str, NDArray[np.int32]], *, report: Mapping[str, Any], durable: bool = False
    ) -> None:
        """Write a unit's arrays, then its marker; until then readers do not see it.

        `values`: "confusion" (image of the block, true, predicted) and "unassigned" (image, true), int32, -1 where an
        image was not segmented. Raises ValueError for values that do not fit, DiskFull or WriteFailed.
        """
        self.marker(unit).unlink(missing_ok=True)  # of a unit that lost files
        try:
            files: dict[str, Any] = {}
            for array in self.arrays:
                name = array.path.rpartition("/")[2]
                unit_array = _checked(array, unit, values[name])
                (file,) = (file for file, _ in array.files(unit))
                files[file] = vars(write_file(self.root / file, chunk_parts(array, unit_array), durable=durable))
            content = {
                "unit": unit.name,
                "files": files,
                "host": platform.node(),
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
                "report": dict(report),
            }
            if durable:
                sync_folders([self.root / name for name in files], self.root)
            ledger.write_json(self.marker(unit), content, durable=durable)
            if durable:
                sync_folders([self.marker(unit)], self.root)
        except OSError as error:
            self.marker(unit).unlink(missing_ok=True)
            needed = sum(array.unit_bytes(unit.block) for array in self.arrays)
            raise write_failed(error, self.root, f"unit {unit.name} of {self.slug}", needed) from error

    @property
    def _folder(self) -> Path:
        return _folder(self.root, self.slug)


def add(
    path: str | PathLike[str],
    segmentation: Segmentation,
    *,
    model: Mapping[str, Any],
    provenance: Mapping[str, Any],
    durable: bool = False,
) -> Added:
    """Add a segmentation model to a run, with nothing committed yet. Call it while `writing` into the run.

    `model` is compared on resume, `provenance` is not. The record is written last: an interrupted addition is done
    again. Raises FileNotFoundError where there is no run, ValueError where the name is taken, DiskFull.
    """
    root = resolved(path)
    record = ledger.read_record(root)
    if record is None:
        raise FileNotFoundError(f"{path} contains no run.")
    slug = segmentation.slug
    if slug in names(root, record):
        raise ValueError(f"{path} has a segmentation {slug!r} already. Give the other one another name.")
    try:
        if not (root / GROUP / "zarr.json").exists():
            zarr.create_group(root / GROUP, zarr_format=3)
        for leftover in (root / GROUP / slug, _folder(root, slug)):
            shutil.rmtree(leftover, ignore_errors=True)
        zarr.create_group(root / GROUP / slug, zarr_format=3, attributes={"provenance": dict(provenance)})
        for array in _arrays(segmentation, _sizes(record)):
            create_array(root, array)
        files = [root / GROUP / "zarr.json", *sorted((root / GROUP / slug).rglob("zarr.json"))]
        content = {
            "segmentation": asdict(segmentation),
            "model": dict(model),
            "files": {str(file.relative_to(root)): vars(checksum_file(file)) for file in files},
        }
        ledger.write_json(_folder(root, slug) / "record.json", content, durable=durable)
        if durable:
            sync_folders([*files, _folder(root, slug) / "record.json"], root)
    except OSError as error:
        raise write_failed(error, root, f"segmentation {slug!r}", 0) from error
    return Added(root, _sizes(record), content)


def added(path: str | PathLike[str]) -> tuple[Added, ...]:
    """The segmentation models that were added to a run, in alphabetical order."""
    root = resolved(path)
    record = ledger.read_record(root)
    if record is None:
        return ()
    files = sorted((root / ledger.FOLDER / FOLDER).glob("*/record.json"))
    return tuple(Added(root, _sizes(record), json.loads(file.read_text("utf-8"))) for file in files)


def find(path: str | PathLike[str], slug: str) -> Added | None:
    """The segmentation model of this name that was added to a run, or None."""
    return next((each for each in added(path) if each.slug == slug), None)


def names(path: str | PathLike[str], record: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of all segmentation models of a run: those that it was created with, then those added."""
    created = [each["slug"] for each in record["layout"]["segmentations"]]
    return (*created, *(each.slug for each in added(path)))


def provenance(path: str | PathLike[str], slug: str) -> dict[str, Any]:
    """Where a segmentation that was added comes from: its model, code, packages, command and time."""
    written = json.loads((resolved(path) / GROUP / slug / "zarr.json").read_text("utf-8"))
    return written["attributes"].get("provenance", {})


def remove_unfinished(path: str | PathLike[str]) -> None:
    """Remove the unfinished files of interrupted writers. Call it before a writer starts, never while one works."""
    for folder in (resolved(path) / GROUP, resolved(path) / ledger.FOLDER / FOLDER):
        for file in folder.rglob(f"*{PARTIAL}"):
            file.unlink(missing_ok=True)


def _arrays(segmentation: Segmentation, sizes: Sizes) -> tuple[Array, ...]:
    slug, classes = segmentation.slug, segmentation.classes
    return (*segmentation_arrays(slug, classes, sizes), unassigned_array(slug, classes, sizes))


def _checked(array: Array, unit: Unit, values: NDArray[Any]) -> NDArray[Any]:
    shape = array.unit_shape(unit.block)
    if values.shape != shape or values.dtype != np.int32:
        raise ValueError(f"unit {unit.name}: {array.path} is int32 {shape}; came {values.dtype} {values.shape}.")
    return values


def _sizes(record: Mapping[str, Any]) -> Sizes:
    return Sizes(**{name: record["layout"][name] for name in Sizes.__dataclass_fields__})


def _folder(root: Path, slug: str) -> Path:
    return root / ledger.FOLDER / FOLDER / slug
