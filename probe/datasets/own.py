"""A user's own data: a folder of pictures, a .jsonl, .csv, .tsv or .parquet file, or a dataset of the hub."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..prompts import DESCRIBE
from ..sample import Metadata, Picture, Sample
from . import columns as naming
from . import jsonl
from .hub import Hub, TableRow
from .lines import LONGEST_ROW, Lines
from .problems import DatasetError, Problem
from .root import Root
from .rows import Read, Row, RowError
from .source import Source
from .tables import Table

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
"""The endings of the picture files that are looked for in a folder."""

SEPARATORS = {".csv": ",", ".tsv": "\t"}


def name(source: Source) -> str:
    """What the dataset is called: the file or folder without its ending, or the repository."""
    return Path(source.path).resolve().stem if source.path and not source.name else source.name


def is_known(source: Source) -> bool:
    """Whether a source is of a kind that `read` takes."""
    path = Path(source.path)
    is_own = bool(source.path) and (path.is_dir() or path.suffix.lower() in (".jsonl", ".parquet", *SEPARATORS))
    return is_own or source.is_repository


def read(source: Source) -> Read:
    """The rows of a user's own data. Raises DatasetError for what cannot be read, or is of no known kind."""
    if source.is_repository:
        return _table(source.name, source.path, source)
    path = Path(source.path)
    if path.is_dir():
        return _folder(source.root) if not _has_tables(path) else _table("", "", source)
    ending = path.suffix.lower()
    if ending == ".jsonl":
        return jsonl.read(path, Root(path.parent, source.outside, source.max_pixels))
    if ending in SEPARATORS:
        return _separated(path, source, separator=SEPARATORS[ending])
    if ending == ".parquet":
        return _table("", "", source)
    missing = "no such file or folder" if not path.exists() else "a file of a kind that is not read"
    raise DatasetError(
        f"dataset '{source.path}': {missing}. Give a .jsonl, .csv, .tsv or .parquet file, or a folder of pictures."
    )


def _has_tables(folder: Path) -> bool:
    return next(folder.rglob("*.parquet"), None) is not None


def _folder(root: Root) -> Read:
    """Every picture of a folder and of those in it, each to be described; `folder` is in its metadata."""
    paths = sorted(path for path in root.folder.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())
    if not paths:
        raise DatasetError(f"'{root.folder}' has no picture ({', '.join(PICTURES)}), in no folder of it either.")
    names = [path.relative_to(root.folder).as_posix() for path in paths]
    dataset = root.folder.resolve().name
    rows = (_described(root.picture(each), str(Path(each).parent.as_posix()), dataset) for each in names)
    return Read(rows, ("folder", *names))


def _described(picture: Picture, folder: str, dataset: str) -> Row:
    metadata = Metadata({} if folder == "." else {"folder": folder})
    sample = Sample(picture.id, picture.id, DESCRIBE, kind="describe", metadata=metadata, dataset=dataset)
    return Row(picture.id, sample, (picture,))


def _separated(path: Path, source: Source, *, separator: str) -> Read:
    """The rows of a .csv or .tsv file with a line of headings."""
    lines = Lines(path, longest=LONGEST_ROW)
    return Read(_lines(lines, path, source, separator), tuple(map("=".join, source.columns)), digest=lines.digest)


def _lines(text: Lines, path: Path, source: Source, separator: str) -> "Iterator[Row | Problem]":
    csv.field_size_limit(LONGEST_ROW)
    lines = csv.DictReader(text, delimiter=separator, strict=True)
    try:
        headings = lines.fieldnames or ()
    except (csv.Error, RowError) as error:
        raise DatasetError(f"'{path}' has no line of headings: {str(error).removesuffix('.')}.") from None
    if len(set(headings)) < len(headings):
        raise DatasetError(f"'{path}' has two columns of one name ({', '.join(headings)}). Rename one.")
    root, number = Root(path.parent, source.outside, source.max_pixels), 1
    while True:
        where = f"{path.name} line {text.number + 1}"
        number += 1
        try:
            record = next(lines, None)
            if record is None:
                return
            if None in record or None in record.values():
                raise RowError(f"this line has not the {len(headings)} cells of the headings.")
            yield _of_cells(record, where, f"line{number}", source, root, path.stem)
        except csv.Error as error:
            yield Problem(f"line{number}", f"{where}: this is no line of the table: {error}.")
        except RowError as error:
            yield Problem(f"line{number}", f"{where}: {error}")


def _of_cells(record: dict[str, Any], where: str, named: str, source: Source, root: Root, dataset: str) -> Row:
    columns = dict(source.columns)
    several, one = columns.get("images", "images"), columns.get("image", "image")
    if record.get(several):
        names: Sequence[str] = naming.listed(record[several])
    elif record.get(one):
        names = (record[one],)
    else:
        raise RowError(
            f"there is no picture: the column {one!r} is missing or empty. Name it with --columns image=COLUMN."
        )
    pictures = tuple(map(root.picture, names))
    return jsonl.row(naming.entry(record, source.columns), where, named, pictures=pictures, dataset=dataset)


@dataclass(frozen=True)
class _OwnRow:
    """How a row of a user's table becomes a sample."""

    columns: naming.Pairs
    picture: str
    dataset: str

    def __call__(self, where: str, row: TableRow) -> Row:
        count = row.filled.get(self.picture, 0)
        if count < 1:
            raise RowError(f"there is no picture in the column {self.picture!r}.")
        single = "image" in dict(self.columns) or "images" not in dict(self.columns)
        places = [None] if single else list(range(count))
        pictures = tuple(row.picture(self.picture, position=place) for place in places)
        entry = naming.entry(row.values, tuple(pair for pair in self.columns if pair[1] != self.picture))
        return jsonl.row(entry, where, row.name, pictures=pictures, dataset=self.dataset)


def _table(repository: str, config: str, source: Source) -> Read:
    """The rows of a table, on the hub or in .parquet files, with the columns that the user names."""
    columns = dict(source.columns)
    picture = columns.get("images") or columns.get("image") or "image"
    split = source.split or ("train" if repository or Path(source.path).is_dir() else Path(source.path).stem)
    row = _OwnRow(source.columns, picture, name(source))
    hub = Hub(repository, {split: (Table(config, split),)}, (picture,), row, index_pictures=True)
    return hub.read(replace(source, name=repository, path="" if repository else source.path, split=split))
