"""The answers of logs on disk, found by sample and condition: as many lines as there are, and little of them in memory.

The index is a temporary database that has no name in the file system, so that nothing of it is left behind by a process
that is killed.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from ..errors import PlanError

CACHE_KIB = 16 << 10
"""Memory for the parts of the index that are in use."""

SETTINGS = ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", f"cache_size = -{CACHE_KIB}")

TABLE = (
    "CREATE TABLE answers (sample INTEGER, condition INTEGER, given TEXT, PRIMARY KEY (sample, condition)) "
    "WITHOUT ROWID"
)


@dataclass(frozen=True)
class Given:
    """An answer as the log has it, and where it stands; `options` are those of the log, None where it lists none."""

    where: str
    text: str | None
    choice: str | int | None
    log_likelihoods: tuple[float, ...] | None
    token_counts: tuple[float, ...] | None
    end_of_turn: tuple[float, ...] | None
    cut: bool | None
    options: tuple[str, ...] | None

    def written(self) -> str:
        """The answer in one text."""
        return json.dumps(list(vars(self).values()))

    @classmethod
    def read(cls, text: str) -> "Given":
        """The answer that was written so."""
        values = cast(list[Any], json.loads(text))
        made: list[Any] = [tuple(cast(list[Any], each)) if isinstance(each, list) else each for each in values]
        return cls(*made)


class AnswerIndex:
    """Answers by sample and condition, at most one of each; both are in the order in which they were first added.

    Belongs to the thread that made it. Raises PlanError where the disk for temporary files is full.
    """

    def __init__(self) -> None:
        self._samples: dict[str, int] = {}
        self._conditions: dict[str, int] = {}
        self._database = sqlite3.connect("", isolation_level=None)
        for setting in SETTINGS:
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute(TABLE)
        self._database.execute("BEGIN")

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions under which there is an answer."""
        return tuple(self._conditions)

    def __contains__(self, sample: str) -> bool:
        return sample in self._samples

    def __iter__(self) -> Iterator[str]:
        return iter(self._samples)

    def __len__(self) -> int:
        """The number of samples."""
        return len(self._samples)

    def add(self, sample: str, condition: str, given: Given) -> None:
        """Keep an answer that is not there yet."""
        numbers = (_number(self._samples, sample), _number(self._conditions, condition))
        try:
            self._database.execute("INSERT INTO answers VALUES (?, ?, ?)", (*numbers, given.written()))
        except sqlite3.OperationalError as error:
            raise PlanError(
                f"the index of the answers cannot be written ({error}). Make room where temporary files are, or name "
                "another folder for them: TMPDIR=FOLDER."
            ) from None

    def find(self, sample: str, condition: str) -> Given | None:
        """The answer to a sample under a condition; None where there is none."""
        numbers = (self._samples.get(sample), self._conditions.get(condition))
        if None in numbers:
            return None
        found = self._database.execute("SELECT given FROM answers WHERE sample = ? AND condition = ?", numbers)
        row = found.fetchone()
        return None if row is None else Given.read(row[0])

    def of_sample(self, sample: str) -> Iterator[Given]:
        """All answers to a sample."""
        number = self._samples.get(sample)
        for (text,) in self._database.execute("SELECT given FROM answers WHERE sample = ?", (number,)).fetchall():
            yield Given.read(text)


def _number(numbers: dict[str, int], name: str) -> int:
    return numbers.setdefault(name, len(numbers))
