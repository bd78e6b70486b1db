"""The rows of a run as a file: Parquet, CSV or JSON lines, a piece at a time."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .rows import COLUMNS, Piece

LISTS = ("texts", "numbers", "wholes")


def write_parquet(path: Path, pieces: Iterable[Piece]) -> None:
    """Parquet with a row group for each piece; lists are lists, and every column says what it means."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    types = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "number": pa.float64(),
        "numbers": pa.list_(pa.float64()),
        "whole": pa.int32(),
        "wholes": pa.list_(pa.int32()),
        "switch": pa.bool_(),
    }
    schema = pa.schema([pa.field(each.name, types[each.kind], metadata={"meaning": each.meaning}) for each in COLUMNS])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for piece in pieces:
            columns = [pa.array(_encodable(piece[field.name]), type=field.type) for field in schema]
            writer.write_table(pa.table(columns, schema=schema))


def write_csv(path: Path, pieces: Iterable[Piece]) -> None:
    """CSV with a line of headings; lists are JSON, undefined values are empty, texts are exact."""
    lists = {column.name for column in COLUMNS if column.kind in LISTS}
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in COLUMNS])
        for piece in pieces:
            for values in zip(*piece.values(), strict=True):
                cells = zip(piece, values, strict=True)
                writer.writerow([_cell(value, as_list=name in lists) for name, value in cells])


def write_jsonl(path: Path, pieces: Iterable[Piece]) -> None:
    """A JSON object a line, without the undefined values."""
    with path.open("w", encoding="ascii") as file:
        for piece in pieces:
            for values in zip(*piece.values(), strict=True):
                row = {name: value for name, value in zip(piece, values, strict=True) if value is not None}
                file.write(json.dumps(row) + "\n")


Write = Callable[[Path, Iterable[Piece]], None]

FORMATS: Mapping[str, Write] = MappingProxyType({"parquet": write_parquet, "csv": write_csv, "jsonl": write_jsonl})
"""What a table can be written as, by the file's ending."""


def _cell(value: Any, *, as_list: bool) -> Any:
    if value is None:
        return ""
    if as_list:
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else value


def _encodable(values: list[Any]) -> list[Any]:
    """The values with halves of characters, which names of files can hold, written out: Parquet is UTF-8."""
    return [_encoded(value) for value in values]


def _encoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_encoded(each) for each in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
