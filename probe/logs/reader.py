"""The reader of answers that somebody has written down: each is found by its sample and condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from stores import Unit

from ..prompts import PromptName
from ..readers.answers import chosen
from ..readers.asking import Asked, Asking
from ..readers.reader import Attention, Encoded, Grid, Place, Sizes
from ..sample import Dataset, Sample
from .answer_index import AnswerIndex
from .scored import NOT_READ, Scored, scored
from .troubles import Troubles

if TYPE_CHECKING:
    from hooks import Answer, Question, Reading, Site, Tower, View

MISSING = "answers missing to samples that are answered under other conditions"
NOT_ANSWERED = "the log has no answer to it under {condition}"


def _as_it_was(sample: Sample, prompt: PromptName | None) -> Asked:
    return sample.question, sample.options


LOGGED = Asking(True, (), (), _as_it_was)
"""The question was put elsewhere, nobody knows in which words."""


@dataclass(frozen=True)
class LogReader:
    """What logs answer. `names` are what they call the conditions, by our ids; `files` each file's origin, by name.

    `left_out` counts the lines that could not be used, by sort; `troubles` takes what is wrong with the others, when
    they are read.
    """

    name: str
    answers: AnswerIndex
    samples: Mapping[str, Sample]
    names: Mapping[str, str]
    files: Mapping[str, Any]
    left_out: Mapping[str, int]
    scores: bool
    troubles: Troubles

    kind: Asking = LOGGED
    cannot: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    without_picture: str = ""
    without_other_dtype: str = ""
    towers: "Mapping[str, Tower]" = field(default_factory=dict[str, "Tower"])
    default_sites: Sequence[str] = ()
    attention: Attention = field(default_factory=Attention)
    dtype: str = "float32"
    resizes: bool = False
    sees: bool = False

    def identity(self) -> dict[str, Any]:
        return {"family": "log", "kind": "generative", "dtype": "float32"}

    def inputs(self) -> dict[str, Any]:
        return {}

    def prompt_text(self, sample: Sample, prompt: PromptName | None, *, pictures: int) -> str:
        """The log does not say it."""
        return ""

    def grids(self, sizes: Sizes) -> Mapping[str, Sequence[Grid]]:
        return {}

    def effort(self, dataset: Dataset, conditions: int) -> dict[str, str]:
        return {"answers": f"at most {len(dataset.samples) * conditions:,}"}

    def require_here(self) -> None:
        """The logs were read when the run was planned."""

    def open(self, run: Path) -> "OpenLogReader":
        return OpenLogReader(self)


@dataclass(frozen=True)
class Looked:
    """A view as a log takes it: by its place."""

    questions: "tuple[Question, ...]"
    place: Place
    bytes: int = 0


@dataclass(frozen=True)
class OpenLogReader:
    """Reads in the thread that planned the run."""

    reader: LogReader

    @property
    def provenance(self) -> dict[str, Any]:
        """The files, and how many of their lines are not in the run."""
        return {
            "source": self.reader.name,
            "logs": dict(self.reader.files),
            "left_out": dict(self.reader.left_out),
        }

    def images_at_once(self, batch_size: int) -> int:
        return batch_size

    def check(self, question: "Question") -> None:
        """Whatever was asked was asked."""

    def encode(self, view: "View", place: Place) -> Looked:
        return Looked(view.questions, place)

    def read(self, views: Sequence[Encoded], sites: "Sequence[Site]", **request: Any) -> "list[Reading]":
        from hooks import Reading

        looked = [view for view in views if isinstance(view, Looked)]  # which are all its own
        return [Reading({}, tuple(map(self._answer, each.questions, self._places(each)))) for each in looked]

    def committed(self, unit: Unit) -> None:
        """The index is kept for all units."""

    def close(self) -> None:
        """The index goes with the reader."""

    def _places(self, looked: Looked) -> list[tuple[str, str]]:
        condition = self.reader.names[looked.place.condition]
        return [(sample, condition) for sample in looked.place.samples]

    def _answer(self, question: "Question", place: tuple[str, str]) -> "Answer":
        sample, condition = place
        given = self.reader.answers.find(sample, condition)
        if given is None:
            reason = NOT_ANSWERED.format(condition=condition)
            self.reader.troubles.add(MISSING, f"sample {sample!r}", reason)
            return chosen(question, None, invalid_reason=reason)
        found = scored(given, self.reader.samples[sample])
        if not found.trouble:
            return answer(question, found)
        self.reader.troubles.add(found.trouble, given.where, f"sample {sample!r}: {found.why}")
        if found.trouble == NOT_READ:  # a text that names no option is an answer
            return answer(question, found)
        return answer(question, found, invalid_reason=f"{given.where}: {found.why}")


def answer(question: "Question", found: Scored, invalid_reason: str = "") -> "Answer":
    """An answer of a log as a run stores it; what it does not have is undefined."""
    from hooks import Answer

    options = len(question.options)
    return Answer(
        log_likelihood=np.full(options, np.nan, np.float32) if found.log_likelihoods is None else found.log_likelihoods,
        token_count=np.full(options, -1, np.int32) if found.token_counts is None else found.token_counts,
        end_of_turn=np.full(options, np.nan, np.float32) if found.end_of_turn is None else found.end_of_turn,
        text=found.text,
        choice=found.choice,
        cut=found.cut,
        invalid_reason=invalid_reason,
    )
