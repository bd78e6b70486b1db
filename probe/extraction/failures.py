"""Reading so that what fails on one image costs that image alone."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from stores import WriteFailed

from ..errors import PlanError

Made = TypeVar("Made")


def reason_of(error: Exception) -> str:
    """An error in one line; the kind of error stands before it where it is a library's own.

    >>> reason_of(ValueError("too long")), reason_of(KeyError("rope"))
    ('too long', "KeyError: 'rope'")
    """
    message = " ".join(str(error).split())
    return message if isinstance(error, ValueError | OSError) and message else f"{type(error).__name__}: {message}"


Reader = Callable[[Sequence[int]], Sequence[Made]]
"""Reads some rows together: what it makes of each, in order."""


def read_each(read: Reader[Made], rows: Sequence[int]) -> tuple[dict[int, Made], dict[int, str]]:
    """What `read` makes of the rows, and for those of which it makes nothing the reason.

    Raises PlanError as `read_in_turn`.
    """
    return read_in_turn(read, [rows])


def read_in_turn(read: Reader[Made], batches: Iterable[Sequence[int]]) -> tuple[dict[int, Made], dict[int, str]]:
    """What `read` makes of the rows of each batch, and for those of which it makes nothing the reason.

    Where it fails on several rows, each half is read by itself, and so on down to one row: a bad row is found, and rows
    that are too much for the memory together are read apart.

    Raises PlanError where every row fails by a library's own error: then the model is at fault and not the rows.
    """
    made: dict[int, Made] = {}
    errors: dict[int, Exception] = {}
    for rows in batches:
        found, wrong = _halved(read, rows)
        made |= found
        errors |= wrong
    if len(errors) > 1 and not made and not any(isinstance(error, ValueError | OSError) for error in errors.values()):
        first = errors[min(errors)]
        raise PlanError(f"the model cannot be run: {reason_of(first)}") from first
    return made, {row: reason_of(error) for row, error in errors.items()}


def _halved(read: Reader[Made], rows: Sequence[int]) -> tuple[dict[int, Made], dict[int, Exception]]:
    if not rows:
        return {}, {}
    try:
        return dict(zip(rows, read(rows), strict=True)), {}
    except (PlanError, WriteFailed):  # which no other row would fare better with
        raise
    except Exception as error:  # whatever a library raises on one image must not cost the others
        if len(rows) == 1:
            return {}, {rows[0]: error}
    middle = len(rows) // 2
    (first, wrong), (second, also_wrong) = (_halved(read, part) for part in (rows[:middle], rows[middle:]))
    return first | second, wrong | also_wrong
