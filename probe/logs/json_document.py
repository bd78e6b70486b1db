"""One JSON value: a list of objects, or an object that holds such lists under names of its own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from ..datasets.strict_json import JsonError
from ..regular_files import open_regular
from .answered import UNREADABLE, LogError, Unread
from .json_lines import loads
from .record import Record

LARGEST = 512 << 20
"""Most bytes of a file that is read as a whole."""


def read(path: Path) -> Iterator[Record | Unread]:
    """The entries of a file, numbered from 1 through all its lists.

    Raises LogError for a file that is too large, no JSON (such as a truncated one), or without a list of objects.
    """
    found = 0
    for each in entries(load(path)):
        found += 1
        if isinstance(each, dict):
            yield Record(found, cast(dict[str, Any], each))
        else:
            yield Unread(found, UNREADABLE, f"entry {found} is a {type(each).__name__}, where an object is needed.")
    if not found:
        raise LogError(f"'{path}' has no list of answers. Give JSON lines, or a list of objects.")


def load(path: Path) -> Any:
    """The value that a file holds. Raises LogError."""
    with open_regular(path) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise LogError(f"'{path}' has more than {LARGEST:,} bytes in one JSON value. Write JSON lines.")
    try:
        return loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise LogError(f"'{path}' is not UTF-8 text ({error.reason} at byte {error.start}). Save it so.") from None
    except JsonError as error:
        where = f" (line {error.line}, column {error.column})" if error.line else ""
        raise LogError(
            f"'{path}': {error.reason}{where}. Of a single JSON value nothing can be read unless it is whole: copy the "
            "file again, or write JSON lines."
        ) from None


def entries(value: Any) -> Iterator[Any]:
    """The entries of a list, or of the lists of an object; none of anything else.

    Of a log of Inspect, which has `eval` and `samples`, these samples alone.
    """
    if isinstance(value, list):
        yield from cast(list[Any], value)
    elif isinstance(value, Mapping):
        parts = cast(Mapping[str, Any], value)
        if "eval" in parts and isinstance(parts.get("samples"), list):
            parts = {"samples": parts["samples"]}
        for part in parts.values():
            if isinstance(part, list):
                yield from cast(list[Any], part)
