"""Mentions: which classes a text names, by keywords, and says are there.

A class is mentioned where one of its words stands in the text as a word of its own, in singular or plural, not as part
of a longer phrase that means something else ("bus stop"), and not denied ("no cars"). A class both denied and affirmed
is mentioned. Source: Cheng, keyword matching of free-form answers; definitions, section 10. The words lie in
`cityscapes`, what counts as denied and the limits of that in `negation`.

Limits, by name: *sense* (meaning and part of speech of a word are not looked at: "flowers" on a dress, "the bus leaves
plants behind"), *pronoun* ("it", "another one"), *rider far from riding* ("a man in red is riding past" is a
pedestrian), *misspelling*, *language* (English only).
"""

from collections import Counter

from ..labels import Array
from .cityscapes import CITYSCAPES
from .class_tables import from_texts
from .negation import denied
from .phrases import Kind
from .vocabulary import Vocabulary, Words, complete


def mentioned(text: str, vocabulary: Words = CITYSCAPES) -> set[str]:
    """The classes that a text mentions.

    In: one text; a vocabulary, or any mapping from classes to their words. Out: names of classes; empty where the text
    names none. Hypernyms such as "vehicle" name no class. Source: Cheng, section 4.3.

    >>> sorted(mentioned("Two cyclists wait at the traffic light; there are no pedestrians or cars.", CITYSCAPES))
    ['rider', 'traffic light']
    """
    return set(_counts(text, complete(vocabulary)))


def mention_counts(text: Array, vocabulary: Words = CITYSCAPES, *, dim: str = "class") -> Array:
    """How often each text mentions each class.

    In: texts (sample, ...). Out: (sample, ..., dim) in the order of the vocabulary, counts in [0, inf), with a
    coordinate `critical`; 0 throughout for an empty answer (""), nan where there is no answer (None or nan). Denied
    mentions do not count, and words side by side that name one class ("taxi cab") count once. Source: Rohrbach et al.
    2018, who count mentions.

    >>> import numpy as np
    >>> mention_counts(np.array(["cars and a bus, more cars", "", None]), {"car": (), "bus": ()})
    array([[ 2.,  1.],
           [ 0.,  0.],
           [nan, nan]])
    """
    words = complete(vocabulary)

    def row(one: str) -> list[float]:
        counts = _counts(one, words)
        return [float(counts[name]) for name in words]

    return from_texts(text, row, words, dim)


def mention_table(text: Array, vocabulary: Words = CITYSCAPES, *, dim: str = "class") -> Array:
    """Whether each text mentions each class: C_vlm of every answer.

    In: texts (sample, ...). Out: (sample, ..., dim) in the order of the vocabulary, 1 mentioned, 0 not, with a
    coordinate `critical`; 0 throughout for an empty answer (""), nan where there is no answer (None or nan).
    Source: Cheng, section 4.3.

    >>> import numpy as np
    >>> mention_table(np.array(["a car", "", None]), {"car": (), "bus": ()})
    array([[ 1.,  0.],
           [ 0.,  0.],
           [nan, nan]])
    """
    words = complete(vocabulary)

    def row(one: str) -> list[float]:
        names = mentioned(one, words)
        return [float(name in names) for name in words]

    return from_texts(text, row, words, dim)


def _counts(text: str, words: Vocabulary) -> Counter[str]:
    pieces = words.lexicon.pieces(text)
    absent = denied(pieces)
    counts: Counter[str] = Counter()
    for place, piece in enumerate(pieces):
        again = place > 0 and pieces[place - 1].classes == piece.classes
        if piece.kind is Kind.NAME and place not in absent and not again:
            counts.update(piece.classes)
    return counts
