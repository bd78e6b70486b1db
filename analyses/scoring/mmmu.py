"""MMMU: how its authors read letters and open answers, and a strict reading beside it.

Source: Yue et al. 2024; MMMU-Benchmark/MMMU, `mmmu/utils/eval_utils.py` at bb0b95a9. The official number is the plain
mean over questions. Open answers are read in `mmmu_open`. Two options of one text, as in six validation questions, are
one answer here; the authors tell them apart by their letters.
"""

from collections.abc import Sequence
from hashlib import sha256

from .. import papers
from .letters import STRICT, chosen_option, option_is_right
from .mmmu_open import open_answer, open_is_right, stated_answer, stated_is_right
from .scorer import Asked, Reading, Scorer

_MARKS = (",", ".", "!", "?", ";", ":", "'")
_FEW_WORDS = 5


def place_by_rules(text: str, options: Sequence[str]) -> int | None:
    r"""The place of the option that an answer names by the authors' rules; None where they draw one at random.

    The marks , . ! ? ; : ' are cut off at both ends, one kind after the other. Then the first of these that names any:
    "(A)"; a letter between two spaces; in more than five words, an option's text, case aside. Of several, the one that
    is named last. Quirks, as they are there: an article counts ("A dog"), a denied letter too; "A: cat", "A)" and
    "A" before a line break are no letter; an option's text counts inside a word, and one at the same place goes to the
    first.

    >>> options = ("cat", "dog")
    >>> [place_by_rules(text, options) for text in ("B.", "A dog", "(A) or (B)", "A: cat", "I think that it is a dog")]
    [1, 0, 1, None, 1]
    """
    for mark in _MARKS:
        text = text.strip(mark)
    said = f" {text} "
    letters = [chr(ord("A") + place) for place in range(len(options))]
    lower = said.lower()
    ways = [(said, [f"({letter})" for letter in letters]), (said, [f" {letter} " for letter in letters])]
    if len(said.split()) > _FEW_WORDS:
        ways.append((lower, [option.lower() for option in options]))
    for within, names in ways:
        last = [within.rfind(name) for name in names]
        if max(last, default=-1) >= 0:
            return last.index(max(last))
    return None


def drawn_place(id: str, count: int) -> int:
    """The option that is drawn where a text names none: the same for a sample in any order, run and condition.

    The authors draw one at random, from a generator that goes on from answer to answer. Here the sample's id decides,
    by its SHA-256. Raises ValueError where there is no option.

    >>> drawn_place("validation_Art_1", 4)
    1
    """
    if count < 1:
        raise ValueError(f"drawn_place({id!r}): there is no option to draw from. Give a sample with options.")
    return int.from_bytes(sha256(id.encode()).digest()[:8]) % count


def official_answer(text: str, asked: Asked) -> str | None:
    """The authors' reading: an option, drawn where none is named; of an open question what `open_answer` finds.

    >>> asked = Asked("validation_Art_1", options=("cat", "dog", "cow", "hen"))
    >>> official_answer("(A)", asked), official_answer("not sure", asked)
    ('cat', 'dog')
    """
    if not asked.options:
        return open_answer(text)
    place = place_by_rules(text, asked.options)
    return asked.options[drawn_place(asked.id, len(asked.options)) if place is None else place]


def official_correct(parsed: str | None, asked: Asked) -> float:
    """1 where an option is the right one, or an open answer right by `open_is_right`; else 0; nan where none is known.

    >>> official_correct("dog", Asked("1", options=("cat", "dog"), answer="dog"))
    1.0
    """
    return option_is_right(parsed, asked) if asked.options else open_is_right(parsed, asked)


def strict_answer(text: str, asked: Asked) -> str | None:
    """An option named beyond doubt, never drawn; of an open question what `stated_answer` finds.

    >>> strict_answer("not sure", Asked("1", options=("cat", "dog"))) is None
    True
    """
    return chosen_option(text, asked) if asked.options else stated_answer(text)


def strict_correct(parsed: str | None, asked: Asked) -> float:
    """As `official_correct`; an open answer must equal a reference.

    >>> strict_correct("30", Asked("1", references=("30.0",)))
    1.0
    """
    return option_is_right(parsed, asked) if asked.options else stated_is_right(parsed, asked)


SCORER = Scorer(
    "mmmu",
    readings=(
        Reading(
            "official",
            "The authors': the last letter or option named, one drawn by the sample's id where none is; of an open "
            "answer any phrase or number in it.",
            official_answer,
            official_correct,
        ),
        Reading(
            STRICT.name,
            f"{STRICT.meaning} An open answer must equal a reference.",
            strict_answer,
            strict_correct,
        ),
    ),
    paper=papers.MMMU,
)
