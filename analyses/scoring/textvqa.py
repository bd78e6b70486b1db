"""TextVQA: the normalisation of its own evaluation, and VQA's accuracy against ten references.

What differs from VQAv2: the text is in lower case first, without commas and question marks, and "'s" is a word of its
own; all scripts' digits are digits; answers are normalised even where the references are all the same.
Source: Singh et al. 2019; the processor of its challenge and of M4C, `EvalAIAnswerProcessor`; definitions, section 12.
"""

import math
import re
from collections import Counter
from functools import lru_cache

from .. import papers
from .normal_options import option_of
from .scorer import Asked, Reading, Scorer
from .vqa_words import leave_one_out, one_line, plain_words, without_punctuation
from .vqav2 import references_of

CACHED = 1 << 14


@lru_cache(CACHED)
def normalized(text: str) -> str:
    """An answer as the evaluation compares it.

    Lower case, no commas and question marks, "'s" apart, line feeds and tabs as spaces, then `without_punctuation` and
    `plain_words`. Quirks that are its own: as commas are gone, "1,000-2" is "1000 2"; "joe's" is "joe 's", but
    "wheres" becomes "where's", which no answer "where's" ever equals, since that is "where 's".
    Source: Singh et al. 2019, `EvalAIAnswerProcessor`.

    >>> normalized("Joe's Diner, the 2nd!"), normalized("1,000-2"), normalized("wheres"), normalized("where's")
    ("joe 's diner 2nd", '1000 2', "where's", "where 's")
    """
    spaced = text.lower().replace(",", "").replace("?", "").replace("'s", " 's").strip()
    return plain_words(without_punctuation(one_line(spaced), digits=re.UNICODE))


@lru_cache(CACHED)
def counted(references: tuple[str, ...]) -> Counter[str]:
    """How many references there are of each answer as it is compared.

    >>> counted(("Joe's", "joe's"))
    Counter({"joe 's": 2})
    """
    return Counter(map(normalized, references))


def parse(text: str, asked: Asked) -> str | None:
    """The answer as it is compared; of a question with options the option that is the same, None where none is.

    >>> parse("STOP!", Asked("1", references=("stop",) * 10))
    'stop'
    """
    return option_of(text, asked, normalized) if asked.options else normalized(text)


def accuracy(parsed: str | None, asked: Asked) -> float:
    """The VQA accuracy with TextVQA's normalisation, in [0, 1]: `vqa_words.leave_one_out` of the matches.

    0 for no answer; nan where there are no references. Source: Singh et al. 2019.

    >>> accuracy("stop", Asked("1", references=("STOP", "Stop!", *["go"] * 8)))   # (2 * 1/3 + 8 * 2/3) / 10
    0.6
    """
    references = references_of(asked)
    if not references:
        return math.nan
    counts = counted(references)
    if parsed is None:
        return 0.0
    # an option comes as it stands; what `parse` made is final: "where's" of "wheres" must not be taken apart again
    found = normalized(parsed) if parsed in asked.options else parsed
    return leave_one_out(counts[found], len(references))


SCORER = Scorer(
    benchmark="textvqa",
    readings=(
        Reading(
            "official", "normalised by TextVQA's own processor, mean over ten leave-one-out subsets", parse, accuracy
        ),
    ),
    paper=papers.TEXT_VQA,
)
