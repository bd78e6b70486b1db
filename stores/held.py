"""A run's folder, held open while it is written into: what is written goes there or nowhere."""

import errno
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from os import PathLike
from pathlib import Path

from .files import WriteFailed, Written, write_file
from .paths import resolved

Files = Iterable[tuple[str, Sequence[memoryview]]]
"""Files of a run by name, each with its bytes."""


class RunMoved(WriteFailed):
    """The run's folder was renamed, replaced or deleted while units were written into it."""


def moved(path: Path) -> str:
    """What is said of a run whose folder is no longer at its path."""
    return (
        f"{path} was renamed, replaced or deleted while units were written into it: nothing more is written. Committed "
        "units are safe in the folder wherever it is: move it back and rerun the same command to resume."
    )


class HeldFolder:
    """The folder of a run that exists. Files are written below it by name, and their folders made where they lack.

    `permission` is asked before a unit is begun and again before it is marked: it raises where somebody else has taken
    the run over.
    """

    def __init__(self, path: str | PathLike[str], permission: Callable[[], None] = lambda: None) -> None:
        self.path = resolved(path)
        self.permission = permission
        self.descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        held = os.fstat(self.descriptor)
        self._identity = held.st_dev, held.st_ino
        weakref.finalize(self, os.close, self.descriptor)

    def check(self) -> None:
        """Raise RunMoved where the folder is no longer at its path, and what `permission` raises."""
        try:
            now = os.stat(self.path)
        except OSError:
            now = None
        if now is None or (now.st_dev, now.st_ino) != self._identity:
            raise RunMoved(errno.ENOENT, moved(self.path))
        self.permission()

    def write(self, name: str, parts: Sequence[memoryview], *, durable: bool = False) -> Written:
        """Write a file of the run, completely or not at all. Raises the system's OSError."""
        return write_file(Path(name), parts, durable=durable, folder=self.descriptor)

    def write_each(self, files: Files, *, durable: bool = False) -> Iterator[tuple[str, Written]]:
        """Write files, one after another; each by name with what was written. Raises the system's OSError."""
        for name, parts in files:
            yield name, self.write(name, parts, durable=durable)

    def mark(self, marker: str, data: bytes, *, durable: bool = False) -> None:
        """Write the marker of a unit. Raises the system's OSError."""
        self.write(marker, [memoryview(data)], durable=durable)

    def size(self, name: str) -> int:
        """The bytes of a file, -1 where there is none."""
        try:
            return os.stat(name, dir_fd=self.descriptor).st_size
        except OSError:
            return -1

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, where they are there."""
        for name in names:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self.descriptor)

    def check_present(self, written: Mapping[str, Written]) -> None:
        """Raise OSError where a file is gone, or another one, although its marker is there."""
        for name, file in written.items():
            if self.size(name) != file.size:
                raise OSError(errno.EBUSY, f"another process removed {name}; only one may write into a run")

    def undo(self, marker: str, written: Iterable[str]) -> None:
        """Remove what of a unit was written, its marker first, so that it never outlives its files."""
        self.remove([marker, *written])

    def undo_unmarked(self, marker: str, written: Iterable[str]) -> None:
        """Remove the files of a unit that has no marker."""
        if self.size(marker) < 0:
            self.remove(written)

    def sync_folders(self, names: Iterable[str]) -> None:
        """Wait until the entries of these files, and of the folders from them up to the run, have reached the disk."""
        folders = {str(parent) for name in names for parent in Path(name).parents}
        for folder in sorted(folders, key=lambda folder: folder.count("/") + (folder != "."), reverse=True):
            descriptor = os.open(folder, os.O_RDONLY, dir_fd=self.descriptor)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
