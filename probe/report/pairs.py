"""The pairs that are shown, as plain values: their samples, their conditions, and what each pair came to."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import flips

from .. import foreign_text
from ..results import Evidence
from ..results.instability import CODES, UNKNOWN
from .population import Population
from .selection import Selection

LONGEST = 10_000
"""Characters of a text that are shown."""

LONGEST_ID = 200

TRANSITIONS = ("right_to_wrong", "wrong_to_right", "wrong_to_other_wrong", "right_to_right", "wrong_to_wrong")
"""In this order the first that holds is named: another wrong answer is also a wrong one after a wrong one."""

Json = dict[str, Any]


def text(given: str) -> str:
    """What others wrote, for the page: what acts or hides is written out, and a long text is cut and says so.

    >>> text("left\\u202eright"), text("x" * 10_001)[-31:]
    ('left\\\\u202eright', 'xx… (cut, of 10,001 characters)')
    """
    if len(given) <= LONGEST:
        return foreign_text.block(given)
    return f"{foreign_text.block(given[:LONGEST])}… (cut, of {len(given):,} characters)"


def name(given: str) -> str:
    """An id or a label on one line."""
    return foreign_text.line(given, longest=LONGEST_ID)


def number(value: Any) -> float | None:
    """A number to five digits; None where it is undefined.

    >>> number(np.float64(12.34567)), number(np.nan)
    (12.346, None)
    """
    return float(f"{float(value):.5g}") if np.isfinite(value) else None


def probabilities(scores: NDArray[Any]) -> NDArray[np.float64]:
    """(..., option) of log-likelihoods [nats]: softmax over the options that there are; nan where there is none.

    >>> probabilities(np.log([[0.3, 0.1, np.nan]])).round(2)
    array([[0.75, 0.25,  nan]])
    """
    there = np.isfinite(scores)
    best = np.max(np.where(there, scores, -np.inf), axis=-1, keepdims=True)
    weights = np.exp(np.where(there, scores - np.where(np.isfinite(best), best, 0), -np.inf))
    return np.where(
        there, weights / np.where(there.any(axis=-1, keepdims=True), weights.sum(-1, keepdims=True), 1), np.nan
    )


def samples(evidence: Evidence, rows: Sequence[int]) -> list[Json]:
    """Of each of these samples: what was asked and what is right, and what the clean image was answered."""
    if not len(rows):
        return []
    run = evidence.run
    table = run.samples.isel(sample=list(rows))
    right = evidence.answer.values[list(rows)]
    metadata: list[Json] = []
    for place, row in enumerate(rows):
        own = table.isel(sample=place)
        sample: Json = {
            "id": name(str(own["sample"].item())),
            "image": name(str(own.image.item())),
            "dataset": name(str(own.dataset.item()) if "dataset" in own.coords else ""),
            "kind": name(str(own.kind.item())),
            "question": text(str(own.question.item())),
            "answer": text(str(own.answer.item())),
            "options": [text(option) for option in own.option_text.values.tolist() if option != ""],
            "right": int(right[place]) if right[place] >= 0 else None,
        }
        metadata.append(sample | {"clean": answered(evidence, row, 0)})
    return metadata


def answered(evidence: Evidence, row: int, condition: int) -> Json:
    """What a sample was answered under a condition: the options' probabilities and the choice, or a text."""
    found: Json = {}
    choice = int(evidence.choice.values[row, condition])
    if choice >= 0:
        shares = probabilities(evidence.scores.values[row, condition])
        found |= {"choice": choice, "probabilities": [number(share) for share in shares if np.isfinite(share)]}
    if evidence.free.are_given[row, condition]:
        found["text"] = text(str(evidence.run.answers.text.values[row, condition]))
    return found


def conditions(evidence: Evidence, places: Sequence[int]) -> list[Json]:
    """Id, family and severity of each of these conditions."""
    table = evidence.run.conditions
    return [
        {
            "id": name(str(table.condition.values[place])),
            "family": name(str(table.family.values[place])),
            "severity": int(table.severity.values[place]) if table.severity.values[place] >= 0 else None,
        }
        for place in places
    ]


def pairs(evidence: Evidence, population: Population, chosen: Selection) -> list[Json]:
    """What each chosen pair came to, in their order."""
    if not len(chosen.samples):
        return []
    changes = transitions(evidence, population, chosen)
    return [
        _pair(evidence, population, (int(row), int(column)), change)
        for row, column, change in zip(chosen.samples, chosen.conditions, changes, strict=True)
    ]


def _pair(evidence: Evidence, population: Population, place: tuple[int, int], change: str) -> Json:
    row, column = place
    condition = int(population.conditions[column])
    flipped, verdict = population.flipped[place], int(population.verdict[place])
    nearer = next((each for each in ("dangerous", "harmless") if verdict in CODES[each]), "own")
    drift, margin, clean = population.drift[place], population.margin[place], population.clean_margin[row]
    return {
        "row": row,
        "condition": condition,
        "flipped": bool(flipped) if np.isfinite(flipped) else None,
        "transition": change or None,
        "verdict": None if verdict == UNKNOWN else nearer,
        "drift": number(drift),
        "margin": number(margin),
        "cleanMargin": number(clean),
        **answered(evidence, row, condition),
    }


def transitions(evidence: Evidence, population: Population, chosen: Selection) -> list[str]:
    """What each pair did to the answer, in a word of `TRANSITIONS`; "" where that is unknown."""
    judged, right = evidence.judged, evidence.right.values[chosen.samples]
    now = judged.values[chosen.samples, population.conditions[chosen.conditions]]
    clean = judged.sel(condition="clean").values[chosen.samples]
    table: xr.Dataset = flips.transitions(now[:, None], clean, right)
    held = np.stack([table[each].values[:, 0] == 1 for each in TRANSITIONS])
    return [TRANSITIONS[int(column.argmax())] if column.any() else "" for column in held.T]
