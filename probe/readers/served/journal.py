"""Answers that are not in the store yet: noted as they come, so that after a crash no question is asked twice.

    _ledger/answers/<unit>.jsonl     an answer a line, each with a checksum; gone once its unit is committed

A line that is cut off or damaged is passed over: its question is asked again.
"""

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from stores import Unit, ledger
from stores.files import write_failed

from .replies import Reply

FOLDER = f"{ledger.FOLDER}/answers"

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Journal:
    """The noted answers of a run. With `durable` each is on the disk before it counts."""

    def __init__(self, run: Path, *, durable: bool) -> None:
        self._run, self._durable = run, durable
        self._noted: dict[Unit, dict[str, Reply]] = {}
        self._lock = Lock()
        for unit in ledger.done(run):  # killed between the commit and the removal
            self._file(unit).unlink(missing_ok=True)

    def find(self, unit: Unit, key: str) -> Reply | None:
        """The noted answer to a question, None where there is none."""
        with self._lock:
            return self._of(unit).get(key)

    def note(self, unit: Unit, key: str, reply: Reply) -> None:
        """Note an answer. Raises stores.WriteFailed where it cannot be written."""
        file = self._file(unit)
        with self._lock:
            self._of(unit)[key] = reply
            line = written(key, reply)
            try:
                file.parent.mkdir(exist_ok=True)
                _append(file, line, durable=self._durable)
            except OSError as error:
                raise write_failed(error, self._run, str(file.relative_to(self._run)), len(line)) from error

    def remove(self, unit: Unit) -> None:
        """Remove the answers of a unit, which is committed."""
        with self._lock:
            self._noted.pop(unit, None)
            self._file(unit).unlink(missing_ok=True)
            with suppress(OSError):  # others are in it, or there never was one
                (self._run / FOLDER).rmdir()

    def _of(self, unit: Unit) -> dict[str, Reply]:
        if unit not in self._noted:
            self._noted[unit] = dict(entries(self._file(unit)))
        return self._noted[unit]

    def _file(self, unit: Unit) -> Path:
        return self._run / FOLDER / f"{unit.name}.jsonl"


def written(key: str, reply: Reply) -> bytes:
    """A line of the journal: the answer with the CRC-32 of what stands before it.

    >>> written("k", Reply("yes"))
    b'{"key": "k", "reply": {"text": "yes"}, "crc32": 3183425062}\\n'
    """
    body = json.dumps({"key": key, "reply": reply.to_json()}).removesuffix("}").encode("ascii")
    return body + f', "crc32": {zlib.crc32(body)}}}\n'.encode("ascii")


def entries(file: Path) -> Iterator[tuple[str, Reply]]:
    """The keys and answers of a journal's whole lines; nothing where there is no journal."""
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    for line in lines:
        body, mark, rest = line.rpartition(b', "crc32": ')
        if not mark or rest != f"{zlib.crc32(body)}}}".encode("ascii"):
            continue
        entry: dict[str, Any] = json.loads(line)
        yield entry["key"], Reply.from_json(entry["reply"])


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
