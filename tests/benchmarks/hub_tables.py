"""Tables as they lie on a hub: Parquet files whose pictures are a struct of bytes and path."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

PICTURE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])


def write(file: Path, rows: Sequence[dict[str, Any]], *, pictures: Sequence[str] = ("image",)) -> None:
    """Write rows to a file; cells of the picture columns are the bytes of picture files."""
    file.parent.mkdir(parents=True, exist_ok=True)
    columns: dict[str, Any] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name in pictures:
            columns[name] = pyarrow.array([{"bytes": each, "path": None} for each in values], PICTURE)
        else:
            columns[name] = pyarrow.array(values)
    parquet.write_table(pyarrow.table(columns), file)
