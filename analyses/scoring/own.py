"""Scoring of data that is none of the benchmarks: options by a strict reading, open questions by what was expected."""

import math

from .gqa import containment, parse_contained
from .letters import STRICT
from .pope import parse_strict, right, word
from .scorer import Asked, Reading, Scorer
from .vqav2 import normalized


def parse(text: str, asked: Asked) -> str | None:
    """The option that a text names beyond doubt; of an open question the text as VQAv2 normalises it.

    >>> parse("The answer is (B).", Asked("1", options=("a bus", "a car")))
    'a car'
    >>> parse("A red bus!", Asked("1", answer="red bus")), parse("not sure", Asked("1", options=("yes", "no")))
    ('red bus', None)
    """
    if _is_yes_no(asked):
        return parse_strict(text, asked)
    return STRICT.parse(text, asked) if asked.options else normalized(text)


def exact(parsed: str | None, asked: Asked) -> float:
    """1 where the answer is one of the references, compared as `parse` writes them, else 0; nan where none is known.

    >>> exact("red bus", Asked("1", references=("blue", "the red bus"))), exact("bus", Asked("1", references=("car",)))
    (1.0, 0.0)
    """
    if asked.options:
        return right(parsed, asked) if _is_yes_no(asked) else STRICT.correct(parsed, asked)
    if not asked.references:
        return math.nan
    return float(parsed in {normalized(reference) for reference in asked.references})


def contains(parsed: str | None, asked: Asked) -> float:
    """1 where the text contains a reference as whole words, else 0; nan where none is known. Options as `exact`.

    >>> contains("it is a red bus", Asked("1", references=("bus", "coach")))
    1.0
    """
    if asked.options:
        return exact(parsed, asked)
    if not asked.references:
        return math.nan
    each = (Asked(asked.id, answer=reference, references=(reference,)) for reference in asked.references)
    return max(containment(parsed, one) for one in each)


def parse_words(text: str, asked: Asked) -> str | None:
    """As `parse` of a question with options; else the text in lower case with single spaces."""
    return parse(text, asked) if asked.options else parse_contained(text, asked)


def _is_yes_no(asked: Asked) -> bool:
    return sorted(map(word, asked.options)) == ["no", "yes"]


SCORER = Scorer(
    "own",
    readings=(
        Reading(
            "strict",
            "The option that is named beyond doubt; an open answer as VQAv2's normalised, one of the references.",
            parse,
            exact,
        ),
        Reading("containment", "A reference occurs in the text as whole words.", parse_words, contains),
    ),
)
