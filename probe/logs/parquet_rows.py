"""Tables in Parquet."""

from collections.abc import Iterator
from pathlib import Path

from ..regular_files import require_regular
from .answered import LogError, Unread
from .record import Record

ROWS = 1_000
"""Rows in memory at once."""


def read(path: Path) -> Iterator[Record | Unread]:
    """The rows of a table, numbered from 1. Raises LogError for a file that is not whole."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    require_regular(path)
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS):
                for values in batch.to_pylist():
                    number += 1
                    yield Record(number, values)
    except (pa.ArrowException, OSError) as error:
        said = " ".join(str(error).split())[:200]
        what = f"'{path}' is no whole Parquet file after row {number:,} ({said})"
        raise LogError(f"{what}. Copy it again.") from None
