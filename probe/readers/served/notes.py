"""Where the notes of a run's answers are: in files that grow by a line, or in an object store by an object each.

_ledger/answers/<unit>.jsonl             in a folder
_ledger/answers/<unit>/<hash>.jsonl      in an object store, where nothing can be appended to
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from stores import Unit, ledger
from stores.files import write_failed
from stores.object_paths import ObjectPath

FOLDER = f"{ledger.FOLDER}/answers"

TRIES = 16

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Notes(Protocol):
    """Lines of a unit, each with a line end."""

    def read(self, unit: Unit) -> bytes:
        """All that was added for a unit."""
        ...

    def add(self, unit: Unit, key: str, line: bytes) -> None:
        """Add a line under its key. Raises stores.WriteFailed where it cannot be written."""
        ...

    def remove(self, unit: Unit) -> None:
        """Remove all of a unit."""
        ...


def of(run: Path, *, durable: bool) -> Notes:
    """The notes of a run. With `durable` each is on the disk before it counts; an object always is."""
    return InObjects(run) if isinstance(run, ObjectPath) else InFiles(run, durable=durable)


class InObjects:
    """Notes in an object store."""

    def __init__(self, run: ObjectPath) -> None:
        self._run = run

    def read(self, unit: Unit) -> bytes:
        """All that was added for a unit."""
        return b"".join(each.read() for each in self._folder(unit).below())

    def add(self, unit: Unit, key: str, line: bytes) -> None:
        """Add a line under its key. Raises StoreFailed."""
        (self._folder(unit) / f"{sha256(key.encode()).hexdigest()[:32]}.jsonl").write(line)

    def remove(self, unit: Unit) -> None:
        """Remove all of a unit."""
        folder = self._folder(unit)
        folder.remove(list(folder.below()))

    def _folder(self, unit: Unit) -> ObjectPath:
        return self._run / FOLDER / unit.name


class InFiles:
    """Notes in a folder."""

    def __init__(self, run: Path, *, durable: bool) -> None:
        self._run, self._durable = run, durable

    def read(self, unit: Unit) -> bytes:
        """All that was added for a unit."""
        try:
            return self._file(unit).read_bytes()
        except FileNotFoundError:
            return b""

    def add(self, unit: Unit, key: str, line: bytes) -> None:
        """Add a line. Raises stores.WriteFailed where it cannot be written."""
        file = self._file(unit)
        try:
            _note(file, line, durable=self._durable)
        except OSError as error:
            raise write_failed(error, self._run, str(file.relative_to(self._run)), len(line)) from error

    def remove(self, unit: Unit) -> None:
        """Remove the file of a unit."""
        self._file(unit).unlink(missing_ok=True)
        with suppress(OSError):  # others are in it, or there never was one
            (self._run / FOLDER).rmdir()

    def _file(self, unit: Unit) -> Path:
        return self._run / FOLDER / f"{unit.name}.jsonl"


def _note(file: Path, line: bytes, *, durable: bool) -> None:
    """Append a line; the folder may be removed at any time by another process, whose last unit is committed."""
    for left in reversed(range(TRIES)):
        file.parent.mkdir(exist_ok=True)
        try:
            _append(file, line, durable=durable)
        except FileNotFoundError:
            if not left:
                raise
        else:
            return


def _append(file: Path, line: bytes, *, durable: bool) -> None:
    descriptor = os.open(file, _FLAGS, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line  # after a line that was cut off
        while line:
            line = line[os.write(descriptor, line) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
