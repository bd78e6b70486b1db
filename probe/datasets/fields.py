"""Values of a record by name: each is of the type that it should be, or the row is refused in words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from ..closest import did_you_mean
from ..prompts import is_yes_no
from ..sample import Kind, Metadata
from .rows import RowError

Record = Mapping[str, Any]


def text(record: Record, name: str, default: str | None = None) -> str:
    """A text. RowError where it is missing and has no default, or is something else.

    >>> text({"question": "Where?"}, "question")
    'Where?'
    """
    value = record.get(name, default)
    if value is None:
        raise RowError(f'"{name}" is missing.')
    if not isinstance(value, str):
        raise RowError(f'"{name}" must be a text, not {brief(value)}.')
    return value


def name(record: Record, key: str) -> str:
    """A text, or a whole number as one, as ids are written either way.

    >>> name({"question_id": 7}, "question_id")
    '7'
    """
    value = record.get(key)
    if value is None or value == "":
        raise RowError(f'"{key}" is missing.')
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RowError(f'"{key}" must be a text or a whole number, not {brief(value)}.')
    return str(value)


def texts(record: Record, name: str) -> tuple[str, ...] | None:
    """A list of texts, None where it is missing."""
    values = record.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in cast(list[Any], values)):
        raise RowError(f'"{name}" must be a list of texts, not {brief(values)}.')
    return tuple(cast(list[str], values))


def mapping(record: Any, name: str) -> Record:
    """An object (a mapping by names)."""
    value = record.get(name)
    if not isinstance(value, Mapping):
        raise RowError(f'"{name}" must be an object, not {brief(value)}.')
    return cast(Record, value)


def metadata(record: Record, leave_out: Sequence[str] = ()) -> Metadata:
    """The plain values of a record, but those left out."""
    return Metadata({key: value for key, value in record.items() if key not in leave_out and is_plain(value)})


def is_plain(value: Any) -> bool:
    """Whether a value can be metadata: a text, a finite number, true, false or null."""
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def number_in(text: str) -> int | None:
    """The whole number that a text writes in digits; None for anything else, and beyond 18 of them.

    >>> number_in("007"), number_in("-7"), number_in("1" * 19)
    (7, None, None)
    """
    return int(text) if text.isdecimal() and len(text) <= 18 else None


def kind_of(options: Sequence[str] | None) -> Kind:
    """What kind of question options make: yes/no, multiple choice, and an open one where there is no list of them.

    >>> kind_of(("yes", "no")), kind_of(("a bus", "a car")), kind_of(None)
    ('yesno', 'mcq', 'open')
    """
    # an empty list is a choice without its options, and invalid; an open question has no list
    if options is None:
        return "open"
    return "yesno" if is_yes_no(options) else "mcq"


def kind(value: str) -> Kind:
    """A kind of question by name."""
    kinds = get_args(Kind)
    if value not in kinds:
        hint = did_you_mean(value, kinds)
        raise RowError(f"the kind {value!r} is unknown.{hint} Choose one of: {', '.join(kinds)}.")
    return cast(Kind, value)


def brief(value: Any) -> str:
    """A value as it came, cut to what fits into a line."""
    shown = repr(value)
    return shown if len(shown) <= 100 else f"{shown[:97]}..."
