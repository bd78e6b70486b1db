"""The answers of a run: which option is likeliest, what was written, what is right, and what changes.

Arrays over (sample, condition) carry `family` along `condition` and `image` along `sample`; semantic overlays are split
into those that contradict the clean choice and those that repeat it (HI).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import flips, margins
from analyses.scoring import SCORERS
from stores import Run
from stores.object_arrays import with_objects

from ..readers.answers import CHOICE
from . import overlays
from .free_answers import NONE, OFFICIAL, FreeAnswers


@dataclass(frozen=True)
class Answers:
    """A run, and what follows from its answers, each array made once and only where it is asked for."""

    run: Run

    @property
    def asks(self) -> bool:
        """Whether the run asks anything: one of pictures and label maps alone does not."""
        return "sample" in self.run.samples.dims

    @cached_property
    def has_options(self) -> bool:
        """Whether the run has options to choose from."""
        return "option_text" in self.run.samples and bool((self.run.samples.option_text != "").any())

    @cached_property
    def scores(self) -> xr.DataArray:
        """(sample, condition, option) log-likelihood sums [nats]; nan for options that a sample does not have."""
        exists = _lean(self.run.samples.option_text != "")
        return margins.complete(margins.score(_lean(self.run.answers.log_likelihood)), exists).load()

    @cached_property
    def choice(self) -> xr.DataArray:
        """(sample, condition) index of the chosen option, -1 where there is none; overlays not split.

        That of the highest score; where answers came without scores, the one that was stored.
        """
        if not self.are_chosen:
            return margins.choice(self.scores)
        stored = _lean(self.run.answers[CHOICE.name])
        return stored.copy(data=stored.values.astype(np.int64)).drop_attrs()

    @property
    def are_chosen(self) -> bool:
        """Whether choices are stored by themselves, because options need not have scores."""
        return CHOICE.name in self.run.answers

    @cached_property
    def has_scores(self) -> bool:
        """Whether options were scored, at least once all options of a sample."""
        return self.has_options and bool(self.scores.notnull().any())

    @cached_property
    def choice_by_forms(self) -> xr.DataArray | None:
        """(sample, condition) the option whose surface forms together are likeliest; None where none were scored."""
        if not self.has_options or "forms_log_likelihood" not in self.run.answers:
            return None
        return margins.choice(self.scores.copy(deep=False, data=self.run.answers.forms_log_likelihood.values))

    @cached_property
    def clean_choice(self) -> xr.DataArray:
        """(sample) the choice on the clean image."""
        return self.choice.sel(condition="clean", drop=True)

    @cached_property
    def free(self) -> FreeAnswers:
        """The free answers and what they come to under their benchmarks' scoring."""
        return FreeAnswers(self.run)

    @cached_property
    def is_open(self) -> NDArray[np.bool_]:
        """(sample) whether a sample without options was answered in a text that is scored."""
        return self.free.are_read & ~_lean(self.run.samples.option_text != "").any("option").values

    @cached_property
    def has_answers(self) -> bool:
        """Whether there are answers that can be told apart: choices among options, or free answers that are scored."""
        return self.has_options or bool(self.is_open.any())

    @property
    def is_scored(self) -> bool:
        """Whether there is more to score than the likeliest option of questions that are no benchmark's."""
        names = set(self.run.samples.dataset.values.tolist()) if "dataset" in self.run.samples.coords else set()
        return bool(names & set(SCORERS)) or self.free.readings > 0 or "forms_log_likelihood" in self.run.answers

    @cached_property
    def given(self) -> xr.DataArray:
        """(sample, condition) which answer is given: the option's index, else the text's number; -1 for none."""
        if not self.is_open.any():
            return self.choice
        return self.choice.copy(deep=False, data=np.where(self.is_open[:, None], self.free.codes, self.choice.values))

    @cached_property
    def judged(self) -> xr.DataArray:
        """(sample, condition) as `given`, but all right answers to an open question are 0: those that score ≥ 0.5."""
        if not self.is_open.any():
            return self.choice
        score, codes = self.free.correct(OFFICIAL), self.free.codes
        of_texts = np.where(score >= 0.5, 0, np.where(codes >= 0, codes + 1, -1))
        return self.choice.copy(deep=False, data=np.where(self.is_open[:, None], of_texts, self.choice.values))

    @cached_property
    def right(self) -> xr.DataArray:
        """(sample) what `judged` is where the answer is right; -1 where the dataset gives no answer."""
        known = (~np.isnan(self.free.correct(OFFICIAL))).any(axis=1) if self.is_open.any() else False
        return self.answer.copy(deep=False, data=np.where(self.is_open, np.where(known, 0, -1), self.answer.values))

    @cached_property
    def answer(self) -> xr.DataArray:
        """(sample) index of the right option, -1 where the dataset gives none."""
        return flips.answer_index(_lean(self.run.samples.option_text), _lean(self.run.samples.answer))

    @cached_property
    def chosen_text(self) -> xr.DataArray:
        """(sample, condition) text of the chosen option, "" where there is none; overlays not split."""
        return self.text_of(self.choice)

    def text_of(self, choice: xr.DataArray) -> xr.DataArray:
        """(sample, condition) the texts of options by their indices, "" where there is none."""
        options = self.run.samples.option_text.values.astype(object)
        texts = np.take_along_axis(options[:, None, :], np.maximum(choice.values, 0)[..., None], axis=-1)[..., 0]
        return with_objects(choice, np.where(choice.values >= 0, texts, ""))

    @cached_property
    def margin(self) -> xr.DataArray:
        """(sample, condition) margin of the clean choice [nats]; overlays not split."""
        return margins.margin(self.scores, self.clean_choice)

    @cached_property
    def given_text(self) -> xr.DataArray:
        """(sample, condition) the answer that is given as a text, "" where there is none; overlays not split."""
        if not self.is_open.any():
            return self.chosen_text
        parsed = self.free.parsed(OFFICIAL)
        read = np.where(self.free.are_given, np.where(np.equal(parsed, NONE), "?", parsed), "")
        return with_objects(self.chosen_text, np.where(self.is_open[:, None], read, self.chosen_text.values))

    @cached_property
    def unsplit_flipped(self) -> xr.DataArray:
        """(sample, condition) 1 where the answer differs from the clean one; overlays not split."""
        return flips.flipped(self.given, self.given.sel(condition="clean", drop=True))

    @cached_property
    def flipped(self) -> xr.DataArray:
        """(sample, condition) 1 where the answer differs from the clean one."""
        return self.split(self.unsplit_flipped)

    @cached_property
    def correct(self) -> xr.DataArray:
        """(sample, condition) how right the answer is, in [0, 1]: of options 1 or 0; nan where that is unknown."""
        return self.split(self.unsplit_correct)

    @cached_property
    def unsplit_correct(self) -> xr.DataArray:
        """(sample, condition) how right the answer is; overlays not split."""
        chosen = flips.correct(self.choice, self.answer)
        if not self.is_open.any():
            return chosen
        scores = self.free.correct(OFFICIAL)
        return chosen.copy(deep=False, data=np.where(self.is_open[:, None], scores, chosen.values))

    @cached_property
    def erosion(self) -> xr.DataArray:
        """(sample, condition) how much of the clean choice's margin is lost [nats]."""
        return self.split(self.margin.sel(condition="clean", drop=True) - self.margin)

    def split(self, pairs: xr.DataArray) -> xr.DataArray:
        """(sample, condition, ...), of all samples or some, with HI's selection of semantic overlays made."""
        if overlays.SEMANTIC not in self.run.conditions.family.values or not self.has_options:
            return pairs
        own = self.clean_choice.indexes["sample"].get_indexer(pairs.indexes["sample"])
        return overlays.split_overlays(pairs, self.run.conditions.parameters.values, self._selection.isel(sample=own))

    @cached_property
    def _selection(self) -> xr.Dataset:
        return overlays.contradicting(self.run, self.clean_choice)


def _lean(array: xr.DataArray) -> xr.DataArray:
    """Without the samples' metadata, which would be compared whenever two arrays meet."""
    kept = ("sample", "image", "kind", "answer", "condition", "family", "severity", "option")
    return array.drop_vars([name for name in array.coords if name not in kept])
