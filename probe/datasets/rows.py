"""Rows of a dataset's files: each makes a sample and its pictures, or a problem that names the file and the line."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from ..sample import Dataset, Image, Picture, Sample, fingerprint, join_ids
from . import one_file
from .problems import DatasetError, Opened, Problem, invalid_reason

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Record = TypeVar("Record")


class RowError(ValueError):
    """What is wrong with one row, without where it stands. The other rows go on."""


@dataclass(frozen=True)
class Row:
    """A sample and its pictures in order, and where they stand, such as `questions.jsonl line 7`.

    The sample's `image_id` is filled in from the pictures' ids where it is empty.
    """

    where: str
    sample: Sample
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Read:
    """The rows of a dataset's files or of a hub's tables, and what identifies their content.

    `identity` are texts that determine it: of annotation files their content, of tables their values. `fetch` brings
    the pictures with these ids to this machine; None where they are here. `revision` is that of a hub's repository, ""
    for files. `digest` is fed while the rows are read, with a text that comes before those of `identity`.
    """

    rows: Iterable["Row | Problem"]
    identity: tuple[str, ...]
    fetch: Callable[[frozenset[str]], None] | None = None
    revision: str = ""
    digest: "Hash | None" = None


def read_rows(
    records: Iterable[tuple[str, str, Record]], make: Callable[[str, Record], Row]
) -> Iterator["Row | Problem"]:
    """A row of each record, a problem of one that cannot be one.

    `records` are (a name of the sample to be, where it stands, the record); `make(where, record)` raises RowError. What
    it trips over otherwise is a record of another form.
    """
    for name, where, record in records:
        try:
            yield make(where, record)
        except RowError as error:
            yield Problem(name, f"{where}: {error}")
        except DatasetError:
            raise
        except (TypeError, AttributeError, LookupError, ValueError, ArithmeticError) as error:
            yield Problem(name, f"{where}: this is not of the dataset's form ({type(error).__name__}: {error}).")


def collect(name: str, read: Read) -> Opened:
    """The dataset that rows make, and what is wrong with the others.

    Images are in order of first mention, each once: also one whose file is named in several ways (`one_file`). No
    picture is opened. The fingerprint is a hash of `identity` and of the sizes of the picture files, which is fast and
    misses only edits that keep a file's size. Raises DatasetError where there is not a single row.
    """
    samples: dict[str, Sample] = {}
    images: dict[str, Image] = {}
    problems: list[Problem] = []
    for row in read.rows:
        if isinstance(row, Problem):
            problems.append(row)
            continue
        sample = row.sample
        taken = f"the id {sample.id!r} is taken by an earlier line." if sample.id in samples else None
        if message := taken or invalid_reason(sample):
            problems.append(Problem(sample.id, f"{row.where}: {message}"))
            continue
        samples[sample.id] = sample
        if sample.image_id not in images:
            images[sample.image_id] = Image(sample.image_id, row.pictures)
    if not samples and not problems:
        raise DatasetError(f"dataset {name!r} is empty: there is not a single row.")
    found = {p.file: one_file.status(p.file) for image in images.values() for p in image.pictures if p.file}
    images, moved = one_file.merged(images, found)
    if moved:
        samples = {
            key: replace(each, image_id=moved.get(each.image_id, each.image_id)) for key, each in samples.items()
        }
    sizes = (one_file.size(found[p.file]) for image in images.values() for p in image.pictures if p.file)
    identity = fingerprint(*read.identity, *map(str, sizes), begun=read.digest)
    return Opened(Dataset(name, tuple(images.values()), tuple(samples.values()), identity), tuple(problems))


def image_id(pictures: Iterable[Picture]) -> str:
    """The id of the image that these pictures make."""
    return join_ids(picture.id for picture in pictures)
