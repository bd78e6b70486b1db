"""MMBench: the rules by which VLMEvalKit, the benchmark's own evaluation, reads an answer, and CircularEval.

Source: Liu et al. 2024; open-compass/VLMEvalKit, `vlmeval/utils/matching_util.py` of 2026-06 (e8e78f05), under the
policy `exact_matching`: where its rules find nothing, it can ask a GPT; without one, nothing is read, which is wrong.
"""

import re
from collections.abc import Sequence

import numpy as np

from .. import papers
from .letters import LETTERS, STRICT, option_is_right, option_text
from .scorer import Asked, Floats, Measure, Parsed, Reading, Scorer

_SPACED = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
_FAILED = "Failed to obtain answer via API"
_REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
_ANSWER_IS = re.compile(r"answer\s+is\s+\**([ABCD])", re.IGNORECASE)
_LAST = 4


def letter_by_rules(text: str, options: Sequence[str]) -> str | None:
    """The letter that VLMEvalKit's rules infer: from a letter, else from an option's text; None where neither can.

    Quirks, as they are there: a refusal, or a lone "Z" without a letter, ends the search, whatever text follows.

    >>> letter_by_rules("Cannot determine the answer: a cat?", ("cat", "dog")) is None
    True
    """
    letter = letter_by_option(text, options)
    if letter == "Z":
        return "Z" if len(options) == len(LETTERS) else None
    return letter or letter_by_text(text, options)


def letter_by_option(text: str, options: Sequence[str]) -> str | None:
    r"""The letter that an answer names by VLMEvalKit's rule; "Z" where it refuses; None where none is found.

    The marks . ( ) [ ] , : ; ! * # { } become spaces; exactly one of the options' capital letters must stand alone,
    its first time among the last four words. Else what follows "answer is" counts. Quirks, as they are there: an
    article counts ("A dog" is A); "answer is" takes any word with a first letter of A to D, small ones too ("the
    answer is banana" is B); "A?" is no letter, nor "A/B", nor a full-width or a small letter alone; where a letter
    stands before the last four words, nothing is found.

    >>> options = ("cat", "dog")
    >>> [letter_by_option(text, options) for text in ("(B)", "A dog", "the answer is banana", "A or B", "b")]
    ['B', 'A', 'B', None, None]
    """
    if _FAILED in text:
        return None
    if any(refusal in text for refusal in _REFUSALS):
        return "Z"
    letters = LETTERS[: len(options)]
    words = text.translate(_SPACED).split()
    alone = [letter for letter in letters if letter in words]
    if len(alone) == 1 and words.index(alone[0]) >= len(words) - _LAST:
        return alone[0]
    if not alone and "Z" in words:
        return "Z"
    stated = _ANSWER_IS.search(text)
    return stated[1].upper() if stated and stated[1].upper() in letters else None


def letter_by_text(text: str, options: Sequence[str]) -> str | None:
    """The letter of the one option whose text an answer contains; None where none or several are contained.

    Case does not matter. Quirks, as they are there: an answer longer than twice all options together is not read; a
    text counts inside a word ("cat" in "catalogue"), and where one option's text contains another's, both do.

    >>> letter_by_text("catalogue", ("cat", "dog")), letter_by_text("a red car", ("car", "red car"))
    ('A', None)
    """
    said = text.lower()
    known = options[: len(LETTERS)]
    if len(said) > 2 * sum(map(len, known)):
        return None
    contained = [place for place, option in enumerate(known) if option.lower() in said]
    return LETTERS[contained[0]] if len(contained) == 1 else None


def inferred_option(text: str, asked: Asked) -> str | None:
    """The text of the option that `letter_by_rules` finds.

    >>> inferred_option("It is the dog!", Asked("1", options=("a cat", "dog")))
    'dog'
    """
    return option_text(letter_by_rules(text, asked.options), asked)


def circular_terms(parsed: Parsed, correct: Floats, asked: Sequence[Asked]) -> tuple[Floats, Floats]:
    """CircularEval: a question is right where it is right under every rotation of its options.

    `metadata["circular_group"]` is the same of all rotations of a question, `metadata["circular_rotation"]` is 0 of
    the original order. Numerator of its row: the least `correct` of the group, denominator 1; both nan where a
    rotation has none. The other rows, rows without these two, and groups without their original are 0 / 0, nan where
    `correct` is. Raises ValueError where a group has two originals.

    >>> asked = [Asked(str(turn), metadata={"circular_group": "q", "circular_rotation": turn}) for turn in (0, 1)]
    >>> circular_terms(np.array([["cat", "cat"]] * 2, object), np.array([[1.0, 1.0], [1.0, 0.0]]), asked)
    (array([[1., 0.], [0., 0.]]), array([[1., 1.], [0., 0.]]))
    """
    numerator = np.where(np.isnan(correct), np.nan, 0.0)
    denominator = numerator.copy()
    rows: dict[object, list[int]] = {}
    originals: dict[object, int] = {}
    for row, one in enumerate(asked):
        group, rotation = one.metadata.get("circular_group"), one.metadata.get("circular_rotation")
        if group is None or rotation is None:
            continue
        rows.setdefault(group, []).append(row)
        if rotation == 0 and originals.setdefault(group, row) != row:
            raise ValueError(
                f"circular_group {group!r} has two samples of circular_rotation 0: {asked[originals[group]].id!r} and "
                f"{one.id!r}. Give every question a group of its own."
            )
    for group, row in originals.items():
        numerator[row] = correct[rows[group]].min(axis=0)
        denominator[row] = np.where(np.isnan(numerator[row]), np.nan, 1.0)
    return numerator, denominator


SCORER = Scorer(
    "mmbench",
    readings=(
        Reading(
            "official",
            "VLMEvalKit's rules: one letter alone near the end, or one option's text; no GPT is asked for the rest.",
            inferred_option,
            option_is_right,
        ),
        STRICT,
    ),
    measures=(
        Measure(
            "circular_accuracy",
            "Share of the questions that are right under every rotation of their options (CircularEval).",
            circular_terms,
        ),
    ),
    paper=papers.MMBENCH,
)
