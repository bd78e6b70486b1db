"""Whether a value that was read from JSON is of the kind that was written."""

from collections.abc import Callable, Mapping
from typing import Any, cast

Check = Callable[[Any], bool]


def is_count(value: Any) -> bool:
    """Whether a value is a whole number from 0 on, of a size that a file system could count."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62


def is_text(value: Any) -> bool:
    """Whether a value is a text."""
    return isinstance(value, str)


def is_object(value: Any) -> bool:
    """Whether a value is an object."""
    return isinstance(value, dict)


def is_list_of(value: Any, check: Check) -> bool:
    """Whether a value is a list, each entry as the check wants it."""
    return isinstance(value, list) and all(map(check, cast("list[Any]", value)))


def is_object_of(value: Any, check: Check) -> bool:
    """Whether a value is an object, each of its values as the check wants it."""
    return isinstance(value, dict) and all(map(check, cast("dict[str, Any]", value).values()))


def fits(value: Any, checks: Mapping[str, Check]) -> bool:
    """Whether a value is an object with these entries and no others, each as its check wants it.

    >>> fits({"size": 3, "crc32": 7}, {"size": is_count, "crc32": is_count}), fits({"size": -1}, {"size": is_count})
    (True, False)
    """
    if not isinstance(value, dict):
        return False
    known = cast("dict[str, Any]", value)
    return known.keys() == checks.keys() and all(check(known[name]) for name, check in checks.items())
