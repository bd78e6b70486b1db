"""Excel workbooks (.xlsx), of which the first sheet is read: a zip archive of XML, by its published structure.

Source: ECMA-376, part 1, sections 12.3 (parts of a workbook) and 18.3 (worksheets).
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError, iterparse

from ..regular_files import open_regular
from .answered import LogError, Unread
from .record import Record

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SHEETS = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
SHARED = "xl/sharedStrings.xml"

LARGEST = 2 << 30
"""Most bytes of a part, unpacked."""


def is_one(names: list[str]) -> bool:
    """Whether an archive with these members is a workbook."""
    return "xl/workbook.xml" in names


def read(path: Path) -> Iterator[Record | Unread]:
    """The rows of the first sheet, numbered as Excel does; the first row has the headings.

    Texts and numbers are what the cells hold, whole numbers as int; empty cells are None. Raises LogError for an
    archive that is not whole, without a sheet, too large, or whose XML is no sheet.
    """
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            sheets = sorted((int(found[1]), name) for name in archive.namelist() if (found := SHEETS.fullmatch(name)))
            if not sheets:
                raise LogError(f"'{path}' is a workbook without a sheet. Save the table as CSV.")
            shared = _shared(archive) if SHARED in archive.namelist() else []
            with _part(archive, sheets[0][1]) as sheet:
                yield from _records(sheet, shared)
    except (zipfile.BadZipFile, ParseError, EOFError, NotImplementedError, RuntimeError) as error:
        raise LogError(f"'{path}' is no whole workbook ({error}). Copy it again, or save the table as CSV.") from None


def _part(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    if (size := archive.getinfo(name).file_size) > LARGEST:
        raise LogError(f"{name} of the workbook has {size:,} bytes unpacked, and {LARGEST:,} are read. Save it as CSV.")
    return archive.open(name)


def _elements(part: IO[bytes], tag: str) -> Iterator[Element]:
    """The elements of a name, each freed after it was used."""
    above: list[Element] = []
    for event, element in iterparse(part, events=("start", "end")):
        if event == "start":
            above.append(element)
            continue
        above.pop()
        if element.tag == MAIN + tag:
            yield element
            if above:
                above[-1].clear()


def _shared(archive: zipfile.ZipFile) -> list[str]:
    """The texts that cells name by number."""
    with _part(archive, SHARED) as part:
        return [_text(element) for element in _elements(part, "si")]


def _text(element: Element) -> str:
    """All runs of a text, without its phonetic hints; `_x000D_` and its like are characters."""
    runs = [*element.findall(f"{MAIN}t"), *element.findall(f"{MAIN}r/{MAIN}t")]
    joined = "".join(run.text or "" for run in runs)
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), joined)


def _records(sheet: IO[bytes], shared: list[str]) -> Iterator[Record]:
    names: dict[int, str] = {}
    number = 0
    for row in _elements(sheet, "row"):
        number = int(row.get("r") or number + 1)
        cells = dict(_cells(row, shared))
        if not names:
            names = {place: str(value) for place, value in cells.items() if value is not None}
            if len(set(names.values())) < len(names):
                raise LogError(f"the workbook has two columns of one name in row {number}. Rename one.")
        elif any(value is not None for value in cells.values()):
            yield Record(number, {name: cells.get(place) for place, name in names.items()})


def _cells(row: Element, shared: list[str]) -> Iterator[tuple[int, Any]]:
    place = -1
    for cell in row.findall(f"{MAIN}c"):
        letters = re.match("[A-Z]+", cell.get("r") or "")
        place = _place(letters[0]) if letters else place + 1
        yield place, _value(cell, shared)


def _place(letters: str) -> int:
    """Where a column is, counted from 0.

    >>> [_place(each) for each in ("A", "Z", "AA")]
    [0, 25, 26]
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: Element, shared: list[str]) -> Any:
    kind, content = cell.get("t", "n"), cell.findtext(f"{MAIN}v")
    if kind == "inlineStr":
        inline = cell.find(f"{MAIN}is")
        return None if inline is None else _text(inline)
    if content is None or kind == "e":  # an error, such as #N/A
        return None
    if kind == "s":
        place = int(content) if content.isdecimal() else -1
        return shared[place] if 0 <= place < len(shared) else None
    if kind == "b":
        return content == "1"
    return content if kind in ("str", "d") else _number(content)


def _number(content: str) -> Any:
    try:
        number = float(content)
    except ValueError:
        return content
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
