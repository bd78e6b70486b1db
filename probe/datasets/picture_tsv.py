"""Tab-separated tables with a picture in each row: base64 in the cell `image`, or the `index` of the row that has it.

A table is read once without its pictures; those of the chosen images are written into the cache folder when they are
fetched, for which it is read a second time. No more than one picture is in memory.
"""

import base64
import binascii
import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from ..regular_files import open_regular
from ..sample import Picture
from . import tables
from .fields import brief
from .hub import file_of
from .lines import LONGEST_ROW, PIECE
from .pixels import MAX_PIXELS, picture
from .problems import DatasetError
from .root import unreadable
from .rows import RowError

IMAGE, INDEX = "image", "index"
LONGEST_INDEX = 64
"""Characters; what is longer is a picture, as in VLMEvalKit."""


@dataclass(frozen=True)
class TextRow:
    """A row without its picture. `picture` is the index of the row that has it, `error` why this is no row."""

    line: int
    values: Mapping[str, str]
    picture: str = ""
    error: str = ""


@dataclass(frozen=True)
class PictureTable:
    """A table without its pictures, and where they are written.

    `name(index)` is the id of the picture in the row with an index: rows of one id have the same picture. `own` are the
    indices of the rows that have one. `identity` is a hash of the whole file.
    """

    file: Path
    rows: tuple[TextRow, ...]
    identity: str
    name: Callable[[str], str]
    own: frozenset[str] = field(repr=False)
    max_pixels: int = MAX_PIXELS

    @property
    def folder(self) -> Path:
        """The folder of the cache for this content."""
        return tables.folder_of(str(self.file.resolve())) / self.identity[:16]

    def picture(self, row: TextRow) -> Picture:
        """The picture of a row. Raises RowError where there is none."""
        if row.picture not in self.own:
            raise RowError(f"there is no picture: {IMAGE!r} holds {brief(row.picture)}, no index of a row with one.")
        used = self.name(row.picture)
        path = str(file_of(self.folder, used))
        return picture(used, path, max_pixels=self.max_pixels)

    def fetch(self, wanted: frozenset[str]) -> None:
        """Write the pictures with these ids into the cache folder; those there stay."""
        absent = {name for name in wanted if not file_of(self.folder, name).is_file()}
        if not absent:
            return
        lines = _cells(self.file, sha256())
        _, headings, _ = next(lines)
        index, image = headings.index(INDEX), headings.index(IMAGE)
        for _, cells, _ in lines:
            if len(cells) != len(headings) or len(cells[image]) <= LONGEST_INDEX:
                continue
            if (name := self.name(cells[index])) in absent:
                tables.write(file_of(self.folder, name), _decoded(cells[image]))
                absent.remove(name)
                if not absent:
                    return


def read(
    file: Path, name: Callable[[str], str], columns: Sequence[str], *, max_pixels: int = MAX_PIXELS
) -> PictureTable:
    """The table in a file, with pictures of at most `max_pixels`.

    Raises DatasetError where it cannot be read, or has not these columns.
    """
    digest = sha256()
    lines = _cells(file, digest)
    _, headings, _ = next(lines, (1, [], ""))
    if absent := [each for each in (INDEX, IMAGE, *columns) if each not in headings]:
        raise DatasetError(
            f"'{file}' has no column {', '.join(map(repr, absent))}; it has: {', '.join(headings)}. "
            "Give the benchmark's own file, in which tabs separate columns."
        )
    if len(set(headings)) < len(headings):
        raise DatasetError(f"'{file}' has two columns of one name ({', '.join(headings)}). Rename one.")
    own: set[str] = set()
    rows = tuple(_row(headings, *each, own) for each in lines)
    return PictureTable(file, rows, digest.hexdigest(), name, frozenset(own), max_pixels)


def _row(headings: list[str], line: int, cells: list[str], error: str, own: set[str]) -> TextRow:
    if error or len(cells) != len(headings):
        return TextRow(line, {}, error=error or f"this line has not the {len(headings)} cells of the headings.")
    values = dict(zip(headings, cells, strict=True))
    image, index = values.pop(IMAGE), values[INDEX]
    if len(image) <= LONGEST_INDEX:
        return TextRow(line, values, image.strip())
    own.add(index)
    return TextRow(line, values, index)


def _cells(file: Path, digest: Any) -> Iterator[tuple[int, list[str], str]]:
    """The line where a row begins, its cells, and what is wrong with it; `digest` takes the bytes of the file."""
    csv.field_size_limit(LONGEST_ROW)
    try:
        with open_regular(file) as raw:
            text = _Text(raw, digest)
            lines = csv.reader(text, delimiter="\t", strict=True)
            while True:
                line = text.number + 1  # a cell can go over several
                try:
                    cells = next(lines, None)
                except csv.Error as error:
                    yield line, [], f"this is no line of the table: {error}."
                    continue
                if cells is None:
                    return
                if cells:
                    yield line, cells, ""
    except UnicodeDecodeError as error:
        raise DatasetError(f"dataset '{file}' is not UTF-8 text ({error.reason}).") from None
    except OSError as error:
        raise unreadable(file, error) from None


@dataclass
class _Text(Iterator[str]):
    """The lines of a file as text; `digest` takes its bytes. csv.Error for a line that is too long: it is left out."""

    raw: BinaryIO
    digest: Any
    number: int = 0

    def __next__(self) -> str:
        line = self._taken(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) <= LONGEST_ROW:  # a byte order mark can stand before the first line
            return line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        while line and not line.endswith(b"\n"):
            line = self._taken(PIECE)
        raise csv.Error(f"it has more than {LONGEST_ROW:,} bytes")

    def _taken(self, most: int) -> bytes:
        line = self.raw.readline(most)
        self.digest.update(line)
        return line


def _decoded(cell: str) -> bytes:
    """The picture file in a cell; an empty one where it is no base64: reading it says that it is no picture."""
    try:
        return base64.b64decode(cell)
    except (binascii.Error, ValueError):
        return b""
