"""Results of analyses, stored in the run beside the data that they were computed from.

A result is one xarray Dataset under `/analyses/<name>`. It may be replaced at any time and appears complete or not at
all. Units, plan and ledger stay as they are.
"""

# xarray's and zarr's signatures are only partly typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import re
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import ledger, presence, sealed
from .files import checksum_file, write_failed
from .object_paths import ObjectPath
from .object_store import StoreFailed
from .paths import resolved, zarr_store
from .presence import DamagedRun
from .staging import files_below, put_tree, scratch, staged

if TYPE_CHECKING:
    import xarray as xr

FOLDER = "analyses"

_NAME = re.compile(r"[a-z][a-z0-9_]*")


MADE_BY = "probe analyze"
"""The command by which most results are made."""


def write(
    path: str | PathLike[str], name: str, result: "xr.Dataset", *, attrs: Mapping[str, Any], made_by: str = MADE_BY
) -> None:
    """Write a result into a run, replacing one of the same name. `attrs` record its origin (seed, code, time).

    `made_by` is the command that makes it again, which is named where it is damaged.

    Raises FileNotFoundError where there is no run, ValueError for a name of other characters than a-z, 0-9 and _, and
    DiskFull.
    """
    import zarr

    root = resolved(path)
    if not _NAME.fullmatch(name):
        raise ValueError(f"result {name!r}: use lower-case letters, digits and _ in a name.")
    if ledger.read_plan(root) is None:
        raise FileNotFoundError(f"{root} contains no run to write {name!r} into.")
    try:
        with scratch(root, name) as fresh:
            _plain(result).assign_attrs(attrs).to_zarr(zarr_store(fresh), mode="w", consolidated=False, zarr_format=3)
            if not (root / FOLDER / "zarr.json").exists():
                with staged(root) as base:
                    zarr.create_group(base / FOLDER, zarr_format=3)
            files = sorted(files_below(fresh))
            written = {file.relative_to(fresh).as_posix(): vars(checksum_file(file)) for file in files}
            _record(root, name).unlink(missing_ok=True)  # it is of the files that go
            put_tree(fresh, root / FOLDER / name)
            ledger.write_json(_record(root, name), {"files": written, "made_by": made_by})
    except OSError as error:
        raise write_failed(error, root, f"result {name!r}", 0) from error


def names(path: str | PathLike[str]) -> tuple[str, ...]:
    """The names of the results in a run, in alphabetical order."""
    root = resolved(path)
    there = {group.parent.name for group in _groups(root / FOLDER)}
    recorded = {file.stem for file in _record(root, "x").parent.glob("*.json")}  # one that lost its files is named too
    return tuple(sorted(there | recorded))


def _groups(folder: Path) -> Iterator[Path]:
    """The metadata of each result."""
    if isinstance(folder, ObjectPath):  # one request lists them all
        yield from (file for file in folder.below() if file.name == "zarr.json" and file.parent.parent == folder)
    else:
        yield from folder.glob("*/zarr.json")


def read(path: str | PathLike[str], name: str) -> "xr.Dataset":
    """One result, in memory.

    Raises KeyError, listing the names in the run, where there is none of this name, and DamagedRun where files of it
    are missing or not as they were written.
    """
    if name not in (there := names(path)):
        raise KeyError(
            f"result {name!r} is not in {path}; there are: {', '.join(there) or 'none'}. Run `probe analyze`."
        )
    import xarray as xr

    check_present(resolved(path), name)
    result: xr.Dataset = xr.open_zarr(zarr_store(resolved(path) / FOLDER / name), consolidated=False).load()
    return _with_texts(result, "T", object)


def check_present(root: Path, name: str) -> None:
    """Raise DamagedRun where files of a result are not as they were written: what is lost would read as undefined."""
    if lost := changed(root, name):
        raise DamagedRun(f"result {name!r} of {root}: {presence.some(lost)}. {_cure(root, name)}")


def _cure(root: Path, name: str) -> str:
    """How a damaged result is made again."""
    try:
        made_by = sealed.read(_record(root, name)).get("made_by", MADE_BY)
    except (sealed.Broken, OSError, LookupError):
        return f"Make it again: `{MADE_BY}`, or the command that it comes from, on {root}."
    return f"Run `{made_by}` on {root} again."


def changed(root: Path, name: str) -> list[str]:
    """What is wrong with each file of a result, every byte read; one that is just being written has no record yet."""
    try:
        files = sealed.read(_record(root, name))["files"]
    except FileNotFoundError:
        return [f"{_record(root, name).relative_to(root).as_posix()} is missing"]
    except StoreFailed:
        raise
    except (sealed.Broken, OSError, LookupError) as error:
        return [f"{_record(root, name).relative_to(root).as_posix()} is damaged ({ledger.reason_of(error)})"]
    return list(presence.changed_files(root, {f"{FOLDER}/{name}/{file}": size for file, size in files.items()}))


def _record(root: Path, name: str) -> Path:
    return root / ledger.FOLDER / "results" / f"{name}.json"


def _plain(result: "xr.Dataset") -> "xr.Dataset":
    import numpy as np

    # Zarr stores no Python objects: texts become its own strings, attributes JSON
    return _with_texts(result, "OU", np.dtypes.StringDType()).assign_attrs(json.loads(json.dumps(result.attrs)))


def _with_texts(result: "xr.Dataset", kinds: str, dtype: Any) -> "xr.Dataset":
    texts = {name: v.astype(dtype) for name, v in result.variables.items() if v.dtype.kind in kinds}
    return result.assign({name: v for name, v in texts.items() if name in result.data_vars}).assign_coords(
        {name: v for name, v in texts.items() if name in result.coords}
    )
