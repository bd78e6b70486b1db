"""Tables as they lie on a hub: Parquet files whose pictures are a struct of bytes and path."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

PICTURE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])


def write(file: Path, rows: Sequence[dict[str, Any]], *, pictures: Sequence[str] = ("image",)) -> None:
    """Write rows to a file; cells of the picture columns are the bytes of picture files, lists of them, or None."""
    file.parent.mkdir(parents=True, exist_ok=True)
    columns: dict[str, Any] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name in pictures:
            lists = any(isinstance(value, list) for value in values)
            columns[name] = pyarrow.array(map(_cell, values), pyarrow.list_(PICTURE) if lists else PICTURE)
        else:
            columns[name] = pyarrow.array(values)
    parquet.write_table(pyarrow.table(columns), file)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return [_cell(each) for each in value]
    return None if value is None else {"bytes": value, "path": None}
