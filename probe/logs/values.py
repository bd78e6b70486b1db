"""What cells and entries of logs come to: ids, texts, lists and numbers, or None where there is nothing."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from ..datasets import columns, fields
from ..datasets.rows import RowError

Values = Mapping[str, Any]

LARGEST = 3.4e38
"""The largest number, about, of those that are stored (float32)."""


def name(value: Any) -> str | None:
    """An id: a text, or a whole number as one; None where there is none.

    >>> name(7), name("a7"), name(7.0), name(""), name(None), name([7])
    ('7', 'a7', '7', None, None, None)
    """
    if isinstance(value, float) and value.is_integer():  # of a spreadsheet
        value = int(value)
    found = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    return str(value) if found else None


def ids(values: Values, names: Iterable[str]) -> dict[str, str]:
    """What the sample may be known by, under each of the names that is there."""
    return {each: found for each in names if (found := name(values.get(each))) is not None}


def text(value: Any) -> str | None:
    """A text, a number as one; None for what is neither, and for a cell that is not there."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not columns.is_absent(value) else None


def first(values: Values, names: Sequence[str]) -> Any:
    """The value under the first of the names that holds something; None where none does."""
    return next((values[each] for each in names if not columns.is_absent(values.get(each))), None)


def listed(value: Any) -> tuple[str, ...] | None:
    """The texts of a list, or of a cell that holds one; None of an absent cell. Raises RowError for anything else."""
    return None if columns.is_absent(value) else tuple(columns.listed(value))


def numbers(value: Any) -> tuple[float, ...] | None:
    """Log-likelihoods of a list, nan for null; None for an absent cell. Raises RowError for what is no number.

    >>> numbers("[-1.5, null]"), numbers(["-2", -3])
    ((-1.5, nan), (-2.0, -3.0))
    """
    if columns.is_absent(value):
        return None
    if isinstance(value, str):
        from .json_lines import loads

        try:
            value = loads(value)
        except ValueError:
            raise RowError(f"{fields.brief(value)} is no list of log-likelihoods.") from None
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise RowError(f"{fields.brief(value)} is no list of log-likelihoods.")
    return tuple(number(each) for each in cast(Sequence[Any], value))


def number(value: Any) -> float:
    """A log-likelihood, nan for null and for what is not finite in float32. Raises RowError for what is no number.

    >>> number("-1.5"), number("-inf"), number(1e39)
    (-1.5, nan, nan)
    """
    if value is None:
        return math.nan
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise RowError(f"{fields.brief(value)} is no log-likelihood.") from None
    return found if abs(found) <= LARGEST else math.nan


def metadata(values: Values, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """The plain values that are not left out."""
    left = set(leave_out)
    return {key: value for key, value in values.items() if key not in left and fields.is_plain(value)}
