"""A dataset in the tables of a hub's repository, or in a copy of these on disk: an index of rows, pictures on demand.

The rows without their pictures are read once and kept as an index in the cache folder; then the pictures of the chosen
images alone are written there, each as the file that it is. Afterwards the dataset needs no network.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from ..sample import Picture
from . import tables
from .pixels import MAX_PIXELS, picture
from .problems import DatasetError
from .rows import Read, Row, read_rows
from .source import Source
from .tables import Record, Table, Tables


@dataclass(frozen=True)
class Cell:
    """Where a picture stands in tables: a row's column, and the place in its list where the column holds lists."""

    table: Table
    row: int
    column: str
    position: int | None = None


@dataclass(frozen=True)
class TableRow:
    """One row of a table: its values by column, without the pictures.

    `filled`: how many pictures each picture column has in this row, where they were read with the index
    (`Hub.index_pictures`). `cells` collects where every picture stands that a row of a dataset was made with.
    `max_pixels`: of a picture.
    """

    values: Record
    table: Table
    number: int
    folder: Path
    filled: Mapping[str, int] = field(default_factory=dict[str, int])
    cells: dict[str, Cell] = field(default_factory=dict[str, Cell], compare=False, repr=False)
    max_pixels: int = MAX_PIXELS

    @property
    def name(self) -> str:
        """The name of the row within the repository.

        >>> TableRow({}, Table("Counting", "val"), 3, Path()).name
        'Counting/val/3'
        """
        return f"{self.table.name}/{self.number}"

    def picture(self, column: str, name: str = "", *, position: int | None = None) -> Picture:
        """The picture in a column, or at a position of its list. Rows that share a picture give it one `name`, its id.

        The id is by default one of its own.
        """
        used = name or f"{self.name}/{column}" + ("" if position is None else f"/{position}")
        self.cells.setdefault(used, Cell(self.table, self.number, column, position))
        path = str(file_of(self.folder, used))
        return picture(used, path, max_pixels=self.max_pixels)


def file_of(folder: Path, name: str) -> Path:
    """The file of a fetched picture, by its id."""
    return folder / "pictures" / sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True)
class Hub:
    """Where a dataset lies on the hub, and how a row of its tables becomes a sample.

    `tables`: the split as we name it -> the tables that make it. `pictures` are the columns of pictures, or of lists of
    them, `columns` the values that are needed, by default all others. `row(where, table row)` raises RowError.
    `part`: which rows belong to the dataset; by default all.
    `index_pictures`: how many pictures a row has can only be told from them, so that they are read with the index.
    `seen` says where the names of repository, tables and columns were checked, "" where they could not be.
    """

    repository: str
    tables: Mapping[str, tuple[Table, ...]]
    pictures: tuple[str, ...]
    row: Callable[[str, TableRow], Row]
    columns: tuple[str, ...] = ()
    part: Callable[[TableRow], bool] | None = None
    index_pictures: bool = False
    seen: str = ""

    def read(self, source: Source) -> Read:
        """The rows of the source's split from the hub, at a pinned revision, or from the same Parquet files on disk.

        Raises DatasetError where the hub cannot be reached, for a table or a column that is not there.
        """
        found = self._found(source)
        index = Index(self, found, source.max_pixels)
        every = (each for table in self.tables[source.split] for each in index.rows(table))
        rows = [each for each in every if self.part is None or self.part(each)]
        records = ((each.name, f"{found.place} {each.table.name} row {each.number}", each) for each in rows)
        made = list(read_rows(records, self.row))
        values = (json.dumps(dict(each.values), sort_keys=True) for each in rows)
        cells = {name: cell for each in rows for name, cell in each.cells.items()}
        return Read(
            made,
            ("tables", found.identity, source.split, *values),
            partial(index.fetch, cells),
            revision=found.revision,
        )

    def _found(self, source: Source) -> Tables:
        if not source.path:
            return tables.on_hub(self.repository, source.revision)
        path = Path(source.path)
        return tables.in_folder(source.root, None if path.is_dir() else path)


@dataclass(frozen=True)
class Index:
    """The rows of tables in the cache, and the files of their pictures."""

    hub: Hub
    found: Tables
    max_pixels: int = MAX_PIXELS

    @property
    def folder(self) -> Path:
        return tables.folder_of(self.found.place) / self.found.state

    def rows(self, table: Table) -> list[TableRow]:
        """The rows of a table, from the cache or read now."""
        asked = json.dumps([table.name, self.hub.pictures, self.hub.columns, self.hub.index_pictures])
        file = self.folder / "index" / f"{sha256(asked.encode()).hexdigest()[:32]}.jsonl"
        if not file.is_file():
            lines = (json.dumps(each, default=str) for each in self._records(table))
            tables.write(file, "".join(f"{line}\n" for line in lines).encode())
        with file.open(encoding="utf-8") as lines:
            return [self._row(table, number, json.loads(line)) for number, line in enumerate(lines)]

    def fetch(self, cells: Mapping[str, Cell], wanted: frozenset[str]) -> None:
        """Bring the pictures with these ids into the cache, reading each table at most once; those there stay."""
        absent: dict[tuple[Table, int], list[str]] = {}
        for name in sorted(wanted):
            if not file_of(self.folder, name).is_file():
                absent.setdefault((cells[name].table, cells[name].row), []).append(name)
        for table in dict.fromkeys(table for table, _ in absent):
            last = max(row for at, row in absent if at == table)
            for number, record in enumerate(self.found.records(table, self.hub.pictures)):
                for name in absent.get((table, number), ()):
                    tables.write(file_of(self.folder, name), content(record, cells[name], self.found))
                if number == last:
                    break

    def _row(self, table: Table, number: int, entry: Mapping[str, Any]) -> TableRow:
        return TableRow(entry["values"], table, number, self.folder, entry["filled"], max_pixels=self.max_pixels)

    def _records(self, table: Table) -> Iterator[dict[str, Any]]:
        names = self.found.columns(table)
        if absent := [name for name in (*self.hub.pictures, *self.hub.columns) if name not in names]:
            raise DatasetError(
                f"table {table.name!r} of {self.found.place} has no column {', '.join(map(repr, absent))}; it has: "
                f"{', '.join(names)}."
            )
        values = [name for name in (self.hub.columns or names) if name not in self.hub.pictures]
        for record in self.found.records(table, [*values, *(self.hub.pictures if self.hub.index_pictures else ())]):
            filled = {name: count(record[name]) for name in self.hub.pictures if record.get(name) is not None}
            yield {"values": {name: record[name] for name in values}, "filled": filled}


def count(value: Any) -> int:
    """How many pictures a cell holds."""
    return len(cast(Sequence[Any], value)) if isinstance(value, list) else 1


def content(record: Record, cell: Cell, found: Tables) -> bytes:
    """The picture file in a cell. An empty one where it holds nothing: reading it says that it is no picture."""
    value: Any = record.get(cell.column)
    if cell.position is not None:
        value = value[cell.position]
    if isinstance(value, Mapping):
        held = cast(Mapping[str, Any], value)
        value = held.get("bytes") or (found.file(str(held["path"])) if held.get("path") else None)
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    raise DatasetError(
        f"column {cell.column!r} of {found.place} holds no pictures but {type(value).__name__}. Name the column of "
        "pictures."
    )
