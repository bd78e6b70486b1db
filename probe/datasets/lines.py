"""The lines of a text file, one after the other, however large the file is."""

import io
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..regular_files import open_regular
from .problems import DatasetError
from .root import unreadable
from .rows import RowError

LONGEST = 16 << 20
"""Most characters of a line: what is read of it takes some twenty times as much memory."""

LONGEST_ROW = 64 << 20
"""Most characters of a line or cell of a table, in which a cell can be a picture."""

PIECE = 1 << 20


class Lines(Iterator[str]):
    """The lines of a UTF-8 file without a byte order mark, each with its line feed; \\r\\n and \\r are line feeds too.

    `digest` is fed with all that was read. `next` raises RowError for a line of more than `longest` characters, which
    is then passed over, and DatasetError where the file cannot be read, or is not UTF-8.
    """

    def __init__(self, path: Path, *, longest: int = LONGEST) -> None:
        self.path, self.longest = path, longest
        self.number = 0
        self.digest: Any = sha256()
        self._file: io.TextIOWrapper | None = None

    def __next__(self) -> str:
        try:
            return self._next()
        except OSError as error:
            raise unreadable(self.path, error) from None

    def close(self) -> None:
        """Close the file; what was read of it stays."""
        if self._file is not None:
            self._file.close()

    def _next(self) -> str:
        if self._file is None:
            # bytes that are no UTF-8 come through marked, so that their line is known
            self._file = io.TextIOWrapper(open_regular(self.path), "utf-8-sig", "surrogateescape")
        if self._file.closed:  # asked once more after the end, as a table's reader does within a cell
            raise StopIteration
        line = self._taken(self._file.readline(self.longest + 1))
        if not line:
            self.close()
            raise StopIteration
        self.number += 1
        if len(line) <= self.longest:
            return line
        length = len(line)
        while not line.endswith("\n") and (line := self._taken(self._file.readline(PIECE))):
            length += len(line)
        raise RowError(
            f"this line has {length:,} characters, and {self.longest:,} are read. Split it, or leave parts out."
        )

    def _taken(self, text: str) -> str:
        try:
            self.digest.update(text.encode())
        except UnicodeEncodeError as error:
            self.close()
            byte = ord(text[error.start]) & 0xFF
            raise DatasetError(
                f"dataset '{self.path}' is not UTF-8 text (byte 0x{byte:02x} in line {self.number + 1}). Save it so."
            ) from None
        return text
