"""What every format is read into: one answer to one sample under one condition, or a line that is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

NO_IDS: Mapping[str, str] = MappingProxyType({})
NO_METADATA: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class AskedInLog:
    """What a log itself says of a sample; "", empty or None where it does not.

    `answer` is as it is written there: an option, its letter, or a text. `options` are None where the log lists none.
    """

    question: str = ""
    options: tuple[str, ...] | None = None
    answer: str | None = None
    references: tuple[str, ...] = ()
    kind: str = ""
    image: str = ""
    dataset: str = ""
    metadata: Mapping[str, Any] = field(default_factory=lambda: NO_METADATA)


@dataclass(frozen=True)
class Answered:
    """One answer. `line` counts from 1: of text the line, of a table the row, of an archive the member.

    `ids` are what the sample may be known by, under the names of the columns, the likeliest first. `condition` is ""
    where the log does not say it. `choice` is an option, its letter or its number counted from 0, `log_likelihoods`
    [nat], `token_counts` and `end_of_turn` [nat] are in the order of the options; None is what the log does not have.
    `cut`: whether the text was cut at its maximum length.
    """

    line: int
    ids: Mapping[str, str]
    condition: str = ""
    text: str | None = None
    choice: str | int | None = None
    log_likelihoods: tuple[float, ...] | None = None
    token_counts: tuple[float, ...] | None = None
    end_of_turn: tuple[float, ...] | None = None
    cut: bool | None = None
    asked: AskedInLog = AskedInLog()


@dataclass(frozen=True)
class Unread:
    """A line that is no answer: which sort of trouble it is, in words, and why."""

    line: int
    trouble: str
    why: str


UNREADABLE = "lines that cannot be read"
NO_ANSWER = "lines without an answer"
OTHER_FORM = "lines of another form than the rest"
FURTHER = "lines of another filter or epoch than the one that is read"


class LogError(ValueError):
    """A log of which nothing can be read."""
