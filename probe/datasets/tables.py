"""Rows of tables whose cells can be pictures: Parquet files on disk, or a hub's repository, streamed."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from os import fstat
from pathlib import Path
from typing import Any, cast

from hooks import cache_folder

from ..regular_files import NotRegular, open_regular, require_regular
from .pixels import MOST_BYTES
from .problems import DatasetError
from .root import Root
from .rows import RowError
from .source import Source

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """One table of a repository: a configuration ("" for the only one) and a split."""

    config: str
    split: str

    @property
    def name(self) -> str:
        return f"{self.config}/{self.split}" if self.config else self.split


@dataclass(frozen=True)
class Tables:
    """Where tables are read from, at a fixed state of their content.

    `place` names it in messages, `state` names its content for the cache, `identity` for the fingerprint of a dataset:
    the commit of the hub; of files their names and sizes. `revision` is the commit, "" of files. `columns(table)` are
    the names of a table's columns; `records(table, columns)` its rows with these columns alone, in order, a picture as
    {"bytes": …, "path": …}; `file(path)` the content of a file that lies beside them.
    """

    place: str
    state: str
    identity: str
    revision: str
    columns: Callable[[Table], tuple[str, ...]]
    records: Callable[[Table, Sequence[str]], Iterator[Record]]
    file: Callable[[str], bytes]


class HubUnreachable(DatasetError):
    """The hub cannot be reached from here."""


def folder_of(place: str) -> Path:
    """The folder of the cache that keeps what was fetched from a place."""
    return cache_folder.folder() / "datasets" / re.sub(r"[^\w.-]+", "--", place)[-80:].strip("-")


def write(file: Path, content: bytes) -> None:
    """Write a file of the cache whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(file)


def in_folder(root: Root, only: Path | None = None) -> Tables:
    """The Parquet files of a folder, laid out as in a repository (`CONFIG/SPLIT-*.parquet`), or `only` one."""
    folder = root.folder
    files = sorted(folder.rglob("*.parquet")) if only is None else [only]
    if not files:
        raise DatasetError(f"'{folder}' has no .parquet file. Give the folder of the dataset's files.")
    sizes = "\n".join(f"{path.relative_to(folder).as_posix()} {path.stat().st_size}" for path in files)
    times = "\n".join(str(path.stat().st_mtime_ns) for path in files)
    return Tables(
        place=str(folder),
        state=sha256(f"{folder.resolve()}\n{sizes}\n{times}".encode()).hexdigest()[:16],
        identity=sizes,
        revision="",
        columns=partial(_columns_of_files, folder),
        records=partial(_records_of_files, folder),
        file=partial(_beside, root),
    )


def are_in(source: Source) -> bool:
    """Whether a path holds Parquet files, or is one."""
    path = Path(source.path)
    return path.suffix.lower() == ".parquet" or next(path.rglob("*.parquet"), None) is not None


def _beside(root: Root, path: str) -> bytes:
    try:
        with open_regular(root.path(path)) as file:
            if fstat(file.fileno()).st_size > MOST_BYTES:
                raise OSError(f"it has more than {MOST_BYTES:,} bytes")
            return file.read()
    except (RowError, OSError, ValueError) as error:
        raise DatasetError(f"a picture of '{root.folder}' cannot be read: {error}") from None


def files_of(folder: Path, table: Table) -> list[Path]:
    """The Parquet files of a table. Raises DatasetError where there is none."""
    split = re.escape(table.split)
    name = re.compile(rf"({split})([-_.].*)?\.parquet")
    places = [folder / table.config, folder / table.config / "data"] if table.config else [folder, folder / "data"]
    for place in places:
        found = sorted(path for path in place.glob("*.parquet") if name.fullmatch(path.name))
        found = found or sorted((place / table.split).glob("*.parquet"))
        if found:
            return found
    raise DatasetError(
        f"'{folder}' has no file of the table {table.name!r}, such as "
        f"{(table.config or 'data')}/{table.split}-00000-of-00001.parquet."
    )


def _columns_of_files(folder: Path, table: Table) -> tuple[str, ...]:
    from pyarrow import parquet

    first = files_of(folder, table)[0]
    with _as_parquet(first):
        names = tuple(parquet.read_schema(first).names)
    if len(set(names)) < len(names):
        raise DatasetError(f"'{first}' has two columns of one name ({', '.join(names)}). Rename one.")
    return names


def _records_of_files(folder: Path, table: Table, columns: Sequence[str]) -> Iterator[Record]:
    from pyarrow import parquet

    for path in files_of(folder, table):
        with _as_parquet(path), parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=64, columns=list(columns)):
                yield from batch.to_pylist()


@contextmanager
def _as_parquet(path: Path) -> Iterator[None]:
    from pyarrow import ArrowException

    try:
        require_regular(path)
        yield
    except (ArrowException, OSError, ValueError, ArithmeticError) as error:  # values that are no text, no date, ...
        told = error.strerror if isinstance(error, NotRegular) else str(error)
        reason = next(iter((told or type(error).__name__).splitlines())).removesuffix(".")
        raise DatasetError(f"'{path}' cannot be read as Parquet: {reason}.") from None


def on_hub(repository: str, revision: str | None) -> Tables:
    """A repository of the hub at a revision (by default the newest), pinned to the commit that it is now.

    Where the hub cannot be reached, the commit is the one of the last time. Raises DatasetError where there was none,
    or the hub has no such repository.
    """
    from huggingface_hub import HfApi

    noted = folder_of(repository) / "revisions" / sha256((revision or "main").encode()).hexdigest()[:16]
    try:
        with _in_words(repository):
            commit = cast(str, HfApi().dataset_info(repository, revision=revision).sha)
        write(noted, commit.encode())
    except HubUnreachable:
        if not noted.is_file():
            raise
        commit = noted.read_text("utf-8")
    return Tables(
        place=repository,
        state=commit[:16],
        identity=commit,
        revision=commit,
        columns=partial(_columns_on_hub, repository, commit),
        records=partial(_records_on_hub, repository, commit),
        file=partial(_file_on_hub, repository),
    )


def _file_on_hub(repository: str, path: str) -> bytes:
    import fsspec

    if not path.startswith("hf://"):  # a table must not make us read other files
        raise DatasetError(f"a picture of {repository} lies elsewhere ({path[:100]!r}), and is not fetched.")
    with _in_words(repository), cast(Any, fsspec.open(path, "rb")) as file:
        return file.read()


def _columns_on_hub(repository: str, commit: str, table: Table) -> tuple[str, ...]:
    with _in_words(repository):
        return tuple(_streamed(repository, commit, table, None).column_names or ())


def _records_on_hub(repository: str, commit: str, table: Table, columns: Sequence[str]) -> Iterator[Record]:
    with _in_words(repository):
        yield from _streamed(repository, commit, table, columns).decode(False)


def _streamed(repository: str, commit: str, table: Table, columns: Sequence[str] | None) -> Any:
    """A table as a stream; of Parquet only these columns are fetched."""
    from datasets import load_dataset

    settings: Any = {"split": table.split, "revision": commit, "streaming": True}
    where = (repository, table.config) if table.config else (repository,)
    if columns is None:
        return load_dataset(*where, **settings)
    try:
        return load_dataset(*where, **settings, columns=list(columns))
    except (TypeError, ValueError):  # a table in another format fetches whole rows
        return load_dataset(*where, **settings).select_columns(list(columns))


@contextmanager
def _in_words(repository: str) -> Iterator[None]:
    """Errors of the hub and of its libraries as DatasetError: what was wrong and what to do."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        yield
    except (DatasetError, KeyboardInterrupt):
        raise
    except GatedRepoError:
        raise DatasetError(
            f"dataset {repository!r} asks for your consent: accept its terms on the hub and log in (`hf auth login`)."
        ) from None
    except RepositoryNotFoundError:
        raise DatasetError(
            f"the hub has no dataset {repository!r}, or it is private: check the name, or log in (`hf auth login`)."
        ) from None
    except RevisionNotFoundError:
        raise DatasetError(f"dataset {repository!r} has no such revision. Leave out --dataset-revision.") from None
    except Exception as error:  # httpx, fsspec, pyarrow and the builders raise whatever they like
        if _is_offline(error):
            raise HubUnreachable(
                f"dataset {repository!r} lies on the hub, which cannot be reached from here ({type(error).__name__}). "
                "Get a connection, or give the files on your disk: NAME:PATH."
            ) from None
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DatasetError(f"dataset {repository!r} cannot be read from the hub: {reason}") from error


def _is_offline(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is one of a connection."""
    while error is not None:
        names = {each.__name__ for each in type(error).__mro__}
        if names & {"OfflineModeIsEnabled", "TransportError", "ConnectionError", "TimeoutException"}:
            return True
        error = error.__cause__ or error.__context__
    return False
