"""Whether the files of committed units are there with their sizes: one listing of each array's folder.

A lost chunk file reads as its fill value, so that a marker alone does not say that a unit can be read. A marker that is
not as it was written says nothing at all: its unit counts as not committed.
"""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from . import ledger, sealed
from .arrays import Array, Unit
from .each import each
from .files import CHECKSUMS, checksum_as, read_regular
from .object_paths import ObjectPath
from .object_store import StoreFailed
from .paths import resolved
from .record import FOLDER, Record, arrays_in, layout_hash, read_attributes, read_record

FEW = 2_000
"""Units whose markers are read entry by entry: they alone know the sizes of texts and of padded tokens."""

SHORT = 1 << 16
"""Bytes of a marker that are read at once."""

SHOWN = 3
"""Files that a message names."""

Damage = Mapping[Unit, tuple[str, ...]]
"""Committed unit -> what is wrong with its files, such as "answers/text/c.0.1 is missing"."""


class DamagedRun(ValueError):
    """Files of a run are missing, or have another size than they were written with."""


def damage(path: str | PathLike[str], *, committed: Collection[Unit] | None = None, exact: bool = False) -> Damage:
    """What is wrong with the files of each committed unit, of all or of those given; empty where nothing is.

    The checksum of every marker is compared. What markers say, and so the sizes that depend on the values (texts,
    padded tokens, compressed arrays), is read of few units, or of all if `exact`; of more, such a file need only not be
    empty.

    Raises FileNotFoundError where there is no run, DamagedRun for files made with it, which no unit brings back.
    """
    root = resolved(path)
    record = read_record(root)
    if record is None:
        raise FileNotFoundError(f"{path} contains no run.")
    check_creation(root, record)
    arrays = arrays_in(record["layout"])
    check_folders(root, arrays)
    committed = ledger.of_run(record, ledger.done(root) if committed is None else committed)
    known: dict[str, int] = {}
    found: dict[Unit, list[str]] = {}
    if exact or len(committed) <= FEW:
        for unit, content in ledger.markers(root, record, committed):
            if isinstance(content, str):
                found[unit] = [content]
            else:
                known.update((name, written["size"]) for name, written in content["files"].items())
    else:
        found = {unit: [wrong] for unit, wrong in _broken_markers(root, committed)}
    valid = [unit for unit in committed if unit not in found]
    for array in arrays:
        fixed = None if record["layout"]["compress"] else array.file_bytes
        for unit, wrong in damaged_files(root, array, valid, known, fixed):
            found.setdefault(unit, []).append(wrong)
    return {unit: tuple(wrong) for unit, wrong in sorted(found.items())}


def _broken_markers(root: Path, units: Collection[Unit]) -> Iterator[tuple[Unit, str]]:
    """The units whose marker is not the one that was written, by its checksum alone."""
    if isinstance(root, ObjectPath):
        read = (wrong for wrong in each(root, lambda unit: (unit, _broken_object(root, unit)), units))
        yield from ((unit, wrong) for unit, wrong in read if wrong)
        return
    folder = os.open(root / ledger.DONE, os.O_RDONLY)
    try:
        for unit in units:
            try:
                sealed.require_whole(_read_short(f"{unit.name}.json", folder))
            except (sealed.Broken, OSError) as error:
                yield unit, ledger.damaged_marker(unit, ledger.reason_of(error))
    finally:
        os.close(folder)


def _broken_object(root: ObjectPath, unit: Unit) -> str:
    try:
        sealed.require_whole((root / ledger.marker_name(unit)).read())
    except (sealed.Broken, FileNotFoundError) as error:
        return ledger.damaged_marker(unit, ledger.reason_of(error))
    return ""


def _read_short(name: str, folder: int) -> bytes:
    """The bytes of a file, mostly in one call: of ten thousand markers the calls are what takes time."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=folder)
    try:
        data = os.read(descriptor, SHORT)
    finally:
        os.close(descriptor)
    return data if len(data) < SHORT else read_regular(name, sealed.LARGEST, folder=folder)


def said(name: str, size: int, written: int | None) -> str:
    """What is wrong with a file that has `size` bytes (-1: it is not there) instead of those that were written.

    >>> said("answers/text/c.0.1", -1, 20), said("answers/text/c.0.1", 7, 20)
    ('answers/text/c.0.1 is missing', 'answers/text/c.0.1 has 7 bytes instead of 20')
    """
    if size < 0:
        return f"{name} is missing"
    return f"{name} has {size:,} bytes" + ("" if written is None else f" instead of {written:,}")


def check_creation(root: Path, record: Record) -> None:
    """Raise DamagedRun where files that were made with the run (its tables, every array's metadata) have changed."""
    if lost := list(changed_files(root, record["files"])):
        raise DamagedRun(
            f"{root}: {some(lost)}. Rerun the command that made the run with --repair, copy the run again from where "
            "it is whole, or extract it anew."
        )
    written = read_attributes(root)
    hashes = {"plan_hash": record["plan"]["hash"], "layout_hash": layout_hash(record["layout"])}
    if any(written.get(name) != value for name, value in hashes.items()):
        raise DamagedRun(
            f"{root}: its plan.json is that of another run (plan {record['plan']['hash']}; the run was made with plan "
            f"{written.get('plan_hash')}). Copy the run again from where it is whole."
        )


def changed_files(root: Path, files: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with each file that is not as it was written; every byte is read."""
    yield from filter(None, each(root, lambda file: _changed(root, *file), files.items()))


def _changed(root: Path, name: str, expected: Mapping[str, int]) -> str:
    """What is wrong with a file, "" where nothing is."""
    try:
        written = checksum_as(root / name, expected)
    except (FileNotFoundError, NotADirectoryError):
        return f"{name} is missing"
    except StoreFailed:
        raise
    except OSError as error:
        return f"{name} cannot be read ({error.strerror or error})"
    if written["size"] != expected["size"]:
        return f"{name} has {written['size']:,} bytes instead of {expected['size']:,}"
    if written != expected:
        kind = next(key for key in written if key != "size")
        return f"{name} has {CHECKSUMS[kind]} {written[kind]:08x} instead of {expected[kind]:08x}"
    return ""


def check_folders(root: Path, arrays: Collection[Array]) -> None:
    """Raise DamagedRun where a folder of a run is a link: what is behind it is not the run's."""
    folders = {parent for array in arrays for parent in Path(array.path, "c").parents} | {
        Path(FOLDER),
        Path(ledger.DONE),
    }
    if links := sorted(str(folder) for folder in folders if folder != Path(".") and (root / folder).is_symlink()):
        raise DamagedRun(f"{root}: {some(links)} is a link and no folder. Copy the run with what the link points to.")


def describe(root: Path, damaged: Damage) -> str:
    """The damage in one line, and what to do about it."""
    files = [said for unit in damaged.values() for said in unit]
    units = "1 unit" if len(damaged) == 1 else f"{len(damaged):,} units"
    return (
        f"{root}: files of {units} are missing or short: {some(files)}. Copy the run again from where it is whole, or "
        "rerun the command that made it, which does these units again."
    )


def some(texts: list[str]) -> str:
    """The first texts, and how many there are more."""
    rest = f", … {len(texts):,} in all" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + rest


def damaged_files(
    root: Path, array: Array, committed: Collection[Unit], sizes: Mapping[str, int], fixed: int | None
) -> Iterator[tuple[Unit, str]]:
    """The files of an array that are missing or short, with the unit of each; `fixed` is the size of each, if known."""
    there, prefix = _listed(root / array.path), f"{array.path}/"
    for unit, name in array.names(committed):
        size = there.get(name, -1)
        written = sizes.get(prefix + name) if fixed is None else fixed
        if size != written if written is not None else size < 1:
            yield unit, said(prefix + name, size, written)


def _listed(folder: Path) -> dict[str, int]:
    """The sizes of the plain files in a folder by name; links and devices are none."""
    if isinstance(folder, ObjectPath):
        return folder.sizes()
    found: dict[str, int] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode):
                    found[entry.name] = status.st_size
    except FileNotFoundError:  # the folder, or a file that was just renamed: what is there is listed once more
        return _listed(folder) if folder.is_dir() else {}
    except NotADirectoryError:
        return {}
    return found
