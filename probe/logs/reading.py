"""Which format a log is of, by its content, and the answers in it."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ..errors import of_system
from ..regular_files import open_regular
from . import (
    delimited,
    inspect_eval,
    json_document,
    json_lines,
    lm_eval,
    parquet_rows,
    plain,
    vlmevalkit,
    workbook,
)
from .answered import OTHER_FORM, Answered, LogError, Unread
from .plain import Columns
from .record import Record

BEGINNING = 1 << 20
"""Bytes by which a file is recognised."""

LOOKED_AT = 100
"""Records by which a format is recognised: the first that is of a known one decides."""

ENCODINGS = ((b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
"""Marks with which texts begin that are not UTF-8."""

KNOWN = "samples of lm-eval or lmms-eval, VLMEvalKit tables, Inspect logs, and records with a sample and an answer"


@dataclass(frozen=True)
class Log:
    """A log that was recognised: its path, what it is of, and its answers, which are read when they are asked for."""

    path: Path
    format: str
    answers: Iterator[Answered | Unread]


def read(path: Path, columns: Columns | None = None, epoch: int | None = None) -> Log:
    """Open a log. `columns` names those of a plain log; with them a file is read as one, whatever it looks like.

    `epoch` is the one that is read of a log with several. Raises LogError for what cannot be read at all, is of no
    known format, or has no epochs where one is named.
    """
    try:
        found = _records(path)
        first = _beginning(found)
    except OSError as error:
        raise LogError(of_system(error)) from None
    name, answers = _as_named(columns) if columns else _format(path, first)
    if epoch is not None and name != inspect_eval.NAME:
        raise LogError(f"'{path}' is {name}, which has no epochs. Leave out --epoch {epoch}.")
    return Log(path, name, answers(chain(first, found), **({} if epoch is None else {"epoch": epoch})))


def _as_named(columns: Columns) -> "tuple[str, Reads]":
    return plain.NAME, lambda records: plain.read(records, columns)


def _format(path: Path, first: list[Record | Unread]) -> "tuple[str, Reads]":
    """The name of the format that the first record is of which is of any, and how all are read."""
    for record in first:
        if isinstance(record, Record):
            for name, is_one, answers in FORMATS:
                if is_one(record.values):
                    return name, answers
    raise LogError(_unknown(path, first))


def _beginning(records: Iterator[Record | Unread]) -> list[Record | Unread]:
    """The first records, as many as are needed to find one that is whole, and some more."""
    return list(islice(records, LOOKED_AT))


Reads = Callable[..., Iterator[Answered | Unread]]

Formats = tuple[tuple[str, Callable[[Mapping[str, Any]], bool], Reads], ...]

FORMATS: Formats = (
    (lm_eval.NAME, lm_eval.is_one, lm_eval.read),
    (inspect_eval.NAME, inspect_eval.is_one, inspect_eval.read),
    (vlmevalkit.NAME, vlmevalkit.is_one, vlmevalkit.read),
    (plain.NAME, plain.is_one, lambda records: plain.read(records, {})),
)
"""What a record can be of, the most particular first: its name, whether one is, and how all are read."""


def _unknown(path: Path, first: list[Record | Unread]) -> str:
    record = next((each for each in first if isinstance(each, Record)), None)
    if record is None:
        reason = first[0].why if first and isinstance(first[0], Unread) else "it is empty"
        where = f"line {first[0].line}: " if first else ""
        return f"'{path}' has no record that can be read: {where}{reason}"
    names = ", ".join(list(record.values)[:12])
    return (
        f"'{path}' is of no known format. Its records have: {names}. Known are {KNOWN}. Name the columns: "
        "--columns sample=COLUMN,text=COLUMN."
    )


def _records(path: Path) -> Iterator[Record | Unread]:
    """The records of a file, by what it begins with."""
    with open_regular(path) as file:
        head = file.read(BEGINNING)
        if b"\n" not in head:  # a long first line
            head += file.readline(json_lines.LONGEST) + file.read(BEGINNING)
    if head.startswith(b"PK\x03\x04"):
        return _of_archive(path)
    if head.startswith(b"PAR1"):
        return parquet_rows.read(path)
    text = head.removeprefix(json_lines.MARK).lstrip()
    if text.startswith((b"{", b"[")):
        return json_lines.read(path) if _has_lines(text) else json_document.read(path)
    if encoding := other_encoding(head):
        raise LogError(f"'{path}' is {encoding} text. Save it as UTF-8 (iconv -f {encoding} -t UTF-8 OLD > NEW).")
    if b"\0" in head[:1024]:
        raise LogError(f"'{path}' is a file of a kind that is not read. Known are {KNOWN}.")
    return delimited.read(path)


def other_encoding(head: bytes) -> str:
    """The encoding of a text that is not of bytes below 128 and UTF-8, by its mark or its zeros; "" of any other file.

    >>> other_encoding("sample,text".encode("utf-16")), other_encoding("{}".encode("utf-16-be")), other_encoding(b"{}")
    ('UTF-16', 'UTF-16BE', '')
    """
    for mark, name in ENCODINGS:
        if head.startswith(mark):
            return name
    zeros = [each == 0 for each in head[:64]]
    for name, zero in (("UTF-16LE", (False, True)), ("UTF-16BE", (True, False))):
        if len(zeros) >= 2 and all(each == zero[place % 2] for place, each in enumerate(zeros)):
            return name
    return ""


def _has_lines(text: bytes) -> bool:
    """Whether JSON is a line for each record: its first line is an object of its own, or broken within one."""
    line = text.partition(b"\n")[0]
    try:
        return isinstance(json_lines.loads(line.decode("utf-8", "replace")), dict) and not _has_lists(line)
    except ValueError:
        return line.rstrip() not in (b"{", b"[") and text.startswith(b"{") and b'\n{"' in text


def _has_lists(line: bytes) -> bool:
    """Whether an object on one line holds lists of objects, as a whole file on one line does."""
    value = json_lines.loads(line.decode("utf-8", "replace"))
    known = any(is_one(value) for _, is_one, _ in FORMATS)
    return not known and any(isinstance(each, dict) for each in json_document.entries(value))


def _of_archive(path: Path) -> Iterator[Record | Unread]:
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise LogError(f"'{path}' begins like a zip archive and is none ({error}). Copy it again.") from None
    if workbook.is_one(names):
        return workbook.read(path)
    if inspect_eval.is_archive(names):
        return inspect_eval.records(path)
    raise LogError(f"'{path}' is a zip archive, and neither an Excel workbook nor an Inspect log. Unpack it first.")


__all__ = ["FORMATS", "OTHER_FORM", "Log", "read"]
