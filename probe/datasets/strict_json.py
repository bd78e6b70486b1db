"""JSON as it was meant: every number can be kept, no key stands twice, no nesting without end."""

import json
import math
from collections.abc import Callable
from typing import Any, cast

DEEPEST = 100
"""Most lists and objects within each other."""

MOST_DIGITS = 308
"""Most digits of a whole number: larger ones are no floating-point number either."""


class JsonError(ValueError):
    """Why a text is no JSON that is read. `line` and `column` count from 1, 0 where they are unknown."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


def _no_number(word: str) -> float:
    raise JsonError(f"{word} is no number of JSON; write null, or a text")


def loads(text: str, *, constant: Callable[[str], Any] = _no_number) -> Any:
    """The value that a text holds. `constant` gives the value of NaN and Infinity, which JSON has not.

    >>> loads('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    >>> loads('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    probe.datasets.strict_json.JsonError: the key 'a' stands twice in one object

    Raises JsonError for what is no JSON, numbers that are not finite or have more than 308 digits, a key that stands
    twice in one object, and more than 100 lists and objects within each other.
    """
    try:
        value = json.loads(
            text, parse_int=_whole, parse_float=_finite, parse_constant=constant, object_pairs_hook=_once
        )
    except json.JSONDecodeError as error:
        raise JsonError(f"this is no JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise JsonError("this JSON is nested too deeply") from None
    if depth(value, DEEPEST) > DEEPEST:
        raise JsonError("this JSON is nested too deeply")
    return value


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise JsonError(f"a number has {len(digits.lstrip('-')):,} digits, and {MOST_DIGITS} can be kept")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise JsonError(f"the number {_shown(digits)} is larger than any that can be kept")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise JsonError(f"the key {_shown(twice)!r} stands twice in one object")
    return found


def _shown(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def depth(value: Any, most: int) -> int:
    """How many lists and objects lie within each other, counted up to one more than `most`.

    >>> depth([1, [2, {"a": 3}]], 100), depth("text", 100), depth([[[[]]]], 2)
    (3, 0, 3)
    """
    level, found = [value], 0
    inside: Callable[[Any], Any] = lambda each: each.values() if isinstance(each, dict) else each  # noqa: E731
    while found <= most:
        level = [each for each in level if isinstance(each, dict | list)]
        if not level:
            break
        found += 1
        level = [part for each in level for part in cast(Any, inside(each))]
    return found
