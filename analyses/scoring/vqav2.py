"""VQAv2: the official normalisation of answers, and accuracy against ten references.

Source: Goyal et al. 2017; the official evaluation script, `vqaEval.py`; definitions, section 12.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from .. import papers
from .normal_options import option_of
from .scorer import Asked, Reading, Scorer
from .vqa_words import leave_one_out, one_line, plain_words, without_punctuation

CACHED = 1 << 14


@lru_cache(CACHED)
def normalized(text: str) -> str:
    """An answer as the official script compares it where the references differ.

    Line feeds and tabs become spaces, then `without_punctuation`, then `plain_words`. Quirks that are the script's:
    only 0-9 are digits; a hyphen is a space in "black-and-white" and nothing in "black - white"; any comma between
    digits removes all marks ("1,000-2" is "10002"); a full stop before a digit stays (".5", "no.1"); "none" is "0";
    an article alone ("A") is the empty answer; "somebody'd" becomes "somebodyd"; "Im" stays "im".
    Source: Goyal et al. 2017, `vqaEval.py`.

    >>> normalized("The two black-and-white dogs."), normalized("dont know"), normalized("1,000")
    ('2 black and white dogs', "don't know", '1000')
    """
    return plain_words(without_punctuation(one_line(text), digits=re.ASCII))


@lru_cache(CACHED)
def compared_as(references: tuple[str, ...]) -> Callable[[str], str]:
    """How a question's answers are rewritten: not normalised at all where its references are all the same.

    That is the script's: if everybody wrote "Yes", "yes" is wrong. Answers to a question with one reference or none,
    which the script does not know, are normalised.

    >>> [compared_as(several)("Yes. ") for several in (("Yes",) * 10, ("Yes",) * 9 + ("yes",), ("Yes",))]
    ['Yes.', 'yes', 'yes']
    """
    agreed = len(references) > 1 and len({one_line(reference) for reference in references}) == 1
    return one_line if agreed else normalized


@lru_cache(CACHED)
def counted(references: tuple[str, ...]) -> Counter[str]:
    """How many references there are of each answer as it is compared.

    >>> counted(("Two", "2", "a pair"))
    Counter({'2': 2, 'pair': 1})
    """
    return Counter(map(compared_as(references), references))


def parse(text: str, asked: Asked) -> str | None:
    """The answer as it is compared; of a question with options the option that is the same, None where none is.

    >>> parse("A pair.", Asked("1", references=("pair", "2")))
    'pair'
    """
    compared = compared_as(references_of(asked))
    return option_of(text, asked, compared) if asked.options else compared(text)


def accuracy(parsed: str | None, asked: Asked) -> float:
    """The VQA accuracy: the mean of min(1, matches / 3) over the references with one left out, in [0, 1].

    0 for no answer; nan where there are no references. Source: Goyal et al. 2017, `vqaEval.py`.

    >>> accuracy("2", Asked("1", references=("two", "2", *["pair"] * 8)))   # (2 * 1/3 + 8 * 2/3) / 10
    0.6
    """
    references = references_of(asked)
    if not references:
        return math.nan
    if parsed is None:
        return 0.0
    found = compared_as(references)(parsed) if parsed in asked.options else parsed
    return leave_one_out(counted(references)[found], len(references))


def references_of(asked: Asked) -> tuple[str, ...]:
    """The references of a question; the right option alone where it has none.

    >>> references_of(Asked("1", options=("yes", "no"), answer="no"))
    ('no',)
    """
    return asked.references or (() if asked.answer is None else (asked.answer,))


SCORER = Scorer(
    benchmark="vqav2",
    readings=(
        Reading(
            "official", "normalised as in the official script, mean over ten leave-one-out subsets", parse, accuracy
        ),
    ),
    paper=papers.VQA_V2,
)
