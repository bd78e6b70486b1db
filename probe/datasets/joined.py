"""A dataset of the hub whose pictures lie in tables of their own, found by the id that a question names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from .fields import brief
from .hub import Cell, Hub, Index, TableRow
from .problems import Problem
from .rows import Read, Row, RowError, read_rows
from .source import Source
from .tables import Table


@dataclass(frozen=True)
class JoinedHub(Hub):
    """A hub whose `tables` hold questions, and whose `picture_tables` hold the columns `pictures`.

    A question's column `link` has the value of the column `key` in the row of its picture.
    """

    picture_tables: Mapping[str, tuple[Table, ...]] = field(default_factory=dict[str, tuple[Table, ...]])
    link: str = ""
    key: str = "id"

    def read(self, source: Source) -> Read:
        """As `Hub.read`; a question whose picture is in no table is a problem."""
        found = self._found(source)
        pictures = Index(replace(self, columns=(self.key,)), found)
        places = {
            str(row.values[self.key]): (table, row.number)
            for table in self.picture_tables[source.split]
            for row in pictures.rows(table)
        }
        questions = Index(replace(self, pictures=()), found, source.max_pixels)
        rows = [each for table in self.tables[source.split] for each in questions.rows(table)]
        records = ((each.name, f"{found.place} {each.table.name} row {each.number}", each) for each in rows)
        made: list[Row | Problem] = list(read_rows(records, partial(self._linked, places)))
        cells = {
            name: Cell(*places[str(each.values[self.link])], cell.column)
            for each in rows
            for name, cell in each.cells.items()
        }
        values = (json.dumps(dict(each.values), sort_keys=True) for each in rows)
        identity = ("tables", found.identity, source.split, *values)
        return Read(made, identity, partial(pictures.fetch, cells), revision=found.revision)

    def _linked(self, places: Mapping[str, tuple[Table, int]], where: str, row: TableRow) -> Row:
        if str(row.values[self.link]) not in places:
            raise RowError(f"there is no picture whose {self.key!r} is {brief(row.values[self.link])}.")
        return self.row(where, row)
