"""The table of a result for the page: texts, what a column is sorted by, and bars with their intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..results import Result
from ..results.result import Cell


@dataclass(frozen=True)
class Bar:
    """A number drawn on the scale of its column: where bar and interval begin and how long they are, in %."""

    start: float
    length: float
    low: float
    span: float


@dataclass(frozen=True)
class Drawn:
    """A cell of the page. `order` is what its column is sorted by, nan where the number is undefined."""

    text: str
    interval: str
    order: float
    bar: Bar | None


@dataclass(frozen=True)
class Table:
    """Headings, each with its explanation or an empty text, and rows of a name and cells."""

    headings: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[Drawn, ...]], ...]


def table(result: Result) -> Table:
    """The table of a result, each column on a scale of its own that holds 0 and all intervals."""
    legend = dict(result.legend)
    headings = tuple((text, legend.get(text, "")) for text in result.headings)
    cells = [row for _, row in result.rows]
    if result.is_by_row:
        ends = [scale(column) for column in zip(*cells, strict=True)]
    else:
        ends = [None]  # each row in a unit of its own
    rows = [tuple(_cell(*each) for each in zip(row, ends, strict=True)) for row in cells]
    return Table(headings, tuple(zip((name for name, _ in result.rows), rows, strict=True)))


def scale(cells: Sequence[Cell]) -> tuple[float, float] | None:
    """The lowest and highest number of a column, intervals and 0 included; None where all are 0 or undefined."""
    numbers = [0.0, *(number for cell in cells for number in cell.numbers if math.isfinite(number))]
    low, high = min(numbers), max(numbers)
    return (low, high) if high > low else None


def bar(numbers: Sequence[float], ends: tuple[float, float]) -> Bar:
    """Where a number and its interval lie on a scale, in %.

    >>> bar([5.0, 0.0, 10.0], (-10.0, 10.0))
    Bar(start=50.0, length=25.0, low=50.0, span=50.0)
    """
    low, high = ends

    def place(number: float) -> float:
        return round(100 * (number - low) / (high - low), 2)

    zero, estimate = place(0.0), place(numbers[0])
    first, last = (place(numbers[1]), place(numbers[2])) if len(numbers) == 3 else (estimate, estimate)
    return Bar(min(zero, estimate), round(abs(estimate - zero), 2), first, round(last - first, 2))


def _cell(cell: Cell, ends: tuple[float, float] | None) -> Drawn:
    finite = bool(cell.numbers) and all(map(math.isfinite, cell.numbers))
    order = cell.numbers[0] if cell.numbers else math.nan
    return Drawn(cell.estimate, cell.interval, order, bar(cell.numbers, ends) if ends and finite else None)
