"""POPE: is there a yes or a no in the answer, and precision, recall and F1 of yes.

The mean of `correct` is POPE's accuracy. Source: Li et al. 2023; the official `evaluate.py`; definitions, section 12.
"""

import math
import re
from collections.abc import Sequence

import numpy as np

from .. import papers
from .scorer import Asked, Floats, Measure, Parsed, Reading, Scorer

YES, NO = "yes", "no"

_SENTENCE_END = re.compile(r"[.!?\r\n]")
_WORD = re.compile(r"\w+")


def official(text: str) -> str:
    """An answer as the official script reads it: no where one of its words is No, no or not, else yes.

    Words are those of the first sentence, up to the first full stop, without its commas, split at single spaces. Quirks
    that are the script's: whatever is not no is yes, so that "", "NO", "No!", "Not at all", "cannot", "isn't", "None",
    "no\\nSo", "No,there" and ". No" are yes; "not sure" and "Yes, not one but two" are no.
    Source: Li et al. 2023, `evaluate.py`.

    >>> [official(text) for text in ("No, there is none.", "There is not a dog", "not sure", "NO", "")]
    ['no', 'no', 'no', 'yes', 'yes']
    """
    words = text.partition(".")[0].replace(",", "").split(" ")
    return NO if "No" in words or "not" in words or "no" in words else YES


def strict(text: str) -> str | None:
    """Yes or no where the first sentence says one of the two words, whatever its case; None where neither or both.

    A sentence ends at . ! ? or a line end; sentences without a word are passed over. "It is not there" is neither.

    >>> [strict(text) for text in ("NO!", "Yes. There is no doubt.", "not sure", "yes and no", "")]
    ['no', 'yes', None, None, None]
    """
    sentences = (_WORD.findall(sentence.casefold()) for sentence in _SENTENCE_END.split(text))
    words = next((words for words in sentences if words), ())
    if (YES in words) == (NO in words):
        return None
    return YES if YES in words else NO


def parse(text: str, asked: Asked) -> str | None:
    """The official reading: the option that says yes or no, "yes" or "no" itself where there are no options.

    None where the options do not have that word.

    >>> parse("No, it is not.", Asked("1", options=("Yes", "No")))
    'No'
    """
    return _in_options(official(text), asked)


def parse_strict(text: str, asked: Asked) -> str | None:
    """The strict reading, as `parse`; None also where the answer is neither yes nor no.

    >>> parse_strict("not sure", Asked("1", options=("Yes", "No"))) is None
    True
    """
    found = strict(text)
    return None if found is None else _in_options(found, asked)


def right(parsed: str | None, asked: Asked) -> float:
    """1 where yes or no is the right answer, 0 where it is not or could not be read; nan where no answer is known.

    >>> right("No", Asked("1", answer="no")), right(None, Asked("1", answer="no")), right("yes", Asked("1"))
    (1.0, 0.0, nan)
    """
    if asked.answer is None:
        return math.nan
    return float(parsed is not None and word(parsed) == word(asked.answer))


def word(text: str) -> str:
    """A yes or no without case and without what stands around it; "" for a text that has no word.

    >>> word("Yes."), word("NO"), word("...")
    ('yes', 'no', '')
    """
    return " ".join(_WORD.findall(text.casefold()))


def precision_terms(parsed: Parsed, correct: Floats, asked: Sequence[Asked]) -> tuple[Floats, Floats]:
    """Of each pair: yes said and right, yes said. Their sums' ratio is the precision of yes.

    In: as `Measure.terms`. Out: 0 or 1 each, nan where `correct` is nan. The ratio is nan where yes is never said; the
    official script stops there with a division by zero. The same holds of the other terms.

    >>> parsed = np.array([["yes", "no"], ["yes", None]], object)
    >>> precision_terms(parsed, np.ones((2, 2)), [Asked("1", answer="yes"), Asked("2", answer="no")])
    (array([[1., 0.],
           [0., 0.]]), array([[1., 0.],
           [1., 0.]]))
    """
    said, true, known = _tables(parsed, correct, asked)
    return known * (said & true), known * said


def recall_terms(parsed: Parsed, correct: Floats, asked: Sequence[Asked]) -> tuple[Floats, Floats]:
    """Of each pair: yes said and right, yes right. Their sums' ratio is the recall of yes.

    An answer that could not be read is a yes that was missed.

    >>> recall_terms(np.array([["yes"], [None]], object), np.ones((2, 1)), [Asked("1", answer="yes")] * 2)[1].ravel()
    array([1., 1.])
    """
    said, true, known = _tables(parsed, correct, asked)
    return known * (said & true), known * true


def f1_terms(parsed: Parsed, correct: Floats, asked: Sequence[Asked]) -> tuple[Floats, Floats]:
    """Of each pair: twice yes said and right, yes said plus yes right. Their sums' ratio is F1 of yes.

    2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall.

    >>> asked = [Asked("1", answer="yes"), Asked("2", answer="no")]
    >>> top, bottom = f1_terms(np.array([["yes"], ["yes"]], object), np.ones((2, 1)), asked)
    >>> float(top.sum() / bottom.sum())   # precision 1/2, recall 1
    0.6666666666666666
    """
    said, true, known = _tables(parsed, correct, asked)
    return known * 2.0 * (said & true), known * said + known * true


def yes_terms(parsed: Parsed, correct: Floats, asked: Sequence[Asked]) -> tuple[Floats, Floats]:
    """Of each pair: yes said, 1. Their sums' ratio is the yes ratio.

    >>> yes_terms(np.array([["yes", "no", None]], object), np.ones((1, 3)), [Asked("1", answer="yes")])
    (array([[1., 0., 0.]]), array([[1., 1., 1.]]))
    """
    said, _, known = _tables(parsed, correct, asked)
    return known * said, known


def _in_options(found: str, asked: Asked) -> str | None:
    if not asked.options:
        return found
    return next((option for option in asked.options if word(option) == found), None)


def _tables(parsed: Parsed, correct: Floats, asked: Sequence[Asked]) -> tuple[np.ndarray, np.ndarray, Floats]:
    words: dict[object, bool] = {
        text: isinstance(text, str) and word(text) == YES for text in set(parsed.ravel().tolist())
    }
    said = np.array([words[text] for text in parsed.ravel().tolist()], bool).reshape(parsed.shape)
    true = np.array([word(one.answer or "") == YES for one in asked], bool)
    known = np.where(np.isnan(correct), np.nan, 1.0)
    return said, np.broadcast_to(true.reshape(-1, *[1] * (parsed.ndim - 1)), parsed.shape), known


SCORER = Scorer(
    benchmark="pope",
    readings=(
        Reading("official", "no where the first sentence has No, no or not, else yes", parse, right),
        Reading(
            "strict",
            "the one of yes and no that the first sentence says, none where neither or both",
            parse_strict,
            right,
        ),
    ),
    measures=(
        Measure("precision", "share of the answers yes that are right", precision_terms),
        Measure("recall", "share of the questions answered yes of those whose answer is yes", recall_terms),
        Measure("f1", "harmonic mean of precision and recall of yes", f1_terms),
        Measure("yes_ratio", "share of the answers that are yes", yes_terms),
    ),
    paper=papers.POPE,
)
