"""Vocabularies: the words by which texts name classes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from . import negation
from .phrases import Kind, Lexicon, Piece, tokens


@dataclass(frozen=True, eq=False)
class Vocabulary(Mapping[str, tuple[str, ...]]):
    """The classes and the words that name each; a mapping, in the order of the classes.

    A class is always named by its own name; plurals are formed by rule and need not be listed. "{class}" in a word
    stands for every word of that class. A phrase listed under two classes names both. `critical` are the classes whose
    omission endangers; `others` are phrases that hold a class's word and name no class ("bus stop").
    Raises ValueError for a critical class that is not among the classes.
    """

    words: Mapping[str, tuple[str, ...]]
    critical: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted(self.critical - set(self.words))
        if unknown:
            raise ValueError(f"critical names {unknown[0]!r}, which is no class. There are {', '.join(self.words)}.")

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self.words[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)

    def class_of(self, word: str) -> str:
        """The class that a word names; ValueError where it names none, or more than one.

        >>> Vocabulary({"pedestrian": ("person", "people"), "car": ("taxi",)}).class_of("person")
        'pedestrian'
        """
        if word in self.words:
            return word
        piece = self.lexicon.phrases.get(tuple(tokens(word)))
        if piece is None or len(piece.classes) != 1:
            raise ValueError(f"{word!r} names no class of the vocabulary. There are {', '.join(self.words)}.")
        return next(iter(piece.classes))

    @cached_property
    def lexicon(self) -> Lexicon:
        """Names and negations together, ready to read texts."""
        phrases = {phrase: Piece(Kind.NAME, " ".join(phrase)) for word in self.others for phrase in forms(word)}
        named: dict[tuple[str, ...], set[str]] = {}
        for name in self.words:
            for phrase in self._phrases(name):
                named.setdefault(phrase, set()).add(name)
        names = {phrase: Piece(Kind.NAME, " ".join(phrase), frozenset(of)) for phrase, of in named.items()}
        return Lexicon({**negation.GRAMMAR, **phrases, **names})

    def _phrases(self, name: str) -> set[tuple[str, ...]]:
        phrases: set[tuple[str, ...]] = set()
        for word in (name, *self.words[name]):
            slot = next((other for other in self.words if f"{{{other}}}" in word), None)
            if slot is None:
                phrases |= forms(word)
                continue
            plain = (forms(one) for one in (slot, *self.words[slot]) if "{" not in one)
            fillers = {" ".join(phrase) for several in plain for phrase in several}
            phrases |= {tuple(tokens(word.replace(f"{{{slot}}}", filler))) for filler in fillers}
        return phrases


Words = Mapping[str, Sequence[str]]
"""A vocabulary, or any mapping from classes to the words that name them."""


def complete(words: Words) -> Vocabulary:
    """A vocabulary as it is; any other mapping of classes to words as one without critical classes."""
    return words if isinstance(words, Vocabulary) else Vocabulary({name: tuple(words[name]) for name in words})


def forms(word: str) -> set[tuple[str, ...]]:
    """A word or phrase and its regular plural, as tuples of words.

    >>> sorted(forms("school bus"))
    [('school', 'bus'), ('school', 'buses')]
    """
    phrase = tuple(tokens(word))
    last = phrase[-1]
    if last.endswith(("s", "x", "z", "ch", "sh")):
        plural = last + "es"
    elif last.endswith("y") and last[-2:-1] not in tuple("aeiou"):
        plural = last[:-1] + "ies"
    else:
        plural = last + "s"
    return {phrase, (*phrase[:-1], plural)}
