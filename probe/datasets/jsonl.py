"""A user's own dataset: one JSON object per line.

    {"image": "street.png", "question": "What is this?", "options": ["a bus", "a car"], "answer": "a bus"}

`image` is a path relative to the file. Optional: `options` (none for an open question), `answer`, `kind` (mcq, yesno,
safety, open or describe; else told by the options) and `id`. Other keys are left alone.
"""

import json
import os
from collections.abc import Iterator
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, cast, get_args

from ..closest import did_you_mean
from ..sample import Dataset, Image, Kind, Sample, fingerprint
from .pixels import read_rgb, read_size
from .problems import DatasetError, Opened, Problem, fault

KEYS = ("image", "question", "options", "answer", "kind", "id")


def load(path: str | PathLike[str]) -> Opened:
    """The dataset in a file, named after it, and the samples that cannot be asked.

    Images come in order of first mention, once per path. No picture is opened: a missing one shows when it is read.
    The fingerprint is a hash of the file's text and of the sizes of the image files (cheap, and all but blind only to
    an edit that keeps a file's size).

    Raises DatasetError, with the line's number, where a line is no object of the form above, and for an empty file.
    """
    file = Path(path)
    text = _text(file)
    samples: dict[str, Sample] = {}
    problems: list[Problem] = []
    for number, entry in _entries(file, text):
        sample = _sample(entry, number, where=f"{file.name} line {number}")
        message = f"the id {sample.id!r} is taken by an earlier line." if sample.id in samples else fault(sample)
        if message is None:
            samples[sample.id] = sample
        else:
            problems.append(Problem(sample.id, f"{file.name} line {number}: {message}"))
    if not samples and not problems:
        raise DatasetError(f"dataset '{file}' is empty. Give one JSON object per line with {', '.join(KEYS[:4])}.")
    paths = {sample.image_id: file.parent / sample.image_id for sample in samples.values()}
    images = tuple(
        Image(image_id, partial(read_rgb, str(path)), read_size=partial(read_size, str(path)))
        for image_id, path in paths.items()
    )
    identity = fingerprint(text, *(str(_size(path)) for path in paths.values()))
    return Opened(Dataset(file.stem, images, tuple(samples.values()), identity), tuple(problems))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"dataset '{file}': no such file.") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"dataset '{file}' is not UTF-8 text ({error.reason} at byte {error.start}).") from None
    except OSError as error:
        raise DatasetError(f"dataset '{file}' cannot be read: {error.strerror}.") from None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # ValueError: no path at all, as with a null character
        return -1


def _entries(file: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            json.dumps(entry, ensure_ascii=False).encode()  # an escape can hide half a character, which no store holds
        except json.JSONDecodeError as error:
            raise DatasetError(f"{file.name} line {number} is no JSON: {error.msg} at column {error.colno}.") from None
        except UnicodeEncodeError:
            raise DatasetError(
                f"{file.name} line {number} holds an escape of half a character (\\ud800 ...)."
            ) from None
        if not isinstance(entry, dict):
            raise DatasetError(f"{file.name} line {number} is no JSON object but {line.strip()[:40]!r}.")
        yield number, cast(dict[str, Any], entry)


def _sample(entry: dict[str, Any], number: int, *, where: str) -> Sample:
    for key in entry.keys() - set(KEYS):
        # "option" for "options" would turn a choice into an open question without a word
        if hint := did_you_mean(key, KEYS):
            raise DatasetError(f"{where}: the key {key!r} is unknown.{hint}")
    options = [] if entry.get("options") is None else entry["options"]
    if not isinstance(options, list) or not all(isinstance(option, str) for option in cast(list[Any], options)):
        raise DatasetError(f'{where}: "options" must be a list of texts, not {options!r}.')
    texts = tuple(cast(list[str], options))
    image = _string(entry, "image", where)
    if not image:
        raise DatasetError(f'{where}: "image" is empty. Give a path relative to the file.')
    return Sample(
        id=_string(entry, "id", where, f"line{number}"),
        image_id=Path(os.path.normpath(image)).as_posix(),
        question=_string(entry, "question", where),
        options=texts,
        answer=None if entry.get("answer") is None else _string(entry, "answer", where),
        kind=_kind(_string(entry, "kind", where, _told_by(entry.get("options"))), where),
    )


def _string(entry: dict[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = entry.get(key, default)
    if value is None:
        raise DatasetError(f'{where}: "{key}" is missing.')
    if not isinstance(value, str):
        raise DatasetError(f'{where}: "{key}" must be a text, not {value!r}.')
    return value


def _told_by(options: list[str] | None) -> Kind:
    # an empty list is a choice that lost its options, and a fault; an open question has no list
    if options is None:
        return "open"
    return "yesno" if {option.strip().lower() for option in options} == {"yes", "no"} else "mcq"


def _kind(name: str, where: str) -> Kind:
    kinds = get_args(Kind)
    if name not in kinds:
        hint = did_you_mean(name, kinds)
        raise DatasetError(f"{where}: the kind {name!r} is unknown.{hint} Choose one of: {', '.join(kinds)}.")
    return cast(Kind, name)
