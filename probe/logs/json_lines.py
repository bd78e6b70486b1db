"""JSON lines: an object a line, of which a broken one costs itself alone."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..datasets import strict_json
from ..datasets.strict_json import JsonError
from ..regular_files import open_regular
from .answered import UNREADABLE, Unread
from .record import Record

LONGEST = 64 << 20
"""Most bytes of a line."""

MARK = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8, which editors put before the first line."""


def read(path: Path) -> Iterator[Record | Unread]:
    """The objects of a file, with the numbers of their lines; blank lines are passed over."""
    with open_regular(path) as file:
        for number, line in enumerate(_lines(file), 1):
            if isinstance(line, str):
                yield Unread(number, UNREADABLE, line)
            elif content := (line.removeprefix(MARK) if number == 1 else line).strip():
                yield _record(number, content, is_whole=line.endswith(b"\n"))


def _lines(file: io.BufferedReader) -> Iterator[bytes | str]:
    """The lines, or why one cannot be taken."""
    while line := file.readline(LONGEST + 1):
        if len(line) <= LONGEST:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(1 << 20)
        yield f"it has more than {LONGEST:,} bytes. Split it, or leave parts out."


def _record(number: int, content: bytes, *, is_whole: bool) -> Record | Unread:
    cut = "" if is_whole else " It is the last line and has no line end: the log may have been cut there."
    try:
        value = loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Unread(
            number, UNREADABLE, f"it is not UTF-8 text ({error.reason} at byte {error.start}). Save it so.{cut}"
        )
    except JsonError as error:
        return Unread(number, UNREADABLE, f"{error.reason}.{cut}")
    if not isinstance(value, dict):
        return Unread(number, UNREADABLE, f"it holds a {type(value).__name__}, where an object is needed.")
    return Record(number, value)


def loads(text: str) -> Any:
    """The value of a JSON text; NaN and infinities, which Python writes into logs, are undefined."""
    return strict_json.loads(text, constant=lambda word: None)
