"""SEED-Bench: officially the likeliest option; of free answers, the letter that lmms-eval reads.

The benchmark's own script ranks the options by their likelihood and reads no text (Li et al. 2023): `correct` scores
that choice too. Source of the reading: EvolvingLMMs-Lab/lmms-eval, `tasks/seedbench/utils.py` of 2026-08 (75571cfe).
"""

from .. import papers
from .letters import LETTERS, STRICT, option_is_right, option_text
from .scorer import Asked, Reading, Scorer


def first_character_option(text: str, asked: Asked) -> str | None:
    """The text of the option whose letter is the first character of an answer, in either case; None where it is none.

    Quirks, as they are there: any word counts by its first letter ("Because" is B, "a dog" is A), "(B)" and "The
    answer is B" are none.

    >>> asked = Asked("1", options=("cat", "dog"))
    >>> [first_character_option(text, asked) for text in ("B. dog", "a dog", "Because", "(B)")]
    ['dog', 'cat', 'dog', None]
    """
    first = text.strip()[:1].lower()
    return option_text(first.upper() if first and first in LETTERS.lower() else None, asked)


SCORER = Scorer(
    "seedbench",
    readings=(
        Reading(
            "first_character",
            "lmms-eval's: the first character is the letter. The official score is that of the likeliest option.",
            first_character_option,
            option_is_right,
        ),
        STRICT,
    ),
    paper=papers.SEED_BENCH,
)
