"""The logs of Inspect: `.eval`, a zip archive with a JSON file for each sample, and its single `.json` form.

A sample has `id`, `epoch`, `input` (a text, or messages), `choices`, `target` and the model's `output`. Of several
epochs of a sample one counts, the first where none is named. A sample that ended with an error has no answer.

Source: UKGovernmentBEIS/inspect_ai 0.3.285, `log/_log.py` and `log/_recorders/eval.py`.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from ..datasets.rows import RowError
from ..regular_files import open_regular
from . import members, values
from .answered import FURTHER, NO_ANSWER, OTHER_FORM, UNREADABLE, Answered, AskedInLog, LogError, Unread
from .json_lines import loads
from .record import Record

NAME = "an Inspect log"

SAMPLES = "samples/"
LARGEST = 256 << 20
"""Most bytes of a sample, unpacked."""

HIDDEN = ("condition", "image", "kind")
"""Entries of a sample's metadata that we take for its own."""


def is_archive(names: list[str]) -> bool:
    """Whether an archive with these members is such a log."""
    return any(name in ("header.json", "_journal/start.json") or name.startswith(SAMPLES) for name in names)


def is_one(record: Mapping[str, Any]) -> bool:
    """Whether a record is a sample of such a log."""
    return "id" in record and "input" in record and "output" in record


def records(path: Path) -> Iterator[Record | Unread]:
    """The samples of an archive, by their ids and epochs, numbered from 1. Raises LogError where it is not whole."""
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            for number, name in enumerate(_ordered(archive.namelist()), 1):
                yield _member(archive, file, number, name)
    except zipfile.BadZipFile as error:
        raise LogError(f"'{path}' is no whole archive ({error}). Copy it again, or let its eval end.") from None


def _ordered(names: list[str]) -> list[str]:
    """The members with samples, the first epoch of each first."""
    found = [name for name in dict.fromkeys(names) if name.startswith(SAMPLES) and name.endswith(".json")]
    return sorted(found, key=_epoch)


def _epoch(member: str) -> int:
    number = member.removesuffix(".json").rpartition("_epoch_")[2]
    return int(number) if number.isdecimal() else 0


def _member(archive: zipfile.ZipFile, file: io.BufferedReader, number: int, name: str) -> Record | Unread:
    try:
        if (size := archive.getinfo(name).file_size) > LARGEST:
            return Unread(number, UNREADABLE, f"{name} has {size:,} bytes, and {LARGEST:,} are read.")
        value = loads(members.content(archive, file, name).decode("utf-8"))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        return Unread(number, UNREADABLE, f"{name} of the archive: {error}.")
    if not isinstance(value, dict):
        return Unread(number, UNREADABLE, f"{name} of the archive holds no object.")
    return Record(number, value)


def read(found: Iterable[Record | Unread], epoch: int | None = None) -> Iterator[Answered | Unread]:
    """The answers of a log's samples in one epoch: the one of this number, or the first of each sample."""
    first: dict[str, int] = {}
    for record in found:
        if isinstance(record, Unread):
            yield record
            continue
        if not is_one(record.values) or (sample := values.name(record.values["id"])) is None:
            yield Unread(record.line, OTHER_FORM, "it is no sample of Inspect: id, input or output are missing.")
            continue
        own = cast(int, record.values.get("epoch")) if isinstance(record.values.get("epoch"), int) else 1
        kept = first.setdefault(sample, own) if epoch is None else epoch
        if own != kept:
            yield Unread(record.line, FURTHER, f"sample {sample!r}: it is of epoch {own}, and epoch {kept} is read.")
            continue
        yield _answered(record, sample)


def _answered(record: Record, sample: str) -> Answered | Unread:
    entry = record.values
    output = cast(dict[str, Any], entry["output"]) if isinstance(entry["output"], dict) else {}
    text, stopped = _said(output)
    if text is None:
        error = entry.get("error")
        why = cast(dict[str, Any], error).get("message") if isinstance(error, dict) else output.get("error")
        return Unread(record.line, NO_ANSWER, f"sample {sample!r}: {why or 'the model said nothing'}.")
    metadata = cast(dict[str, Any], entry["metadata"]) if isinstance(entry.get("metadata"), dict) else {}
    try:
        asked = _asked(entry, metadata)
    except RowError as error:
        return Unread(record.line, OTHER_FORM, f"sample {sample!r}: {error}")
    condition = values.name(metadata.get("condition")) or ""
    return Answered(record.line, {"id": sample}, condition, text=text, cut=stopped == "max_tokens", asked=asked)


def _said(output: Mapping[str, Any]) -> tuple[str | None, Any]:
    """What the model said, and why it stopped; None where there is no answer."""
    choices = output.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return (values.text(output.get("completion")) or None), None
    choice = cast(dict[str, Any], choices[0])
    message = choice.get("message")
    content = cast(dict[str, Any], message).get("content") if isinstance(message, dict) else None
    return (None if content is None else _text(content)), choice.get("stop_reason")


def _text(content: Any) -> str:
    """The texts of a message: it is one, or a list of parts of which some are texts."""
    if isinstance(content, str):
        return content
    parts = cast(list[Any], content) if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return "\n".join(each for each in texts if isinstance(each, str))


def _asked(entry: Mapping[str, Any], metadata: Mapping[str, Any]) -> AskedInLog:
    options = values.listed(entry.get("choices"))
    target = entry.get("target")
    right = tuple(map(str, cast(list[Any], target) if isinstance(target, list) else [target or ""]))
    said = right[0] if right and right[0] else None
    return AskedInLog(
        question=_question(entry["input"]),
        options=options or None,
        answer=said,
        references=() if options or len(right) < 2 else right,
        kind=values.text(metadata.get("kind")) or "",
        image=values.name(metadata.get("image")) or "",
        metadata=values.metadata(metadata, HIDDEN),
    )


def _question(given: Any) -> str:
    """The text of the input: of messages, that of the last one by the user."""
    if isinstance(given, str):
        return given
    messages = [each for each in cast(list[Any], given) if isinstance(each, dict)] if isinstance(given, list) else []
    own = [each for each in messages if each.get("role") == "user"] or messages
    return _text(own[-1].get("content")) if own else ""
