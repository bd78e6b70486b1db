"""Make again what no unit holds: the plan, the metadata and the tables of a run that lost or changed some of them."""

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from . import ledger, presence
from .creation import is_without_plan, make_skeleton, record_of
from .files import checksum_as, write_failed
from .paths import resolved
from .presence import DamagedRun
from .record import Record, plan_file, read_attributes, read_record
from .schema import Layout
from .staging import put_file, scratch

ROOT = "zarr.json"
"""The file of the run's own attributes, with its provenance: it alone differs between two runs of one plan."""


def mend(
    path: str | PathLike[str],
    layout: Layout,
    *,
    plan: Mapping[str, Any],
    provenance: Callable[[], Mapping[str, Any]],
) -> tuple[str, ...]:
    """Make the damaged ones of the files that were made with a run again, and return their names; units stay.

    `plan` and `layout` are those of the command that made the run. `provenance` is called where that of the run is
    lost. Call it while `writing` into the run. Raises DamagedRun where the run is of another plan, or was made by
    another version, so that its files cannot be made again; DiskFull or WriteFailed.
    """
    root = resolved(path)
    try:
        record = read_record(root)
    except ValueError:
        record = None
    if record is None and not is_without_plan(root) and not plan_file(root).exists():
        return ()
    if record is not None and not list(presence.changed_files(root, record["files"])):
        return ()
    _require_same(root, record, layout, plan)
    try:
        with scratch(root, "skeleton") as fresh:
            make_skeleton(fresh, layout, plan["hash"], {})
            return _replace(root, fresh, record, layout, plan, provenance)
    except OSError as error:
        raise write_failed(error, root, "what was made with the run", 0) from error


def _require_same(root: Path, record: Record | None, layout: Layout, plan: Mapping[str, Any]) -> None:
    """Raise DamagedRun where a run is of another plan than the one given, as far as it still says."""
    if record is not None:
        same = record["plan"]["hash"] == plan["hash"] and record["layout"] == layout.summary()
    else:
        said = read_attributes(root).get("plan_hash")
        same = said in (None, plan["hash"])
    if not same:
        raise DamagedRun(
            f"{root}: files that were made with the run are damaged, and this command does not make the same run. Give "
            "the command that made it, word for word, with --repair."
        )


def _replace(
    root: Path,
    fresh: Path,
    record: Record | None,
    layout: Layout,
    plan: Mapping[str, Any],
    provenance: Callable[[], Mapping[str, Any]],
) -> tuple[str, ...]:
    """Put files of a fresh skeleton in the place of those that are not as they were written."""
    names = sorted(file.relative_to(fresh).as_posix() for file in fresh.rglob("*") if file.is_file())
    mended: list[str] = []
    for name in names:
        if name == ROOT:
            continue
        expected: dict[str, int] = {} if record is None else record["files"].get(name, {})
        wanted = checksum_as(fresh / name, expected)
        if record is not None and expected != wanted:
            raise DamagedRun(
                f"{root}: {name} cannot be made again as it was; another version made the run. Copy the run again."
            )
        if list(presence.changed_files(root, {name: wanted})):
            put_file(fresh / name, root / name)
            mended.append(name)
    lost = read_attributes(root).get("plan_hash") != plan["hash"]
    if lost or (record is not None and list(presence.changed_files(root, {ROOT: record["files"][ROOT]}))):
        with scratch(root, "attributes") as anew:
            make_skeleton(anew, layout, plan["hash"], {**provenance(), "repaired": [ROOT]})
            put_file(anew / ROOT, root / ROOT)
        mended.append(ROOT)
    if record is None or ROOT in mended:
        ledger.write_json(plan_file(root), record_of(root, layout, plan, [root / name for name in names]))
        mended.append(plan_file(root).relative_to(root).as_posix())
    return tuple(mended)
