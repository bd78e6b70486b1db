"""Tables in text with a line of headings: CSV, TSV, and CSV with semicolons, as many spreadsheets write it."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from ..regular_files import open_regular
from .answered import UNREADABLE, LogError, Unread
from .record import Record

DELIMITERS = (",", "\t", ";")

LONGEST_CELL = 64 << 20


def read(path: Path) -> Iterator[Record | Unread]:
    """The rows of a table, numbered by the line on which they end, as a text editor counts them; cells are texts.

    The delimiter is the one that the line of headings has most of, a comma where there is none. Raises
    LogError for two columns of one name.
    """
    csv.field_size_limit(LONGEST_CELL)
    # bytes that are no UTF-8 come through marked, so that their line alone is lost
    with io.TextIOWrapper(open_regular(path), "utf-8-sig", "surrogateescape", newline="") as text:
        headings = text.readline()
        delimiter = max(DELIMITERS, key=headings.count)
        names = next(csv.reader([headings], delimiter=delimiter), [])
        if twice := [name for name in names if names.count(name) > 1]:
            raise LogError(f"'{path}' has two columns of one name ({twice[0]!r}). Rename one.")
        yield from _rows(csv.reader(text, delimiter=delimiter), names)


def _rows(lines: "csv._reader", names: list[str]) -> Iterator[Record | Unread]:  # pyright: ignore
    while True:
        try:
            cells = next(lines, None)
        except csv.Error as error:
            yield Unread(1 + lines.line_num, UNREADABLE, f"it is no line of the table: {error}.")
            continue
        if cells is None:
            return
        number = 1 + lines.line_num
        if not cells:
            continue
        if len(cells) != len(names):
            why = f"it has {len(cells)} cells, and there are {len(names)} headings."
            yield Unread(number, UNREADABLE, f"{why} A text with line ends or the delimiter in it needs quotes.")
        elif not "".join(cells).isascii() and (wrong := _no_utf8(cells)):
            yield Unread(number, UNREADABLE, wrong)
        else:
            yield Record(number, dict(zip(names, cells, strict=True)))


def _no_utf8(cells: list[str]) -> str:
    marked = next((each for cell in cells for each in cell if "\udc80" <= each <= "\udcff"), None)
    return "" if marked is None else f"it is not UTF-8 text (byte 0x{ord(marked) & 0xFF:02x}). Save it so."
