"""GQA: exact match as it is officially scored, and whether the answer is contained in the text.

The dataset's own `eval.py` compares a prediction with the answer by ==, whatever case and full stops it has. A model's
text is made a prediction by the converter that LLaVA came with, which later work evaluates with.
Source: Hudson & Manning 2019; Mireku et al.; definitions, section 12.
"""

import math
import re
from functools import lru_cache

from .. import papers
from .normal_options import option_of
from .scorer import Asked, Reading, Scorer

CACHED = 1 << 14


def predicted(text: str) -> str:
    """A model's text as the prediction that is compared: no space around it, no full stops at its end, lower case.

    Nothing else is done: "yes!", "a dog" and "yes, it is" are no "yes" and no "dog", and a space before the full stop
    stays. Source: LLaVA, `convert_gqa_for_eval.py`, after the `strip` of its generation.

    >>> predicted(" Yes.\\n"), predicted("The U.S.A..."), predicted("yes .")
    ('yes', 'the u.s.a', 'yes ')
    """
    return text.strip().rstrip(".").lower()


def parse(text: str, asked: Asked) -> str | None:
    """The prediction; of a question with options the option that is the same, None where none is.

    >>> parse("Left.", Asked("1", answer="left")), parse("Left.", Asked("1", options=("Right", "Left")))
    ('left', 'Left')
    """
    return option_of(text, asked, predicted) if asked.options else predicted(text)


def exact(parsed: str | None, asked: Asked) -> float:
    """1 where the prediction is the answer, else 0; nan where no answer is known.

    The answer is taken as it stands, as in `eval.py`: all of GQA's are in lower case. Options compare as predictions.

    >>> exact("left", Asked("1", answer="left")), exact("on the left", Asked("1", answer="left"))
    (1.0, 0.0)
    """
    if asked.answer is None:
        return math.nan
    if parsed in asked.options:
        return float(predicted(parsed) == predicted(asked.answer))
    return float(parsed == asked.answer)


def contained(answer: str, text: str) -> bool:
    """Whether an answer occurs in a text as whole words, whatever the case; never where the answer is empty.

    >>> contained("left", "It is on the LEFT."), contained("left", "leftmost"), contained("t-shirt", "a T-shirt")
    (True, False, True)
    """
    return bool(answer.strip()) and _pattern(answer.strip()).search(text) is not None


def parse_contained(text: str, asked: Asked) -> str | None:
    """The text in lower case with single spaces; of a question with options the only one that it contains, else None.

    >>> parse_contained("It is on the  Left.", Asked("1", answer="left"))
    'it is on the left.'
    >>> parse_contained("On the left, not the right", Asked("1", options=("left", "right"))) is None
    True
    """
    if not asked.options:
        return " ".join(text.lower().split())
    named = [option for option in asked.options if contained(option, text)]
    return named[0] if len(named) == 1 else None


def containment(parsed: str | None, asked: Asked) -> float:
    """1 where the text contains the answer as whole words, else 0; nan where no answer is known.

    Of options the one that was read must be the answer. A text that names several things is right if the answer is
    among them: "left or right" is right for "left". Source: Mireku et al.

    >>> containment("it is on the left.", Asked("1", answer="left")), containment("leftmost", Asked("1", answer="left"))
    (1.0, 0.0)
    """
    if asked.answer is None:
        return math.nan
    if parsed is None:
        return 0.0
    if asked.options:
        return float(predicted(parsed) == predicted(asked.answer))
    return float(contained(asked.answer, parsed))


@lru_cache(CACHED)
def _pattern(answer: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, answer.split()))
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


SCORER = Scorer(
    benchmark="gqa",
    readings=(
        Reading("official", "exact match in lower case, without the final full stop", parse, exact),
        Reading(
            "containment",
            "the answer occurs in the text as whole words, whatever the case",
            parse_contained,
            containment,
        ),
    ),
    paper=papers.GQA,
)
