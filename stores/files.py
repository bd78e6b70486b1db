"""Files that appear complete or not at all: written under a temporary name, then renamed."""

import contextlib
import errno
import itertools
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c

from . import process
from .object_paths import ObjectPath

CHECKSUMS = {"crc32c": "CRC-32C", "crc32": "CRC-32"}
"""The checksums that the ledger names, as a reader knows them; the first is written, the other one early runs have."""

PIECE = 1 << 20
"""Bytes of a file that are written, or read, and summed up together: the processor's cache holds them."""

PARTIAL = ".partial"
"""Suffix of files that are still being written, also of those of zarr-python."""

_COUNTER = itertools.count()
_AT_ONCE = min(os.sysconf("SC_IOV_MAX"), 1024)


class WriteFailed(OSError):
    """A file of the run could not be written. Committed units are safe and the run can be resumed."""


class DiskFull(WriteFailed):
    """No space or quota left for a unit. Committed units are safe and the run can be resumed."""


@dataclass(frozen=True)
class Written:
    """Length and CRC-32C of a file as it was written."""

    size: int
    crc32c: int


def partial_name(name: str) -> str:
    """The name under which this process writes a file, until it is complete."""
    return f"{name}.{process.this().mark}-{next(_COUNTER)}{PARTIAL}"


def write_file(
    target: Path, parts: Sequence[memoryview], *, durable: bool = False, folder: int | None = None
) -> Written:
    """Write the parts one after another as one file that appears complete or not at all.

    `durable` also waits until the bytes have reached the disk; `sync_folders` does so for the entry in the folder.
    `folder` is an open folder that the target is below, wherever that is by now: nothing is written outside of it.
    Raises the system's OSError, after the unfinished file is removed.
    """
    if isinstance(target, ObjectPath):
        target.write(b"".join(parts))
        return checksum(parts)
    partial = target.with_name(partial_name(target.name))
    descriptor = _create(partial, folder)
    try:
        try:
            written = _write_all(descriptor, parts)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(partial, target, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial, dir_fd=folder)
        raise
    return written


def _create(partial: Path, folder: int | None) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(partial, flags, 0o666, dir_fd=folder)
    except FileNotFoundError:
        _make_folders(partial.parent, folder)
        return os.open(partial, flags, 0o666, dir_fd=folder)


def _make_folders(path: Path, folder: int | None) -> None:
    """Make a folder and those above it, the lowest last."""
    for each in (*reversed(path.parents), path):
        with contextlib.suppress(FileExistsError, IsADirectoryError, PermissionError):
            os.mkdir(each, dir_fd=folder)


def read_regular(path: str | os.PathLike[str], largest: int, *, folder: int | None = None) -> bytes:
    """The bytes of a plain file. A device, a pipe, a folder or a link is refused, whatever is behind it.

    Raises FileNotFoundError, and OSError for what is no plain file, is longer than `largest` bytes, or cannot be read.
    """
    if isinstance(path, ObjectPath):
        return path.read(largest)
    descriptor = open_regular(path, folder=folder)
    try:
        size = os.fstat(descriptor).st_size
        if size > largest:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, more than {largest:,}", str(path))
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
            return file.read(size + 1)
    finally:
        os.close(descriptor)


def open_regular(path: str | os.PathLike[str], *, folder: int | None = None) -> int:
    """The descriptor of a plain file that is opened for reading, without waiting for anybody. Raises as above."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.EINVAL, "it is a link and no plain file", str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    return descriptor


def _write_all(descriptor: int, parts: Sequence[memoryview]) -> Written:
    # Piece by piece, so that the checksum finds in the cache what the system has just copied.
    size = crc32c = 0
    for some in _pieces(parts):
        _write(descriptor, some)
        for part in some:
            size, crc32c = size + len(part), _extend_crc32c(crc32c, part)
    return Written(size, crc32c)


def _pieces(parts: Sequence[memoryview]) -> Iterator[list[memoryview]]:
    """Parts in groups of about `PIECE` bytes, and of no more than one call takes; longer ones are cut."""
    some: list[memoryview] = []
    size = 0
    for part in parts:
        for start in range(0, len(part), PIECE):
            some.append(part[start : start + PIECE])
            size += len(some[-1])
            if size >= PIECE or len(some) == _AT_ONCE:
                yield some
                some, size = [], 0
    if some:
        yield some


def _write(descriptor: int, parts: list[memoryview]) -> None:
    # One call may stop early (a disk that fills up).
    left = list(parts)
    while left:
        written = os.writev(descriptor, left)
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
    """Length and CRC-32C of the parts as one file.

    >>> checksum([b"ab", b"c"]) == checksum([b"abc"])
    True
    """
    size = crc32c = 0
    for part in parts:
        size += len(part)
        crc32c = _extend_crc32c(crc32c, part)
    return Written(size, crc32c)


def checksum_file(path: Path) -> Written:
    """Length and CRC-32C of a plain file, read in pieces. Raises as `read_regular`."""
    return checksum(_read_pieces(path))


def _read_pieces(path: Path) -> Iterator[bytes]:
    if isinstance(path, ObjectPath):
        yield from path.pieces()
        return
    with os.fdopen(open_regular(path), "rb", buffering=0) as file:
        while data := file.read(PIECE):
            yield data


def checksum_as(path: Path, expected: Mapping[str, int]) -> dict[str, int]:
    """The length of a plain file and the checksum that is expected of it: CRC-32 in early runs, else CRC-32C."""
    if "crc32" not in expected:
        return dict(vars(checksum_file(path)))
    size = crc32 = 0
    for data in _read_pieces(path):
        size, crc32 = size + len(data), zlib.crc32(data, crc32)
    return {"size": size, "crc32": crc32}


def _extend_crc32c(crc32c: int, part: memoryview | bytes) -> int:
    if not isinstance(part, bytes) and len(part):
        import numpy as np  # which whoever reads bytes alone does not need

        # as an array: the library takes none that says when it is no longer used, as a memoryview does
        return int(google_crc32c.extend(crc32c, np.frombuffer(part, np.uint8)))  # pyright: ignore
    return int(google_crc32c.extend(crc32c, bytes(part)))  # pyright: ignore


def sync_files(files: Iterable[Path]) -> None:
    """Wait until the bytes of these files have reached the disk."""
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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


_REASONS = {
    errno.EROFS: "the disk is read-only. Make it writable again, or copy the run to another one.",
    errno.EACCES: "this user may not write there. Give the right to.",
    errno.EPERM: "this user may not write there. Give the right to.",
    errno.EIO: "the disk or the way to it fails (input/output error). Check it, copy the run if in doubt.",
    errno.ESTALE: "the network disk has lost the folder (stale handle). Mount it again.",
    errno.ENAMETOOLONG: "the path is too long for this disk. Move the run to a shorter one.",
    errno.EMFILE: "this process has too many files open. Raise the limit (ulimit -n).",
    errno.ENFILE: "this machine has too many files open. Close other programs.",
    errno.ENOENT: "the folder of the run is gone. Bring it back.",
    errno.ENOTDIR: "a folder of the run is a file now. Bring the folder back.",
}


def write_failed(error: OSError, path: Path, what: str, needed: int) -> WriteFailed:
    """The error to raise for an OSError: what failed, how many bytes are needed and free, and what to do."""
    resume = "All committed units are safe; rerun the same command to resume."
    if error.errno == errno.EDQUOT:
        said = f"the quota is used up: {needed:,} bytes needed for {what}. Free some space, or ask for more."
        return DiskFull(error.errno, f"{path}: {said} {resume}")
    if error.errno == errno.ENOSPC:
        return DiskFull(error.errno, f"{path}: {_full(path, what, needed)} {resume}")
    reason = _REASONS.get(error.errno or 0, f"{str(error.strerror or error).rstrip('.')}.")
    if error.errno == errno.EFBIG:
        size = f"its {needed:,} bytes are" if needed else "it is"
        reason = f"{size} more than one file may have here. Raise the limit (ulimit -f)."
    return WriteFailed(error.errno, f"{path}: writing {what} failed: {reason} {resume}")


def _full(path: Path, what: str, needed: int) -> str:
    try:
        disk = os.statvfs(next(p for p in (path, *path.parents) if os.path.exists(p)))
    except OSError:
        return f"no space left for {what}: {needed:,} bytes needed. Free some space."
    free = disk.f_frsize * disk.f_bavail
    if free > needed and disk.f_files and not disk.f_favail:
        told = f"{free:,} bytes are free, but all {disk.f_files:,} inodes are taken. Remove some files."
        return f"no more files fit on the disk, so not {what}: {told}"
    counted = f"{needed:,} bytes needed, {free:,} free" if needed else f"{free:,} bytes free"
    return f"no space left for {what}: {counted}. Free some space."
