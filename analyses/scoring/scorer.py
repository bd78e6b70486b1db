"""What a benchmark's own scoring consists of: how a text is read, how right that is, and what it sums up to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Parsed = NDArray[np.object_]
"""(sample, condition) the answers as a reading parses them: texts, None where none can be read."""


@dataclass(frozen=True)
class Asked:
    """What a scorer knows of one sample.

    `answer` is the right option, or the first of the `references` of an open question. `metadata` are plain values,
    such as the category of the question.
    """

    id: str
    question: str = ""
    options: tuple[str, ...] = ()
    answer: str | None = None
    references: tuple[str, ...] = ()
    metadata: Mapping[str, str | int | float | bool | None] = field(default_factory=dict[str, str | int | float | bool])


@dataclass(frozen=True)
class Reading:
    """One way of reading free answers.

    `parse(text, asked)` gives the answer that a text holds, None where none can be read: of a sample with options the
    text of one of them, as it stands in `asked.options`; else the text as it is compared. Two texts with one parsed
    answer are one answer. `correct(parsed, asked)` says how right that is, in [0, 1]; it also scores an option that was
    chosen by its likelihood.
    """

    name: str
    meaning: str
    parse: Callable[[str, Asked], str | None]
    correct: Callable[[str | None, Asked], float]


@dataclass(frozen=True)
class Measure:
    """A benchmark's number that is no plain mean over samples: a ratio of sums.

    `terms(parsed, correct, asked)` gives numerator and denominator of each pair, (sample, condition) both; nan where
    `correct` is nan. The number is the sum of the one over the sum of the other.
    """

    name: str
    meaning: str
    terms: Callable[[Parsed, Floats, Sequence[Asked]], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Scorer:
    """A benchmark's scoring: its readings, the official one first, and its own numbers beside the mean score."""

    benchmark: str
    readings: tuple[Reading, ...]
    measures: tuple[Measure, ...] = ()
    paper: str = ""
