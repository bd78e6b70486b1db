"""Text as phrases: words without spelling variants, and the longest known phrase at every place."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """What a phrase does in its sentence, as far as negation and verdicts go."""

    NAME = "name"  # of a class, or of a thing that is none
    DENY = "deny"  # "no", "without": denies what follows
    DENIED = "denied"  # "absent", "not visible": denies what precedes
    ALSO = "also"  # "as are": denies what follows where something was denied before
    JOIN = "join"  # "or", ",": goes on with a list
    ARTICLE = "article"  # "a", "two", "several"
    PREPOSITION = "preposition"
    POSSESSIVE = "possessive"  # 's
    VERB = "verb"
    STOP = "stop"  # "but", "because": opens another clause
    END = "end"  # of a sentence
    SAFE = "safe"
    UNSAFE = "unsafe"
    YES = "yes"
    NO = "no"
    NOT = "not"
    HEDGE = "hedge"  # "whether", "may": takes the verdict back
    CONDITION = "condition"  # "if", "until": binds the verdict
    WORD = "word"  # anything else


@dataclass(frozen=True)
class Piece:
    """One phrase of a text; `classes` are those that it names."""

    kind: Kind
    text: str
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Lexicon:
    """Known phrases by their words; one lexicon reads many texts."""

    phrases: Mapping[tuple[str, ...], Piece]

    def pieces(self, text: str) -> list[Piece]:
        """The text as pieces, from left to right, at each place the longest known phrase; the last is an end.

        >>> here = Lexicon({("traffic", "light"): Piece(Kind.NAME, "traffic light", frozenset({"traffic light"}))})
        >>> [piece.text for piece in here.pieces("Two traffic-light poles")]
        ['two', 'traffic light', 'poles', '.']
        """
        words, place = [*tokens(text), "."], 0
        found: list[Piece] = []
        while place < len(words):
            for length in range(min(self._longest.get(words[place], 1), len(words) - place), 0, -1):
                piece = self.phrases.get(tuple(words[place : place + length]))
                if piece is not None:
                    break
            else:
                length, piece = 1, _unknown(words[place])
            found.append(piece)
            place += length
        return found

    @cached_property
    def _longest(self) -> dict[str, int]:
        longest: dict[str, int] = {}
        for phrase in self.phrases:
            longest[phrase[0]] = max(longest.get(phrase[0], 1), len(phrase))
        return longest


_REWRITTEN = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        ("[‘’´`]", "'"),
        (r"\b(?:e\.g\.|i\.e\.)", " such as "),
        (r"\b(?:non-\w+|\w+-free)\b", " "),  # "non-motorised", "car-free": what they name is not there
        (r"\bcannot\b|\bcan't\b", "can not"),
        (r"\bwon't\b", "will not"),
        (r"n't\b", " not"),
        (r"\b(it|that|there|here)'s\b", r"\1 is"),
        (r"\b(i)'m\b", r"\1 am"),
        (r"(?<=\ws)'(?=\s|$)", "'s"),  # "cars' lights"
        (r"(?<=\w)[-_](?=\w)", " "),
        ("&", " and "),
        (r"[.!?;\n]+", " . "),
        (r"[,/(\[–—]|(?<=\s)-+(?=\s)", " , "),
    )
)
_TOKEN = re.compile(r"'s\b|[^\W_]+|[.,:]")


def tokens(text: str) -> list[str]:
    """Lower-case words and the marks . , : of a text; hyphens part words, "n't" becomes "not".

    >>> tokens("The van’s traffic-light isn't lit (yet).")
    ['the', 'van', "'s", 'traffic', 'light', 'is', 'not', 'lit', ',', 'yet', '.']
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    for pattern, by in _REWRITTEN:
        text = pattern.sub(by, text)
    return _TOKEN.findall(text)


def grammar(words: Mapping[Kind, tuple[str, ...]]) -> dict[tuple[str, ...], Piece]:
    """Phrases of several kinds, ready for a lexicon."""
    return {tuple(tokens(text)): Piece(kind, text) for kind, texts in words.items() for text in texts}


def _unknown(word: str) -> Piece:
    return Piece(Kind.ARTICLE if word.isdigit() else Kind.WORD, word)
