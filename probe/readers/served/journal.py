"""Answers that are not in the store yet: noted as they come, so that after a crash no question is asked twice.

They are an answer a line, each with a checksum, under `_ledger/answers` (`notes`); gone once their unit is committed. A
line that is cut off or damaged is passed over: its question is asked again.
"""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from stores import Unit, ledger

from . import notes
from .replies import Reply


class Journal:
    """The noted answers of a run. With `durable` each is on the disk before it counts."""

    def __init__(self, run: Path, *, durable: bool) -> None:
        self._notes = notes.of(run, durable=durable)
        self._noted: dict[Unit, dict[str, Reply]] = {}
        self._lock = Lock()
        for unit in ledger.done(run):  # killed between the commit and the removal
            self._notes.remove(unit)

    def find(self, unit: Unit, key: str) -> Reply | None:
        """The noted answer to a question, None where there is none."""
        with self._lock:
            return self._of(unit).get(key)

    def note(self, unit: Unit, key: str, reply: Reply) -> None:
        """Note an answer. Raises stores.WriteFailed where it cannot be written."""
        with self._lock:
            self._of(unit)[key] = reply
            self._notes.add(unit, key, written(key, reply))

    def remove(self, unit: Unit) -> None:
        """Remove the answers of a unit, which is committed."""
        with self._lock:
            self._noted.pop(unit, None)
            self._notes.remove(unit)

    def _of(self, unit: Unit) -> dict[str, Reply]:
        if unit not in self._noted:
            self._noted[unit] = dict(entries(self._notes.read(unit)))
        return self._noted[unit]


def written(key: str, reply: Reply) -> bytes:
    """A line of the journal: the answer with the CRC-32 of what stands before it.

    >>> written("k", Reply("yes"))
    b'{"key": "k", "reply": {"text": "yes"}, "crc32": 3183425062}\\n'
    """
    body = json.dumps({"key": key, "reply": reply.to_json()}).removesuffix("}").encode("ascii")
    return body + f', "crc32": {zlib.crc32(body)}}}\n'.encode("ascii")


def entries(lines: bytes) -> Iterator[tuple[str, Reply]]:
    """The keys and answers of whole lines."""
    for line in lines.split(b"\n"):
        body, mark, rest = line.rpartition(b', "crc32": ')
        if not mark or rest != f"{zlib.crc32(body)}}}".encode("ascii"):
            continue
        entry: dict[str, Any] = json.loads(line)
        yield entry["key"], Reply.from_json(entry["reply"])
