"""Commit units: first all files of the unit, then its marker.

Uncompressed arrays of fixed size are written directly from memory (`shard`); texts and compressed arrays are encoded by
zarr-python (`encoded`). Readers get the same values from both, and both are renamed into place once they are complete.
"""

from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from typing import Any

from numpy.typing import NDArray

from . import ledger
from .arrays import Array, Unit
from .commits import Parts, commit, described
from .encoded import Encoder, without_padding
from .held_objects import hold
from .record import read_record
from .schema import Layout
from .shard import chunk_parts, shard_parts
from .unit_arrays import NonFinite, Payload, check, nonfinite, token_counts


class Writer:
    """Writes the units of a run. Any number of writers may work at once, each on its own units."""

    def __init__(
        self,
        path: str | PathLike[str],
        layout: Layout,
        *,
        plan_hash: str | None = None,
        durable: bool = False,
        permission: Callable[[], None] = lambda: None,
    ) -> None:
        """Open a created run. `durable` waits for the disk at each commit, so that a power cut loses no committed unit.

        `plan_hash` is that of the plan that is carried out; `permission` is `Ownership.check` of the process that has
        the run. Raises FileNotFoundError where no run was created, ValueError where it has another layout, plan or
        schema version.
        """
        record = read_record(path)
        if record is None:
            raise FileNotFoundError(f"{path} contains no run. Make one with `stores.create` first.")
        if record["layout"] != layout.summary():
            raise ValueError(f"{path} was created with another layout. Use the layout of its plan, or another path.")
        self.plan_hash: str = record["plan"]["hash"]
        if plan_hash not in (None, self.plan_hash):
            raise ValueError(
                f"{path} holds the run of another plan ({self.plan_hash}, not {plan_hash}): another process has made "
                "it meanwhile. Choose another path."
            )
        self.folder = hold(path, permission)
        self.path = self.folder.path
        self.layout = layout
        self.durable = durable
        self._encoders: dict[str, Encoder] = {}

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
        or WriteFailed where the system cannot write: the unit's files are then removed, committed units stay. RunMoved
        where the run's folder is gone, RunLost where another process has taken the run over.
        """
        marker = ledger.marker_name(unit)
        if self.folder.size(marker) >= 0:
            raise FileExistsError(f"unit {unit.name} of {self.path} is committed already and is never written twice.")
        check(self.layout, unit, payload)
        arrays = self.layout.unit_arrays(unit)
        counted = nonfinite(self.layout, unit, payload) if counted is None else counted
        content = {
            **described(unit, self.plan_hash),
            "nonfinite": {path: counts.totals for path, counts in counted.items()},
            "failed": dict(report.get("failed", {})),
            "report": {key: value for key, value in report.items() if key != "failed"},
        }
        files = (file for path, array in arrays.items() for file in self._files(array, unit, payload[path], payload))
        needed = sum(array.unit_bytes(unit.block) for array in arrays.values())
        commit(self.folder, marker, files, content, what=f"unit {unit.name}", needed=needed, durable=self.durable)

    def _files(
        self, array: Array, unit: Unit, unit_array: NDArray[Any], payload: Payload
    ) -> Iterator[tuple[str, Parts]]:
        """The files of one array, each with its bytes."""
        encoder = self._encoder(array) if array.is_text or self.layout.compress else None
        for name, rows in array.files(unit):
            values = unit_array[rows]
            if encoder is not None:
                filled = array.shard is not None
                values = without_padding(array, values, token_counts(array, payload)[rows]) if filled else values
                yield name, encoder.parts(values)
            elif array.shard is None:
                yield name, chunk_parts(array, values)
            else:
                yield name, shard_parts(array, values, token_counts(array, payload)[rows])

    def _encoder(self, array: Array) -> Encoder:
        if array.path not in self._encoders:
            self._encoders[array.path] = Encoder(array, compress=self.layout.compress)
        return self._encoders[array.path]
