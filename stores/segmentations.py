"""Segmentation models that were added to a run after it was created, each with a record and markers of its own.

    _ledger/segmentations/<slug>/record.json        the model, and the checksums of the metadata of its arrays
    _ledger/segmentations/<slug>/done/<unit>.json   one marker per committed unit, written after all of its files

Blocks and conditions are those of the run, whose plan, layout, units and markers stay as they are.
"""

# zarr's signatures are only partly typed.
# pyright: reportUnknownMemberType=false

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import ledger, presence, sealed
from .arrays import Array, Unit
from .catalogue import segmentation_arrays, unassigned_array
from .commits import commit, described
from .files import checksum_file, sync_files, sync_folders, write_failed
from .held_objects import Held, hold
from .object_store import StoreFailed
from .paths import resolved
from .presence import DamagedRun
from .record import is_written, read_record, sizes_in
from .specs import Segmentation, Sizes
from .staging import remove_tree, staged

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = "segmentations"
GROUP = "segmentation"


@dataclass(frozen=True)
class Added:
    """A segmentation model that was added to the run at `root`; `record` is what is known of it, and its files.

    `plan_hash` is that of the run's plan.
    """

    root: Path
    sizes: Sizes
    plan_hash: str
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
        """The units that have a marker, whatever is in it: `damage` says which of them are not whole."""
        return frozenset(self.units) & ledger.units_in(self._folder / "done")

    def damage(self) -> presence.Damage:
        """What is wrong with the files of each committed unit; empty where nothing is."""
        found: dict[Unit, tuple[str, ...]] = {}
        committed = self.done()
        for unit, content in self._markers():
            if isinstance(content, str):
                found[unit] = (content,)
        valid = [unit for unit in committed if unit not in found]
        for array in self.arrays:
            for unit, said in presence.damaged_files(self.root, array, valid, {}, array.file_bytes):
                found[unit] = (*found.get(unit, ()), said)
        return found

    def changed(self) -> presence.Damage:
        """What is wrong with the marker and the files of each committed unit, every byte read."""
        return {
            unit: wrong
            for unit, content in self._markers()
            if (wrong := (content,) if isinstance(content, str) else
                tuple(presence.changed_files(self.root, content["files"])))
        }  # fmt: skip

    def pending(self) -> tuple[Unit, ...]:
        """The units that are still to be done, those that lost files among them."""
        whole = self.done() - self.damage().keys()
        return tuple(unit for unit in self.units if unit not in whole)

    def marker(self, unit: Unit) -> Path:
        """Path of a unit's marker."""
        return self._folder / "done" / f"{unit.name}.json"

    def entries(self) -> Iterator[tuple[Unit, dict[str, Any]]]:
        """Every committed unit with its marker, in order; those whose marker is damaged are left out."""
        for unit, content in self._markers():
            if not isinstance(content, str):
                yield unit, content

    def _markers(self) -> Iterator[tuple[Unit, dict[str, Any] | str]]:
        """The marker of each committed unit; in its place a text where it says nothing, with the reason."""
        for unit in sorted(self.done()):
            file = self.marker(unit)
            try:
                content = sealed.read(file)
                names = ledger.unit_files(self.arrays, unit)
                reason = ledger.invalid_marker(content, unit, names, self.plan_hash, ledger.OF_SEGMENTATIONS)
            except FileNotFoundError:
                continue
            except StoreFailed:
                raise
            except (sealed.Broken, OSError) as error:
                content, reason = {}, ledger.reason_of(error)
            yield unit, content if reason is None else f"{file.relative_to(self.root).as_posix()} is damaged ({reason})"

    def commit(
        self,
        unit: Unit,
        values: "Mapping[str, NDArray[np.int32]]",
        *,
        report: Mapping[str, Any],
        folder: Held | None = None,
        durable: bool = False,
    ) -> None:
        """Write a unit's arrays, then its marker; until then readers do not see it.

        `values`: "confusion" (image of the block, true, predicted) and "unassigned" (image, true), int32, -1 where an
        image was not segmented. `folder` is the run's, held by who writes into it. Raises ValueError for values that do
        not fit, DiskFull or WriteFailed, RunMoved where the run's folder is gone.
        """
        from .shard import chunk_parts

        self.marker(unit).unlink(missing_ok=True)  # of a unit that lost files
        checked = [(array, _checked(array, unit, values[array.path.rpartition("/")[2]])) for array in self.arrays]
        commit(
            hold(self.root) if folder is None else folder,
            self.marker(unit).relative_to(self.root).as_posix(),
            [
                (file, chunk_parts(array, array_values))
                for array, array_values in checked
                for file, _ in array.files(unit)
            ],
            {**described(unit, self.plan_hash), "report": dict(report)},
            what=f"unit {unit.name} of {self.slug}",
            needed=sum(array.unit_bytes(unit.block) for array in self.arrays),
            durable=durable,
        )

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
    import zarr

    from .creation import create_array

    root = resolved(path)
    record = read_record(root)
    if record is None:
        raise FileNotFoundError(f"{path} contains no run.")
    slug = segmentation.slug
    if slug in names(root, record):
        raise ValueError(f"{path} has a segmentation {slug!r} already. Give the other one another name.")
    try:
        for leftover in (root / GROUP / slug, _folder(root, slug)):
            remove_tree(leftover)
        with staged(root) as base:
            if not (base / GROUP / "zarr.json").exists():
                zarr.create_group(base / GROUP, zarr_format=3)
            zarr.create_group(base / GROUP / slug, zarr_format=3, attributes={"provenance": dict(provenance)})
            for array in _arrays(segmentation, sizes_in(record["layout"])):
                create_array(base / array.path, array)
            files = [base / GROUP / "zarr.json", *sorted((base / GROUP / slug).rglob("zarr.json"))]
            if durable and base is root:
                sync_files(files)
                sync_folders(files, root)
            content = {
                "segmentation": asdict(segmentation),
                "model": dict(model),
                "files": {str(file.relative_to(base)): vars(checksum_file(file)) for file in files},
            }
        ledger.write_json(_folder(root, slug) / "record.json", content, durable=durable)
        if durable and base is root:
            sync_folders([_folder(root, slug) / "record.json"], root)
    except OSError as error:
        raise write_failed(error, root, f"segmentation {slug!r}", 0) from error
    return Added(root, sizes_in(record["layout"]), record["plan"]["hash"], content)


def added(path: str | PathLike[str]) -> tuple[Added, ...]:
    """The segmentation models that were added to a run, in alphabetical order."""
    root = resolved(path)
    record = read_record(root)
    if record is None:
        return ()
    files = sorted((root / ledger.FOLDER / FOLDER).glob("*/record.json"))
    sizes, plan_hash = sizes_in(record["layout"]), record["plan"]["hash"]
    return tuple(Added(root, sizes, plan_hash, _read(file)) for file in files)


def _read(file: Path) -> dict[str, Any]:
    """The record of a segmentation. Raises DamagedRun for one that is not as it was written."""
    try:
        record = sealed.read(file)
        segmentation = Segmentation(**record["segmentation"])
        valid = segmentation.slug == file.parent.name and 0 < segmentation.classes < 2**15
        if not valid or not isinstance(record["model"], dict) or not all(map(is_written, record["files"].values())):
            raise sealed.Broken("it is that of another segmentation")
        return record
    except (sealed.Broken, OSError, LookupError, TypeError, AttributeError) as error:
        reason = ledger.reason_of(error)
        raise DamagedRun(
            f"{file} is damaged ({reason}). Copy the run again from where it is whole, or remove {file.parent} and "
            "segment again."
        ) from None


def find(path: str | PathLike[str], slug: str) -> Added | None:
    """The segmentation model of this name that was added to a run, or None."""
    return next((each for each in added(path) if each.slug == slug), None)


def names(path: str | PathLike[str], record: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of all segmentation models of a run: those that it was created with, then those added."""
    created = [each["slug"] for each in record["layout"]["segmentations"]]
    return (*created, *(each.slug for each in added(path)))


def provenance(path: str | PathLike[str], slug: str) -> dict[str, Any]:
    """Where a segmentation that was added comes from: its model, code, packages, command and time."""
    file = resolved(path) / GROUP / slug / "zarr.json"
    try:
        return json.loads(file.read_text("utf-8"))["attributes"].get("provenance", {})
    except (ValueError, LookupError, TypeError, AttributeError):
        raise DamagedRun(f"{file} is damaged. Copy the run again from where it is whole, or segment again.") from None


def _arrays(segmentation: Segmentation, sizes: Sizes) -> tuple[Array, ...]:
    slug, classes = segmentation.slug, segmentation.classes
    return (*segmentation_arrays(slug, classes, sizes), unassigned_array(slug, classes, sizes))


def _checked(array: Array, unit: Unit, values: "NDArray[Any]") -> "NDArray[Any]":
    shape = array.unit_shape(unit.block)
    if values.shape != shape or values.dtype != array.storage:
        raise ValueError(f"unit {unit.name}: {array.path} is int32 {shape}; came {values.dtype} {values.shape}.")
    return values


def _folder(root: Path, slug: str) -> Path:
    return root / ledger.FOLDER / FOLDER / slug
