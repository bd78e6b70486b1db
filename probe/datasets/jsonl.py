"""A user's own dataset: one JSON object per line.

    {"image": "street.png", "question": "What is this?", "options": ["a bus", "a car"], "answer": "a bus"}

`image` is a path relative to the file; `images` in its place lists several pictures in order. Optional are `options`
(none for an open question), `answer` or a list of `references` (all right answers), `kind` (mcq, yesno, safety, open or
describe; by default it follows from the options), `id` and `dataset` (by default the file's name). Other keys are
metadata of the sample where their values are plain: texts, numbers, true, false or null.
"""

import json
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, cast

from hooks.settings import place

from ..closest import did_you_mean
from ..sample import Picture, Sample
from . import fields, strict_json
from .lines import Lines
from .problems import Opened, Problem
from .root import Root
from .rows import Read, Row, RowError, collect, image_id
from .strict_json import JsonError

KEYS = ("image", "images", "question", "options", "answer", "references", "kind", "id", "dataset")
MOST_KEYS = 1_000

ALTERNATIVES = (("image", "images"), ("answer", "references"))
"""Keys of which a line needs only one."""


def load(path: str | PathLike[str], *, outside: bool = False) -> Opened:
    """The dataset in a file, named after it, and the lines that cannot be asked, each with file and number.

    Images are in order of first mention, each once. No picture is opened: a missing one is reported when it is read.
    The fingerprint is a hash of the file's text and of the sizes of the picture files, which is fast and misses only
    edits that keep a file's size. `outside` allows pictures outside of the file's folder.

    Raises DatasetError for a file that cannot be read as text, and for an empty one.
    """
    file = Path(place("dataset", path))
    return collect(file.stem, read(file, Root(file.parent, outside)))


def read(file: Path, root: Root) -> Read:
    """The rows of a file, with pictures in a folder; reading them raises DatasetError where it cannot be read."""
    lines = Lines(file)
    return Read(_rows(lines, file, root), (), digest=lines.digest)


def _rows(lines: Lines, file: Path, root: Root) -> "Iterator[Row | Problem]":
    while True:
        number = lines.number + 1
        where = f"{file.name} line {number}"
        try:
            line = next(lines, None)
            if line is None:
                return
            if not line.strip():
                continue
            entry = parsed(line.removesuffix("\n"))
            refuse_misspelt(entry)
            pictures = tuple(map(root.picture, picture_names(entry)))
            yield row(entry, where, f"line{number}", pictures=pictures, dataset=file.stem)
        except RowError as error:
            yield Problem(f"line{number}", f"{where}: {error}")


def parsed(line: str) -> dict[str, Any]:
    """The object in a line of JSON. Raises RowError."""
    try:
        entry = strict_json.loads(line)
        # an escape can be half a character, which no store can write
        json.dumps(entry, ensure_ascii=False).encode()
    except JsonError as error:
        raise RowError(f"{error.reason}{f' at column {error.column}' if error.column else ''}.") from None
    except UnicodeEncodeError:
        raise RowError("there is an escape of half a character (\\ud800 ...).") from None
    if not isinstance(entry, dict):
        raise RowError(f"this is no JSON object but {line.strip()[:40]!r}.")
    return cast(dict[str, Any], entry)


def row(entry: dict[str, Any], where: str, name: str, *, pictures: tuple[Picture, ...], dataset: str) -> Row:
    """The row that an object of the form above makes with these pictures; `name` is its id where it gives none.

    Raises RowError for one that is not of the form.
    """
    options = fields.texts(entry, "options")
    sample = Sample(
        id=fields.text(entry, "id", name),
        image_id=image_id(pictures),
        question=fields.text(entry, "question"),
        options=options or (),
        answer=None if entry.get("answer") is None else fields.text(entry, "answer"),
        kind=fields.kind(fields.text(entry, "kind", fields.kind_of(options))),
        references=fields.texts(entry, "references") or (),
        metadata=fields.metadata(entry, KEYS),
        dataset=fields.text(entry, "dataset", dataset),
    )
    return Row(where, sample, pictures)


def picture_names(entry: dict[str, Any]) -> tuple[str, ...]:
    """The paths of a line's pictures."""
    several = fields.texts(entry, "images")
    if several is not None and "image" in entry:
        raise RowError('give either "image" or "images".')
    key, names = ("image", (fields.text(entry, "image"),)) if several is None else ("images", several)
    if not names or not all(names):
        raise RowError(f'"{key}" is empty. Give a path relative to the file.')
    return names


def refuse_misspelt(entry: dict[str, Any]) -> None:
    """Raise RowError where a key is nearly one of ours, and where there are more keys than anybody looks through."""
    if len(entry) > MOST_KEYS:
        raise RowError(f"this object has {len(entry):,} keys, and {MOST_KEYS:,} are read.")
    absent = [key for key in KEYS if key not in entry and key != "dataset"]
    for given, alternative in (*ALTERNATIVES, *(pair[::-1] for pair in ALTERNATIVES)):
        if given in entry and alternative in absent:
            absent.remove(alternative)
    for key in entry.keys() - set(KEYS):
        # "option" for "options" would silently turn a choice into an open question
        if hint := did_you_mean(key, absent):
            raise RowError(f"the key {key!r} is unknown.{hint}")
