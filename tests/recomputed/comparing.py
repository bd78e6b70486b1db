"""What a page prints against numbers of one's own, at the printed precision."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .page import Section
from .statistics import UNTOLD

NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")
PLACE = re.compile(r"[\w.]+\[[\d*]+\]:\w+")
SLACK = 0.02
"""Of a unit in the last printed digit, beside the half that rounding takes: sums in float32 and in float64."""


def agrees(text: str, number: float, margin: float = 0.0) -> bool:
    """Whether a printed number is one's own, rounded."""
    if np.isinf(number) or text == "none":
        return np.isinf(number) and text == "none"
    digits = len(text.partition(".")[2])
    return abs(float(text.replace(",", "")) - number) <= (0.5 + SLACK) * 10.0**-digits + margin


def cell(printed: tuple[str, str], numbers: Any, margin: float = 0.0) -> bool:
    """Whether a cell prints an estimate and its bounds; "–" stands for what is undefined."""
    estimate, interval = printed
    if np.isnan(numbers[0]):
        return printed == ("–", "")
    texts = [estimate, *(interval.split("…") if interval else [])]
    wanted = [one for one in numbers if not np.isnan(one)]
    return len(texts) == len(wanted) and all(agrees(*pair, margin) for pair in zip(texts, wanted, strict=True))


def table(section: Section, wanted: Mapping[str, Mapping[str, Any]], margins: Mapping[str, float]) -> Iterator[str]:
    """What differs in a table, a line each, and the rows that it lacks."""
    for row, cells in section.rows:
        for heading, printed in zip(section.headings[1:], cells, strict=True):
            own = wanted.get(row, {}).get(heading)
            if own is None or not cell(printed, own, margins.get(heading, 0.0)):
                yield f"{row} | {heading}: {printed} is printed, {own} computed"
    printed_rows = {row for row, _ in section.rows}
    yield from (f"no row {row!r}" for row in wanted if row not in printed_rows and row != "clean" and ":" not in row)


def sentence(text: str, parts: Any) -> str:
    """What is wrong with a sentence: parts that are texts must be in it, and its numbers be the others in order."""
    rest, untold = text, any(UNTOLD in part for part in parts if isinstance(part, str))
    if untold != (UNTOLD in text):
        return f"{UNTOLD!r} {'is missing' if untold else 'is too much'} in: {text}"
    for part in sorted((one for one in parts if isinstance(one, str)), key=len, reverse=True):
        if part not in text:
            return f"no {part!r} in: {text}"
        rest = rest.replace(part, " ")
    printed = [one.rstrip(",") for one in NUMBER.findall(PLACE.sub(" ", rest))]
    own = [one for one in parts if not isinstance(one, str)]
    if len(printed) != len(own) or not all(agrees(*pair) for pair in zip(printed, own, strict=True)):
        return f"{printed} is printed, {own} computed: {text}"
    return ""


def section(printed: Section, rows: Any, sentences: Any, heads: Any, margins: Mapping[str, float]) -> list[str]:
    """All that differs in a section."""
    wrong = list(table(printed, rows, margins))
    if len(printed.findings) != len(sentences):
        wrong.append(f"{len(printed.findings)} sentences, {len(sentences)} expected: {printed.findings}")
    wrong += [sentence(*pair) for pair in zip(printed.findings, sentences, strict=False)]
    if heads is not None:
        wrong.append(sentence(f"{printed.title} {printed.meaning}", heads))
    return [one for one in wrong if one]
