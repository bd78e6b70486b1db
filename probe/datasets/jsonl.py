"""A user's own dataset: one JSON object per line.

    {"image": "street.png", "question": "What is this?", "options": ["a bus", "a car"], "answer": "a bus"}

`image` is a path relative to the file; `images` in its place lists several pictures in order. Optional are `options`
(none for an open question), `answer` or a list of `references` (all right answers), `kind` (mcq, yesno, safety, open or
describe; by default it follows from the options), `id` and `dataset` (by default the file's name). Other keys are
metadata of the sample where their values are plain: texts, numbers, true, false or null.
"""

import json
import os
from collections.abc import Iterator, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, cast, get_args

from hooks.settings import place

from ..closest import did_you_mean
from ..sample import Dataset, Image, Kind, Metadata, Picture, Sample, fingerprint, join_ids
from .pixels import read_rgb, read_size
from .problems import DatasetError, Opened, Problem, invalid_reason

KEYS = ("image", "images", "question", "options", "answer", "references", "kind", "id", "dataset")
ALTERNATIVES = (("image", "images"), ("answer", "references"))
"""Keys of which a line needs only one."""


def load(path: str | PathLike[str]) -> Opened:
    """The dataset in a file, named after it, and the samples that cannot be asked.

    Images are in order of first mention, each once. No picture is opened: a missing one is reported when it is read.
    The fingerprint is a hash of the file's text and of the sizes of the picture files, which is fast and misses only
    edits that keep a file's size.

    Raises DatasetError, with the line's number, where a line is no object of the form above, and for an empty file.
    """
    file = Path(place("dataset", path))
    text = _text(file)
    samples: dict[str, Sample] = {}
    images: dict[str, Image] = {}
    problems: list[Problem] = []
    for number, entry in _entries(file, text):
        where = f"{file.name} line {number}"
        _refuse_misspelt(entry, where)
        names = _pictures(entry, where)
        sample = _sample(entry, number, join_ids(names), dataset=file.stem, where=where)
        taken = f"the id {sample.id!r} is taken by an earlier line." if sample.id in samples else None
        if message := taken or invalid_reason(sample):
            problems.append(Problem(sample.id, f"{where}: {message}"))
            continue
        samples[sample.id] = sample
        if sample.image_id not in images:
            images[sample.image_id] = Image.of(*(_picture(file.parent, name) for name in names))
    if not samples and not problems:
        raise DatasetError(f"dataset '{file}' is empty. Give one JSON object per line with image, question, options.")
    sizes = (str(_size(_file(file.parent, picture.id))) for image in images.values() for picture in image.pictures)
    identity = fingerprint(text, *sizes)
    return Opened(Dataset(file.stem, tuple(images.values()), tuple(samples.values()), identity), tuple(problems))


def _picture(folder: Path, name: str) -> Picture:
    path = str(_file(folder, name))
    return Picture(name, partial(read_rgb, path), read_size=partial(read_size, path))


def _file(folder: Path, name: str) -> Path:
    """Where a picture is: relative to the dataset's folder, or anywhere by a path that begins with / or ~."""
    return folder / os.path.expanduser(name)


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
            json.dumps(
                entry, ensure_ascii=False
            ).encode()  # an escape can be half a character, which no store can write
        except json.JSONDecodeError as error:
            raise DatasetError(f"{file.name} line {number} is no JSON: {error.msg} at column {error.colno}.") from None
        except UnicodeEncodeError:
            raise DatasetError(f"{file.name} line {number} has an escape of half a character (\\ud800 ...).") from None
        if not isinstance(entry, dict):
            raise DatasetError(f"{file.name} line {number} is no JSON object but {line.strip()[:40]!r}.")
        yield number, cast(dict[str, Any], entry)


def _sample(entry: dict[str, Any], number: int, image_id: str, *, dataset: str, where: str) -> Sample:
    options = _strings(entry, "options", where)
    return Sample(
        id=_string(entry, "id", where, f"line{number}"),
        image_id=image_id,
        question=_string(entry, "question", where),
        options=options or (),
        answer=None if entry.get("answer") is None else _string(entry, "answer", where),
        kind=_kind(_string(entry, "kind", where, _kind_of(options)), where),
        references=_strings(entry, "references", where) or (),
        metadata=Metadata({key: value for key, value in entry.items() if key not in KEYS and _is_plain(value)}),
        dataset=_string(entry, "dataset", where, dataset),
    )


def _pictures(entry: dict[str, Any], where: str) -> tuple[str, ...]:
    """The normalised paths of a line's pictures, which are their ids."""
    several = _strings(entry, "images", where)
    if several is not None and "image" in entry:
        raise DatasetError(f'{where}: give either "image" or "images".')
    key, names = ("image", (_string(entry, "image", where),)) if several is None else ("images", several)
    if not names or not all(names):
        raise DatasetError(f'{where}: "{key}" is empty. Give a path relative to the file.')
    return tuple(Path(os.path.normpath(name)).as_posix() for name in names)


def _refuse_misspelt(entry: dict[str, Any], where: str) -> None:
    absent = [key for key in KEYS if key not in entry and key != "dataset"]
    for given, alternative in (*ALTERNATIVES, *(pair[::-1] for pair in ALTERNATIVES)):
        if given in entry and alternative in absent:
            absent.remove(alternative)
    for key in entry.keys() - set(KEYS):
        # "option" for "options" would silently turn a choice into an open question
        if hint := did_you_mean(key, absent):
            raise DatasetError(f"{where}: the key {key!r} is unknown.{hint}")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _strings(entry: Mapping[str, Any], key: str, where: str) -> tuple[str, ...] | None:
    values = entry.get(key)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in cast(list[Any], values)):
        raise DatasetError(f'{where}: "{key}" must be a list of texts, not {values!r}.')
    return tuple(cast(list[str], values))


def _string(entry: dict[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = entry.get(key, default)
    if value is None:
        raise DatasetError(f'{where}: "{key}" is missing.')
    if not isinstance(value, str):
        raise DatasetError(f'{where}: "{key}" must be a text, not {value!r}.')
    return value


def _kind_of(options: tuple[str, ...] | None) -> Kind:
    # an empty list is a choice without its options, and invalid; an open question has no list
    if options is None:
        return "open"
    return "yesno" if {option.strip().lower() for option in options} == {"yes", "no"} else "mcq"


def _kind(name: str, where: str) -> Kind:
    kinds = get_args(Kind)
    if name not in kinds:
        hint = did_you_mean(name, kinds)
        raise DatasetError(f"{where}: the kind {name!r} is unknown.{hint} Choose one of: {', '.join(kinds)}.")
    return cast(Kind, name)
