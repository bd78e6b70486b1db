"""Which option an answer names by its letter, read strictly: where a careful reader could doubt, none.

Four benchmarks of choices share this reading; each has its official one beside it.
"""

import re
from collections.abc import Iterator

from .plain_text import WORD, compared, compared_options, plain
from .scorer import Asked, Reading

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# A letter on its own: no part of a word, of an abbreviation ("U.S."), of "A-frame", "A's", "C++".
# The letter comes first in the pattern, then what may not stand before it: `re` looks up a set quickly.
_START = rf"(?<!{WORD}.)(?<!{WORD}[.'’-].)"
_END = rf"(?!{WORD}|[.'’-]{WORD}|[+#])"
_OPEN = r"[\s\"'“‘(\[{<]*"
_ALONE = rf"(?P<letter>[A-Za-z]){_START}{_END}"
_CAPITAL = rf"(?P<letter>[A-Z]){_START}{_END}"

_IS = r"\s*(?:\b(?:is|was|would\s+be|should\s+be|must\s+be)\b|[:=])\s*(?:(?:therefore|thus|clearly)\b)?[:,]?\s*"
_WORD_FOR_IT = r"(?:(?:the\s+)?(?:option|choice|letter|answer)\b)?"
_CUES = {
    ("answer",): rf"\banswer(?:\s+(?:to|for)\b[^.:\n]{{0,80}}?)?{_IS}{_WORD_FOR_IT}",
    # "Let us look at each option: (A)" states nothing.
    ("option", "choice", "selection", "letter"): (
        rf"\b(?:correct|right|best|final|my)\s+(?:option|choice|selection|letter){_IS}{_WORD_FOR_IT}"
    ),
    ("choose", "chose", "pick", "select", "go with"): (
        rf"\bI(?:\s+would|'d)?\s+(?:choose|chose|pick|select|go\s+with)\s+{_WORD_FOR_IT}"
    ),
    ("it's", "it is"): rf"\bit(?:'s|\s+is)\s+{_WORD_FOR_IT}",
    ("boxed", "fbox"): r"\\(?:boxed|fbox)\s*\{",
    ("<answer>",): r"<answer>",
    ("答案",): r"答案\s*(?:是|为|:)?\s*(?:选项)?",
    ("选",): r"选择?(?!项)",
}
"""What states a letter, by the words of which one must be there: most answers hold few of them."""

_STATED = tuple((words, re.compile(rf"(?i:{cue}){_OPEN}{_ALONE}")) for words, cue in _CUES.items())
_CALLED_RIGHT = re.compile(rf"{_CAPITAL}[)\]}}\"'”’]*\s+is\s+(?:the\s+)?(?:correct|right|best|answer)\b")

_BRACKETED = re.compile(rf"[(\[{{](?<!{WORD}.)\s*(?P<letter>[A-Za-z])\s*[)\]}}]")
_NAMES = ("option", "choice", "letter", "选项")
_NAMED = re.compile(rf"(?i:\b(?:option|choice|letter)|选项){_OPEN}{_ALONE}")
_LABEL = re.compile(
    r"^[ \t>*•–\"'“‘-]*(?P<letter>[A-Za-z])"
    r"(?:[.,](?=\s|$)|[):、。]|\s+[–—-]+\s|[\"'”’]?[ \t]*$|\s+(?:because|since|as|due|given)\b)",
    re.MULTILINE,
)
_CAPITALS = re.compile(_CAPITAL)
_LABELLED_TEXT = re.compile(r"^[\s(\[{]*(?P<letter>[A-Za-z])[\s)\]}.,:、。-]+(?P<text>\S.*)$", re.DOTALL)

_AFTER = re.compile(
    r"\s*$|\s*[\n.,;:!?)\]}>\"'”’…、。/&<\\*]|\s+[–—-]|\s+(?:because|since|as|for|due|given|which|and|or|is)\b|\s*[^\x00-\x7f]"
)
_ARTICLE = re.compile(rf"\s+{WORD}")
_CLOSED = r"[)\]}\"'”’>]*"
_ASKED_BACK = re.compile(rf"{_CLOSED}\s*\?")
_DENIED_AFTER = re.compile(
    rf"{_CLOSED}\s*(?:\b(?:is|are|was)\s*(?:n['’]t|not|never|incorrect|wrong|false|unlikely)\b|不正确|不对|错)"
)
_DENIED_BEFORE = re.compile(
    r"\b(?:not|never|neither|nor|cannot|except|unlikely)\b|n['’]t\b|\brather\s+than\b|\binstead\s+of\b|不|并非",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[.,;:!?\n。，]|\bbut\b")
_TIE = re.compile(
    rf"{_CLOSED}\.?\s*(?:,|/|&|或|和|(?i:\bor\b|\band\b))\s*(?i:or\s+|and\s+)?[(\[{{]*(?P<letter>[A-Za-z]){_END}"
)

_LISTED = re.compile(r"[^\n]*\n[ \t>*•–(\[\"'-]*(?P<letter>[A-Za-z])[)\].:,、]")


def option_letter(text: str, options: tuple[str, ...]) -> str | None:
    r"""The letter of the one option that an answer names, None where it names none or more than one.

    In this order: the answer is an option's text, or its letter and its text ("B. Vitamin C"); it states a letter
    ("The answer is A because …", "A is correct", `\boxed{A}`, "答案是A"); it marks one ("(A)", "A.", "Option A", a line
    with the letter alone). Where several statements, or several marks and single capitals, or letter and text
    disagree: None. So are an article ("A dog"), a denied letter ("not A", "(A) is wrong"), a question ("(A)?"), and a
    letter beyond the options, of which the first 26 have one. Small letters count where no word can be meant.
    Full-width letters and brackets are read as those of ASCII; letters of other alphabets that look like Latin ones
    are none, and a number is no letter: "1" is an option only where that is its text. Cues are English and Chinese.

    >>> options = ("cat", "dog")
    >>> [option_letter(text, options) for text in ("(B)", "A dog", "The answer is B.", "Dog.", "A or B", "not A", "C")]
    ['B', None, 'B', 'B', None, None, None]
    """
    said = plain(text)
    if not said or not options:
        return None
    texts = compared_options(options)[: len(LETTERS)]
    by_text, by_letter = _by_text(said, texts, options), _by_letter(said, texts)
    if by_text is not None and by_letter is not None and options[by_text] != options[by_letter]:
        return None
    place = by_letter if by_text is None else by_text
    return None if place is None else LETTERS[place]


def chosen_option(text: str, asked: Asked) -> str | None:
    """The text of the option that `option_letter` finds, as it stands in `asked.options`.

    >>> chosen_option("Answer: (B)", Asked("1", options=("a cat", "a dog")))
    'a dog'
    """
    return option_text(option_letter(text, asked.options), asked)


def option_text(letter: str | None, asked: Asked) -> str | None:
    """The text of the option with this letter; None without a letter, or where no option has it.

    >>> option_text("B", Asked("1", options=("cat", "dog"))), option_text("C", Asked("1", options=("cat", "dog")))
    ('dog', None)
    """
    place = -1 if letter is None else LETTERS.find(letter)
    return asked.options[place] if 0 <= place < len(asked.options) else None


def option_is_right(parsed: str | None, asked: Asked) -> float:
    """1 where the option is the right one, else 0, also where none was read; nan where no right one is known.

    >>> option_is_right("dog", Asked("1", options=("cat", "dog"), answer="dog")), option_is_right("dog", Asked("1"))
    (1.0, nan)
    """
    return float("nan") if asked.answer is None or not asked.options else float(parsed == asked.answer)


STRICT = Reading(
    "strict",
    "One option named beyond doubt, by its letter or its whole text; else none is read, and that counts as wrong.",
    chosen_option,
    option_is_right,
)
"""The reading beside the official one of every benchmark of choices."""


def _by_text(said: str, texts: tuple[str, ...], options: tuple[str, ...]) -> int | None:
    whole = compared(said)
    places = [place for place, text in enumerate(texts) if text == whole and text]
    return places[0] if len({options[place] for place in places}) == 1 else None


def _by_letter(said: str, texts: tuple[str, ...]) -> int | None:
    labelled = _LABELLED_TEXT.match(said)
    if labelled:
        place = LETTERS.index(labelled["letter"].upper())
        if place < len(texts) and compared(labelled["text"]) == texts[place]:
            return place
    stated = list(_statements(said))
    if stated:
        if len({_place(found) for found in stated}) > 1 or any(_tied(found, len(texts)) for found in stated):
            return None
        return _fitting(stated, texts)
    marks = list(_marks(said, len(texts)))
    bare = {_place(found) for found in _capitals(said, len(texts))}
    if not marks or len({_place(found) for found in marks} | bare) > 1 or any(map(_denied, marks)):
        return None
    return _fitting(marks, texts)


def _statements(said: str) -> Iterator[re.Match[str]]:
    patterns = [pattern for words, pattern in _STATED if _has(said, words)]
    for pattern in (*patterns, _CALLED_RIGHT):
        for found in pattern.finditer(said):
            if _AFTER.match(said, found.end("letter")) and not _denied(found):
                yield found


def _marks(said: str, count: int) -> Iterator[re.Match[str]]:
    for found in _BRACKETED.finditer(said):
        # "(s)" of a plural or "(x)" of a formula names no option.
        if found["letter"].isupper() or _place(found) < count:
            yield found
    yield from _LABEL.finditer(said)
    for found in _NAMED.finditer(said) if _has(said, _NAMES) else ():
        if found["letter"].isupper() or _AFTER.match(said, found.end("letter")):
            yield found


def _has(said: str, words: tuple[str, ...]) -> bool:
    lower = said.lower()
    return any(word in lower for word in words)


def _capitals(said: str, count: int) -> Iterator[re.Match[str]]:
    for found in _CAPITALS.finditer(said):
        # "A" and "I" before a word are an article and a pronoun.
        word = found["letter"] in "AI" and _ARTICLE.match(said, found.end())
        if _place(found) < count and not word:
            yield found


def _denied(found: re.Match[str]) -> bool:
    said, end = found.string, found.end("letter")
    clause = _CLAUSE.split(said[max(0, found.start() - 200) : found.start("letter")].rstrip(" \"'“‘([{<:=\n"))[-1]
    return bool(_DENIED_BEFORE.search(clause) or _ASKED_BACK.match(said, end) or _DENIED_AFTER.match(said, end))


def _tied(found: re.Match[str], count: int) -> bool:
    # "A or B", or the first row of a list: the next line begins with the next letter.
    said, end = found.string, found.end("letter")
    other = _TIE.match(said, end) or _LISTED.match(said, end)
    if other is None or not _place(other) < count or _place(other) == _place(found):
        return False
    return other["letter"].isupper() or not _ARTICLE.match(said, other.end("letter"))


def _fitting(found: list[re.Match[str]], texts: tuple[str, ...]) -> int | None:
    # The place of the letter, unless it is beyond the options, or what follows it is the text of another option.
    place = _place(found[0])
    if place >= len(texts):
        return None
    longest = 2 * max(map(len, texts)) + 20  # with the marks around
    for one in found:
        line = one.string[one.end("letter") : one.end("letter") + longest + 1].partition("\n")[0]
        follows = compared(line.lstrip(" )]}.,:、。-\"'”’")) if len(line) <= longest else ""
        if follows and follows != texts[place] and follows in texts:
            return None
    return place


def _place(found: re.Match[str]) -> int:
    return LETTERS.index(found["letter"].upper())
