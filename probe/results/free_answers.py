"""The free answers of a run as their benchmarks read and score them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import scoring
from analyses.scoring import Asked, Parsed, Reading, Scorer
from stores import Run
from stores.object_arrays import with_objects

OFFICIAL = 0
"""The place of a scorer's official reading among its readings."""

NONE = np.array(None, object)
"""What the answers that cannot be read are compared with, an array of them at once."""


@dataclass(frozen=True)
class FreeAnswers:
    """What was answered freely, and what that comes to under each reading of the samples' scorers.

    A sample has the scorer of its benchmark, or the one of all other datasets. Descriptions and safety questions, which
    are scored by what they mention and by their verdict, have none.
    """

    run: Run
    _parsed: dict[int, Parsed] = field(default_factory=dict[int, Parsed], init=False, repr=False)
    _correct: dict[int, NDArray[np.float64]] = field(
        default_factory=dict[int, NDArray[np.float64]], init=False, repr=False
    )

    @cached_property
    def texts(self) -> xr.DataArray:
        """(sample, condition) the answers: "" where the model said nothing, undefined where it was not asked."""
        text = self.run.answers.text
        kept = ("sample", "image", "condition", "family", "severity")
        bare = text.drop_vars([name for name in text.coords if name not in kept])
        return with_objects(bare, np.where(self.are_given, text.values, NONE))

    @cached_property
    def are_given(self) -> NDArray[np.bool_]:
        """(sample, condition) whether the model was asked for a free answer."""
        answers = self.run.answers
        return ((answers.text != "") | (answers.cut >= 0)).values

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """What the scorers know of each sample."""
        samples = self.run.samples
        names = ("sample", "question", "answer")
        ids, questions, answers = (samples[name].values.tolist() for name in names)
        options, references = (_texts(samples, name, len(ids)) for name in ("option_text", "reference_text"))
        entries = self.run.sample_metadata
        return tuple(
            Asked(str(ids[k]), questions[k], options[k], answers[k] or None, references[k], entries[k])
            for k in range(len(ids))
        )

    @cached_property
    def scorers(self) -> tuple[Scorer | None, ...]:
        """The scorer of each sample."""
        samples = self.run.samples
        names, kinds = samples.dataset.values.tolist(), samples.kind.values.tolist()
        return tuple(scoring.scorer(name, kind) for name, kind in zip(names, kinds, strict=True))

    @cached_property
    def are_read(self) -> NDArray[np.bool_]:
        """(sample) whether the sample was answered freely and has a scorer."""
        return self.are_given.any(axis=1) & np.array([scorer is not None for scorer in self.scorers], np.bool_)

    @cached_property
    def readings(self) -> int:
        """The largest number of readings of a scorer whose answers there are; 0 without such answers."""
        read = [scorer for scorer, is_read in zip(self.scorers, self.are_read, strict=True) if scorer and is_read]
        return max((len(scorer.readings) for scorer in read), default=0)

    def reading_name(self, place: int) -> str:
        """What a reading is called: its own name where all scorers share it."""
        scorers = {scorer for scorer in self.scorers if scorer and place < len(scorer.readings)}
        names = {scorer.readings[place].name for scorer in scorers}
        return names.pop() if len(names) == 1 else ("official" if place == OFFICIAL else "second")

    def parsed(self, place: int) -> Parsed:
        """(sample, condition) answers as texts, under a reading: None where none can be read or was asked for."""
        if place not in self._parsed:
            found = np.full(self.are_given.shape, None, object)
            once: dict[str | None, str | None] = {}  # equal answers to several questions are one object
            for row, reading, texts in self._rows(place):
                said = {text: reading.parse(text, self.asked[row]) for text in set(texts) if text is not None}
                by_text = {text: once.setdefault(each, each) for text, each in said.items()}
                found[row] = [None if text is None else by_text[text] for text in texts]
            self._parsed[place] = found
        return self._parsed[place]

    def correct(self, place: int) -> NDArray[np.float64]:
        """(sample, condition) how right answers are under a reading, in [0, 1]; nan where not asked or not known."""
        if place not in self._correct:
            parsed, scores = self.parsed(place), np.full(self.are_given.shape, np.nan)
            for row, reading, texts in self._rows(place):
                answers = parsed[row].tolist()
                by_answer = {answer: reading.correct(answer, self.asked[row]) for answer in set(answers)}
                scores[row] = [
                    np.nan if text is None else by_answer[answer] for text, answer in zip(texts, answers, strict=True)
                ]
            self._correct[place] = scores
        return self._correct[place]

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """(sample, condition) which of its answers a sample gives, numbered in order of appearance; -1 where not asked.

        Two texts with one parsed answer are one; all that cannot be read are one more.
        """
        codes = np.full(self.are_given.shape, -1, np.int64)
        for row in np.flatnonzero(self.are_read):
            numbers: dict[Any, int] = {}
            answers, given = self.parsed(OFFICIAL)[row].tolist(), self.are_given[row].tolist()
            codes[row] = [
                numbers.setdefault(answer, len(numbers)) if there else -1
                for answer, there in zip(answers, given, strict=True)
            ]
        return codes

    def _rows(self, place: int) -> "Iterator[tuple[int, Reading, list[str | None]]]":
        """Row, reading and texts of each sample whose scorer has such a reading."""
        texts = self.run.answers.text.values
        for row in np.flatnonzero(self.are_read).tolist():
            scorer, given = self.scorers[row], self.are_given[row].tolist()
            if scorer is not None and place < len(scorer.readings):
                own = [str(text) if there else None for text, there in zip(texts[row].tolist(), given, strict=True)]
                yield row, scorer.readings[place], own


def _texts(samples: xr.Dataset, name: str, count: int) -> list[tuple[str, ...]]:
    if name not in samples:
        return [()] * count
    return [tuple(text for text in row if text != "") for row in samples[name].values.tolist()]
