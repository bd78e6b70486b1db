"""MMMU's open questions: the phrases and numbers that an answer may mean, and whether one of them is right.

Source: as `mmmu`. The authors' reading is a list of phrases and numbers; here it is one text, that list as JSON.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from .plain_text import compared, plain
from .scorer import Asked

Value = str | float

_INDICATORS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_TRIVIAL = frozenset(":,.!?;'")

_GROUPED = r"-?\b\d{1,3}(?:,\d{3})+\b"
_EXPONENT = r"[eE][+-]?\d+"
_DIGITS = r"(?<!\d)\d+"  # from the first one on: no number begins at a later one, and looking is in vain and slow
_SCIENTIFIC = rf"-?{_DIGITS}(?:\.\d+)?{_EXPONENT}"
_SIMPLE = rf"-?(?:{_DIGITS}\.\d+|\.\d+|{_DIGITS}\b)(?!{_EXPONENT})(?![,\d])"
_NUMBERS = tuple(map(re.compile, (_GROUPED, _SCIENTIFIC, _SIMPLE)))

_ANSWER_IS = re.compile(r".*\banswer\b\s*(?:is|:|=)\s*:?\s*(?P<answer>.+)", re.IGNORECASE)


def key_phrases(text: str) -> list[str]:
    """The phrases of an answer that may hold what is asked, in small letters.

    Of every line, what follows the last indicator, by that indicator which leaves the shortest rest: "could be", "so",
    "is", "thus", "therefore", "final", "answer", "result", in the last line also "=". The whole answer where no line
    has one. Quirks, as they are there: the text is lowered before it is split into sentences at capital letters, so
    that only lines are split; indicators count inside words ("this 5" gives "5"); where one ends a line, the indicators
    before it are forgotten; dots are cut off at both ends (".5" gives "5").

    >>> key_phrases("We add. The result is 12 apples.\\nSo x = 12")
    ['12 apples.', '12']
    """
    whole = text.strip().strip(".").lower()
    lines = whole.split("\n")
    phrases: list[str] = []
    for number, line in enumerate(lines, start=1):
        rest = ""
        for indicator in (*_INDICATORS, "=") if number == len(lines) else _INDICATORS:
            if indicator in line:
                behind = line.rpartition(indicator)[2].strip()
                rest = behind if not rest or len(behind) < len(rest) else rest
        if rest and rest not in _TRIVIAL:
            phrases.append(rest)
    return phrases or [whole]


def numbers_in(phrase: str) -> list[str]:
    """The numbers of a phrase as they are written: with commas, then in scientific notation, then plain ones.

    Quirks, as they are there: digits of any script count; the last three digits of a number with commas, and an
    exponent, are numbers of their own, too; a minus may be that of a range ("3-5" gives 3 and -5).

    >>> numbers_in("1,200 or 35e2 and .5")
    ['1,200', '35e2', '200', '2', '.5']
    """
    return [number for pattern in _NUMBERS for number in pattern.findall(phrase)]


def normalized(phrase: str) -> list[Value]:
    """A phrase as it is compared: a number to two decimals, else small letters; one letter with a space on either side.

    Quirks, as they are there: "nan", "inf" and "1_000" are numbers; the space keeps one letter from being found in a
    word, and lets it be found before or behind one.

    >>> normalized("1,234.567"), normalized(" Blue"), normalized("X")
    ([1234.57], ['blue'], [' x', 'x '])
    """
    phrase = phrase.strip()
    try:
        return [round(float(phrase.replace(",", "")), 2)]
    except ValueError:
        phrase = phrase.lower()
        return [f" {phrase}", f"{phrase} "] if len(phrase) == 1 else [phrase]


def open_answer(text: str) -> str | None:
    """The phrases of an answer and the numbers in them, normalized, each once: a JSON list, sorted; None of no text.

    >>> open_answer("The answer is 36 watts.")
    '["36 watts", 36.0]'
    """
    phrases = key_phrases(text)
    values = (value for phrase in (*phrases, *_numbers(phrases)) for value in normalized(phrase))
    # + 0.0: -0.0 and 0.0 are one number.
    each = {json.dumps(value if isinstance(value, str) else value + 0.0, ensure_ascii=False) for value in values}
    return None if each == {'""'} else f"[{', '.join(sorted(each))}]"


def open_is_right(parsed: str | None, asked: Asked) -> float:
    """1 where a phrase of `open_answer` contains a reference or one of its numbers equals one; else 0; nan without any.

    Quirk, as it is there: a reference is found inside a phrase, whatever else that says ("not blue" is blue).

    >>> asked = Asked("1", references=("30", "thirty"))
    >>> [open_is_right(open_answer(text), asked) for text in ("30 watts", "It is thirty.", "36")]
    [1.0, 1.0, 0.0]
    """
    known = _known(asked)
    if not known:
        return math.nan
    references = _normalized_references(known)
    for value in json.loads(parsed) if parsed else ():
        if isinstance(value, str):
            if any(isinstance(one, str) and one in value for one in references):
                return 1.0
        elif value in references:
            return 1.0
    return 0.0


def stated_answer(text: str) -> str | None:
    """A short answer as it is compared: what follows "answer is" or "answer:" in the last such line, else all of it.

    White space, case, markup and the marks around do not matter, a number is one to two decimals ("1,200" is "1200.0");
    None where nothing is left.

    >>> stated_answer("Answer: **1,200**"), stated_answer("Blue."), stated_answer("...")
    ('1200.0', 'blue', None)
    """
    said = plain(text)
    stated = [found["answer"] for found in map(_ANSWER_IS.match, said.splitlines()) if found]
    return _one_value(stated[-1] if stated else said) or None


def stated_is_right(parsed: str | None, asked: Asked) -> float:
    """1 where a stated answer equals a reference, read the same way; else 0; nan without any reference.

    >>> [stated_is_right(stated_answer(text), Asked("1", references=("30",))) for text in ("30.00", "30 watts")]
    [1.0, 0.0]
    """
    known = _known(asked)
    return float(parsed is not None and _one_value(parsed) in _stated_references(known)) if known else math.nan


def _numbers(phrases: Sequence[str]) -> Iterator[str]:
    for phrase in phrases:
        yield from numbers_in(phrase)


def _known(asked: Asked) -> tuple[str, ...]:
    return asked.references or (() if asked.answer is None else (asked.answer,))


@lru_cache(maxsize=4096)
def _normalized_references(references: tuple[str, ...]) -> tuple[Value, ...]:
    return tuple(value for reference in references for value in normalized(reference))


@lru_cache(maxsize=4096)
def _stated_references(references: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_one_value(plain(reference)) for reference in references)


def _one_value(said: str) -> str:
    whole = compared(said)
    values = normalized(whole)
    return whole if isinstance(values[0], str) else str(values[0] + 0.0)
