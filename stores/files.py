"""Files that appear complete or not at all: written under a temporary name, then renamed."""

import errno
import os
import shutil
import uuid
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PARTIAL = ".partial"
"""Suffix of files that are still being written, also of those of zarr-python."""

_AT_ONCE = min(os.sysconf("SC_IOV_MAX"), 1024)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class WriteFailed(OSError):
    """A file of the run could not be written. Committed units are safe and the run can be resumed."""


class DiskFull(WriteFailed):
    """No space or quota left for a unit. Committed units are safe and the run can be resumed."""


@dataclass(frozen=True)
class Written:
    """Length and CRC-32 (zlib's) of a file as it was written."""

    size: int
    crc32: int


def write_file(target: Path, parts: Sequence[memoryview], *, durable: bool = False) -> Written:
    """Write the parts one after another as one file that appears complete or not at all.

    `durable` also waits until the bytes have reached the disk; `sync_folders` does so for the entry in the folder.
    Raises the system's OSError, after the unfinished file is removed.
    """
    partial = target.with_name(f"{target.name}.{uuid.uuid4().hex}{PARTIAL}")
    descriptor = _create(partial)
    try:
        try:
            _write_all(descriptor, parts)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return checksum(parts)


def _create(partial: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(partial, flags, 0o666)
    except FileNotFoundError:
        partial.parent.mkdir(parents=True, exist_ok=True)
        return os.open(partial, flags, 0o666)


def _write_all(descriptor: int, parts: Sequence[memoryview]) -> None:
    # One call takes at most IOV_MAX parts and 2 GiB, and may stop early (a disk that fills up).
    left = [part for part in parts if len(part)]
    while left:
        written = os.writev(descriptor, left[:_AT_ONCE])
        done = 0
        while done < len(left) and written >= len(left[done]):
            written -= len(left[done])
            done += 1
        left = left[done:]
        if written:
            left[0] = left[0][written:]


def plain(value: Any) -> Any:
    """What JSON writes in place of a numpy number. TypeError for what it cannot write."""
    if hasattr(value, "item"):  # numpy scalars
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON. Give plain numbers, texts, lists and dicts.")


def checksum(parts: Iterable[memoryview | bytes]) -> Written:
    """Length and CRC-32 of the parts as one file.

    >>> checksum([b"ab", b"c"]) == checksum([b"abc"])
    True
    """
    size = crc32 = 0
    for part in parts:
        size += len(part)
        crc32 = zlib.crc32(part, crc32)
    return Written(size, crc32)


def checksum_file(path: Path) -> Written:
    """Length and CRC-32 of a file, read in pieces of 16 MB."""
    with path.open("rb") as file:
        return checksum(iter(lambda: file.read(1 << 24), b""))


def sync_folders(files: Iterable[Path], root: Path) -> None:
    """Wait until the entries of these files, and of the folders from them up to `root`, have reached the disk."""
    folders: set[Path] = set()
    for file in files:
        folders.update(folder for folder in file.parents if folder.is_relative_to(root))
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_failed(error: OSError, path: Path, what: str, needed: int) -> WriteFailed:
    """The error to raise for an OSError: what failed, how many bytes are needed and free, and what to do."""
    resume = "All committed units are safe; rerun the same command to resume."
    if error.errno not in _FULL:
        return WriteFailed(error.errno, f"{path}: writing {what} failed: {error.strerror or error}. {resume}")
    free = shutil.disk_usage(next(p for p in (path, *path.parents) if p.exists())).free
    return DiskFull(
        error.errno,
        f"{path}: no space left for {what}: {needed:,} bytes needed, {free:,} free. Free some space. {resume}",
    )
