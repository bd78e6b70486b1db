"""Commit units: first all files of the unit, then its marker.

Uncompressed arrays of fixed size are written directly from memory (`shard`), texts and compressed arrays by
zarr-python. Readers get the same values from both, and both rename finished files into place.
"""

# zarr's signatures are only partly typed.
# pyright: reportUnknownMemberType=false

import errno
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

import zarr
from numpy.typing import NDArray

from . import ledger
from .arrays import Array, Unit
from .creation import create as create
from .files import Written, checksum_file, sync_folders, write_failed, write_file
from .paths import resolved
from .schema import Layout
from .shard import chunk_parts, shard_parts
from .unit_arrays import NonFinite, Payload, check, nonfinite, token_counts


class Writer:
    """Writes the units of a run. Any number of writers may work at once, each on its own units."""

    def __init__(self, path: str | PathLike[str], layout: Layout, *, durable: bool = False) -> None:
        """Open a created run. `durable` waits for the disk at each commit, so that a power cut loses no committed unit.

        Raises FileNotFoundError where no run was created, ValueError where it has another layout or schema version.
        """
        record = ledger.read_record(path)
        if record is None:
            raise FileNotFoundError(f"{path} contains no run. Make one with `stores.create` first.")
        if record["layout"] != layout.summary():
            raise ValueError(f"{path} was created with another layout. Use the layout of its plan, or another path.")
        self.path = resolved(path)
        self.layout = layout
        self.durable = durable
        self._opened: dict[str, zarr.Array[Any]] = {}

    def commit(
        self,
        unit: Unit,
        payload: Payload,
        *,
        report: Mapping[str, Any],
        counted: Mapping[str, NonFinite] | None = None,
    ) -> None:
        """Write all of the unit's arrays, then its marker; until then readers do not see it.

        `payload` maps each path of `layout.unit_arrays(unit)` to the unit's values, with the condition axis left out:
        (images of the block, ...) or (samples_per_block, ...). The last block may have fewer images than block_size.
        bfloat16 is passed as its uint16 bits; tokens from n_tokens on are not stored. `layout.blank(unit)` makes a
        payload of fill values. `report` is stored in the marker; its "failed" maps sample ids to messages.
        `counted` are the non-finite values of the payload, where the caller has counted them already.

        Raises FileExistsError for a committed unit, ValueError and TypeError for a payload that does not fit, DiskFull
        or WriteFailed where the system cannot write: the unit's files are then removed, committed units stay.
        """
        if ledger.marker(self.path, unit).exists():
            raise FileExistsError(f"unit {unit.name} of {self.path} is committed already and is never written twice.")
        check(self.layout, unit, payload)
        try:
            files: dict[str, Written] = {}
            for path, array in self.layout.unit_arrays(unit).items():
                files |= self._write(array, unit, payload[path], payload)
            if self.durable:
                sync_folders([self.path / name for name in files], self.path)
            self._mark(unit, files, nonfinite(self.layout, unit, payload) if counted is None else counted, report)
            self._check_present(files)
        except OSError as error:
            self._withdraw(unit)
            needed = sum(array.unit_bytes(unit.block) for array in self.layout.unit_arrays(unit).values())
            raise write_failed(error, self.path, f"unit {unit.name}", needed) from error

    def _write(self, array: Array, unit: Unit, unit_array: NDArray[Any], payload: Payload) -> dict[str, Written]:
        if array.is_text or self.layout.compress:
            return self._write_with_zarr(array, unit, unit_array, payload)
        files: dict[str, Written] = {}
        for name, rows in array.files(unit):
            if array.shard is None:
                parts = chunk_parts(array, unit_array[rows])
            else:
                parts = shard_parts(array, unit_array[rows], token_counts(array, payload)[rows])
            files[name] = write_file(self.path / name, parts, durable=self.durable)
        return files

    def _write_with_zarr(
        self, array: Array, unit: Unit, unit_array: NDArray[Any], payload: Payload
    ) -> dict[str, Written]:
        start = unit.block * array.rows
        region = (slice(start, start + len(unit_array)), *((unit.condition,) if array.per_condition else ()))
        if array.shard is not None:
            unit_array = unit_array.copy()
            for image, count in zip(unit_array, token_counts(array, payload).tolist(), strict=True):
                image[:, max(0, count) :] = array.fill
        self._open(array)[region] = unit_array.astype(object) if array.is_text else unit_array
        names = [name for name, _ in array.files(unit)]
        if self.durable:
            for name in names:
                _sync_file(self.path / name)
        return {name: checksum_file(self.path / name) for name in names}

    def _open(self, array: Array) -> "zarr.Array[Any]":
        if array.path not in self._opened:
            opened = zarr.open_array(self.path / array.path, mode="r+", zarr_format=3)
            # Comparing chunks with the fill value costs up to 7 times the write; the setting is not stored.
            self._opened[array.path] = opened.with_config({"write_empty_chunks": True})
        return self._opened[array.path]

    def _mark(
        self, unit: Unit, files: Mapping[str, Written], counted: Mapping[str, NonFinite], report: Mapping[str, Any]
    ) -> None:
        content = {
            "unit": unit.name,
            "files": {name: vars(written) for name, written in files.items()},
            "nonfinite": {path: counts.totals for path, counts in counted.items()},
            "failed": dict(report.get("failed", {})),
            "host": platform.node(),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "report": {key: value for key, value in report.items() if key != "failed"},
        }
        target = ledger.marker(self.path, unit)
        ledger.write_json(target, content, durable=self.durable)
        if self.durable:
            sync_folders([target], self.path)

    def _check_present(self, files: Mapping[str, Written]) -> None:
        """Raise OSError where a file is gone: another process took it for a leftover before the marker was there."""
        for name, written in files.items():
            if not (file := self.path / name).exists() or file.stat().st_size != written.size:
                raise OSError(errno.EBUSY, f"another process removed {name}; only one may write into a run")

    def _withdraw(self, unit: Unit) -> None:
        ledger.marker(self.path, unit).unlink(missing_ok=True)  # first: a marker never outlives its files
        for array in self.layout.unit_arrays(unit).values():
            for name, _ in array.files(unit):
                (self.path / name).unlink(missing_ok=True)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
