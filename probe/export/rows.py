"""The table that a run is written as: a row for each sample under each condition, the same columns in every format."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..extraction.forms import FORMS
from ..results.answers import Answers

if TYPE_CHECKING:
    from stores import Run

ROWS = 5_000
"""Rows of a piece, which is what is in memory at once."""

Piece = Mapping[str, list[Any]]
"""Some rows, by column; None where a value is undefined."""


@dataclass(frozen=True)
class Column:
    """A column of the table: what its values are, and what they say. Undefined ones are null, never 0 or ""."""

    name: str
    kind: Literal["text", "texts", "number", "numbers", "whole", "wholes", "switch"]
    meaning: str


COLUMNS = (
    Column("sample", "text", "the sample's id"),
    Column("condition", "text", "the condition's id"),
    Column("family", "text", "the condition's family of perturbations"),
    Column("severity", "whole", "its severity, where its family has severities"),
    Column("parameters", "text", "its parameters, a JSON object"),
    Column("image", "text", "id of the image that is asked about"),
    Column("dataset", "text", "the dataset that the sample comes from"),
    Column("kind", "text", "mcq, yesno, safety, open or describe"),
    Column("question", "text", "what is asked"),
    Column("options", "texts", "the options; none of an open question"),
    Column("answer", "text", "the right answer"),
    Column("references", "texts", "all right answers"),
    Column("metadata", "text", "what the dataset says of the sample, a JSON object"),
    Column("log_likelihoods", "numbers", "log-likelihood of each option [nat]"),
    Column("token_counts", "wholes", "number of tokens of each option"),
    Column("end_of_turn", "numbers", "log-likelihood of the end of the turn after each option [nat]"),
    Column("forms_log_likelihoods", "numbers", "log-likelihood of each option over all its surface forms [nat]"),
    Column("choice", "text", "the option that was chosen"),
    Column("forms_choice", "text", "the option whose surface forms together are likeliest"),
    Column("text", "text", "the free answer"),
    Column("cut", "switch", "whether the free answer was cut at its maximum length"),
    Column("correct", "number", "how right the answer is, in [0, 1]"),
    Column("flipped", "switch", "whether the answer differs from that to the clean picture"),
)
"""The columns in their order; `probe import` reads those that it needs by the same names."""


def pieces(run: "Run") -> Iterator[Piece]:
    """All rows of a run, condition by condition in the samples' order, some at a time.

    Raises ValueError for a run that asks nothing.
    """
    answers = Answers(run)
    if not answers.asks:
        raise ValueError(
            f"{run.path} has no samples: it is of pictures and label maps alone. There is nothing to list."
        )
    count = run.samples.sizes["sample"]
    of_samples = _of_samples(run)
    for condition in range(run.conditions.sizes["condition"]):
        for first in range(0, count, ROWS):
            rows = slice(first, min(first + ROWS, count))
            fixed = {name: values[rows] for name, values in of_samples.items()}
            yield _in_order(fixed | _of_condition(run, condition, rows) | _answered(answers, condition, rows))


def _in_order(values: Mapping[str, list[Any]]) -> Piece:
    return {column.name: values[column.name] for column in COLUMNS}


def _of_samples(run: "Run") -> dict[str, list[Any]]:
    """The columns that are the same under every condition."""
    samples = run.samples
    found = {name: samples[name].values.tolist() for name in ("sample", "image", "kind", "question")}
    found["dataset"] = samples.dataset.values.tolist() if "dataset" in samples.coords else [None] * len(found["sample"])
    found["answer"] = [text or None for text in samples.answer.values.tolist()]
    for name, stored in (("options", "option_text"), ("references", "reference_text")):
        rows = samples[stored].values.tolist() if stored in samples else [()] * len(found["sample"])
        found[name] = [[text for text in row if text] for row in rows]
    found["metadata"] = [json.dumps(each, sort_keys=True, ensure_ascii=False) for each in run.sample_metadata]
    return found


def _of_condition(run: "Run", condition: int, rows: slice) -> dict[str, list[Any]]:
    conditions, count = run.conditions, rows.stop - rows.start
    severity = int(conditions.severity.values[condition])
    values = {
        "condition": str(conditions.condition.values[condition]),
        "family": str(conditions.family.values[condition]),
        "severity": None if severity < 0 else severity,
        "parameters": str(conditions.parameters.values[condition]),
    }
    return {name: [value] * count for name, value in values.items()}


def _answered(answers: Answers, condition: int, rows: slice) -> dict[str, list[Any]]:
    """What was answered, and what that comes to."""
    here = {"sample": rows, "condition": condition}
    stored = answers.run.answers[["log_likelihood", "token_count", "end_of_turn", "text", "cut"]].isel(here)
    given = answers.free.are_given[rows, condition].tolist()
    texts, cut = stored.text.values.tolist(), stored.cut.values.tolist()
    options = (answers.run.samples.option_text.isel(sample=rows).values != "").sum(axis=-1).tolist()
    return {
        **_of_forms(answers, here, options),
        "log_likelihoods": list(map(_numbers, np.asarray(stored.log_likelihood.values), options)),
        "token_counts": list(map(_counts, np.asarray(stored.token_count.values), options)),
        "end_of_turn": list(map(_numbers, np.asarray(stored.end_of_turn.values), options)),
        "choice": [text or None for text in answers.chosen_text.isel(here).values.tolist()],
        "text": [text if there else None for text, there in zip(texts, given, strict=True)],
        "cut": [bool(value) if value >= 0 else None for value in cut],
        "correct": [_number(value) for value in answers.unsplit_correct.isel(here).values.tolist()],
        "flipped": [
            None if math.isnan(value) else bool(value)
            for value in answers.unsplit_flipped.isel(here).values.astype(float).tolist()
        ],
    }


def _of_forms(answers: Answers, here: Mapping[str, Any], options: list[int]) -> dict[str, list[Any]]:
    """The scores of options over their surface forms, and which is chosen by them; None where none were asked for."""
    chosen = answers.choice_by_forms
    if chosen is None:
        return {name: [None] * len(options) for name in ("forms_log_likelihoods", "forms_choice")}
    texts = answers.run.samples.option_text.isel(sample=here["sample"]).values.tolist()
    places = chosen.isel(here).values.tolist()
    stored = np.asarray(answers.run.answers[FORMS.name].isel(here).values)
    return {
        "forms_log_likelihoods": list(map(_numbers, stored, options)),
        "forms_choice": [row[place] if place >= 0 else None for row, place in zip(texts, places, strict=True)],
    }


def _numbers(values: Any, count: int) -> list[float | None] | None:
    """The numbers of the options that there are; None where all are undefined."""
    found = [_number(value) for value in values[:count].tolist()]
    return found if any(value is not None for value in found) else None


def _counts(values: Any, count: int) -> list[int | None] | None:
    """The numbers of tokens of the options that there are; None where all are unknown."""
    found = [value if value >= 0 else None for value in values[:count].tolist()]
    return found if any(value is not None for value in found) else None


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
