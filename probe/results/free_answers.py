"""The free answers of a run as their benchmarks read and score them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import scoring
from analyses.scoring import Asked, Reading, Scorer
from stores import Run

OFFICIAL = 0
"""The place of a scorer's official reading among its readings."""


@dataclass(frozen=True)
class FreeAnswers:
    """What was answered freely, and what that comes to under each reading of the samples' scorers.

    A sample has the scorer of its benchmark, or the one of all other datasets. Descriptions and safety questions, which
    are scored by what they mention and by their verdict, have none.
    """

    run: Run
    _parsed: dict[int, xr.DataArray] = field(default_factory=dict[int, xr.DataArray], init=False, repr=False)
    _correct: dict[int, xr.DataArray] = field(default_factory=dict[int, xr.DataArray], init=False, repr=False)

    @cached_property
    def texts(self) -> xr.DataArray:
        """(sample, condition) the answers: "" where the model said nothing, None where it was not asked."""
        answers = self.run.answers
        given = ((answers.text != "") | (answers.cut >= 0)).values
        kept = ("sample", "image", "condition", "family", "severity")
        text = answers.text.drop_vars([name for name in answers.text.coords if name not in kept])
        return text.copy(data=np.where(given, text.values.astype(object), None))

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
        given = self.texts.notnull().any("condition").values
        return given & np.array([scorer is not None for scorer in self.scorers], np.bool_)

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

    def parsed(self, place: int) -> xr.DataArray:
        """(sample, condition) answers as texts, under a reading: None where none can be read or was asked for."""
        if place not in self._parsed:
            found = np.full(self.texts.shape, None, object)
            for row, (reading, texts) in enumerate(self._rows(place)):
                if reading is not None:
                    by_text = {text: reading.parse(text, self.asked[row]) for text in set(texts) if text is not None}
                    found[row] = [None if text is None else by_text[text] for text in texts]
            self._parsed[place] = self.texts.copy(data=found)
        return self._parsed[place]

    def correct(self, place: int) -> xr.DataArray:
        """(sample, condition) how right answers are under a reading, in [0, 1]; nan where not asked or not known."""
        if place not in self._correct:
            parsed, scores = self.parsed(place).values, np.full(self.texts.shape, np.nan)
            for row, (reading, texts) in enumerate(self._rows(place)):
                if reading is not None:
                    answers = parsed[row].tolist()
                    by_answer = {answer: reading.correct(answer, self.asked[row]) for answer in set(answers)}
                    scores[row] = [
                        np.nan if text is None else by_answer[answer]
                        for text, answer in zip(texts, answers, strict=True)
                    ]
            self._correct[place] = self.texts.copy(data=scores)
        return self._correct[place]

    @cached_property
    def codes(self) -> xr.DataArray:
        """(sample, condition) which of its answers a sample gives, numbered in order of appearance; -1 where not asked.

        Two texts with one parsed answer are one; all that cannot be read are one more.
        """
        parsed, given = self.parsed(OFFICIAL).values, self.texts.notnull().values
        codes = np.full(self.texts.shape, -1, np.int64)
        for row in np.flatnonzero(self.are_read):
            numbers: dict[Any, int] = {}
            codes[row] = [
                numbers.setdefault(answer, len(numbers)) if there else -1
                for answer, there in zip(parsed[row].tolist(), given[row].tolist(), strict=True)
            ]
        return self.texts.copy(data=codes)

    def _rows(self, place: int) -> "list[tuple[Reading | None, list[str | None]]]":
        """The reading and the texts of each sample; a scorer with fewer readings has no such one."""
        rows = self.texts.values.tolist()
        found: list[tuple[Reading | None, list[str | None]]] = []
        for scorer, is_read, texts in zip(self.scorers, self.are_read, rows, strict=True):
            reading = scorer.readings[place] if scorer and is_read and place < len(scorer.readings) else None
            found.append((reading, texts))
        return found


def _texts(samples: xr.Dataset, name: str, count: int) -> list[tuple[str, ...]]:
    if name not in samples:
        return [()] * count
    return [tuple(text for text in row if text != "") for row in samples[name].values.tolist()]
