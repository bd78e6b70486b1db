"""CHAIR: which of COCO's objects a caption names that are not in the picture.

Source: Rohrbach et al. 2018; the official `chair.py`; definitions, section 12. Measures on tables of classes, whose
matcher knows negation, are in `analyses.misalignment`.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from .. import papers
from .caption_words import words
from .coco_words import CLASS_OF, CLASSES, PAIRS
from .scorer import Asked, Floats, Measure, Parsed, Reading, Scorer

SEPARATOR = "; "

_FIRST = frozenset(first for first, _ in PAIRS)
_CACHED = 1 << 14


def mentions(caption: str) -> list[str]:
    """The classes that a caption names, in order, as often as it names them.

    Every word counts, whatever is said of it: "no dog", "hot dog stand" and "orange wall" mention dog, hot dog and
    orange. Quirks that are the script's: "bus" is never found, since its singular is "bu", while "buses" are; neither
    are "ties", "canoes", "doggies" and "magpies"; a "glass" is none, a "wine glass" is; "baby" is a person, but not
    before an animal; "seat" is a chair unless a toilet is named anywhere in the caption.
    Source: Rohrbach et al. 2018, `caption_to_words`.

    >>> mentions("Two men and a baby elephant beside a stop sign, buses and a bus.")
    ['person', 'elephant', 'stop sign', 'bus']
    """
    return mentions_among(words(caption))


def mentions_among(singular_words: Sequence[str]) -> list[str]:
    """The classes that the words of a caption name, in order; the words are in lower case and singular.

    >>> mentions_among(["the", "toilet", "with", "a", "wooden", "seat", "and", "a", "home", "plate"])
    ['toilet']
    """
    found = _paired([*singular_words])
    if "toilet" in found and "seat" in found:
        found = [word for word in found if word != "seat"]
    return [CLASS_OF[word] for word in found if word in CLASS_OF]


def present(asked: Asked) -> frozenset[str] | None:
    """The classes that are in the picture: those of its annotations and those that its reference captions mention.

    Annotated are the names in `asked.metadata["objects"]`, joined by "; "; None where that is not there. Raises
    ValueError for a name that is no class of COCO. Source: Rohrbach et al. 2018, `get_annotations`.

    >>> sorted(present(Asked("1", references=("A man rides.",), metadata={"objects": "horse; tie"})))
    ['horse', 'person', 'tie']
    """
    objects = asked.metadata.get("objects")
    return None if objects is None else _present(str(objects), asked.references)


def parse(text: str, asked: Asked) -> str:
    """The mentions of a caption, joined by "; "; "" where it has none.

    >>> parse("Two dogs and their dog bowl.", Asked("1"))
    'dog; dog; bowl'
    """
    return SEPARATOR.join(mentions(text))


def faithful(parsed: str | None, asked: Asked) -> float:
    """1 where everything that is mentioned is there, also where nothing is mentioned, else 0; nan without truth.

    >>> asked = Asked("1", metadata={"objects": "dog"})
    >>> faithful("dog; dog", asked), faithful("dog; bowl", asked), faithful("", asked), faithful("dog", Asked("1"))
    (1.0, 0.0, 1.0, nan)
    """
    there = present(asked)
    return math.nan if there is None else float(there.issuperset(split(parsed)))


def split(parsed: str | None) -> list[str]:
    """The mentions of a parsed caption.

    >>> split("dog; dog; bowl"), split("")
    (['dog', 'dog', 'bowl'], [])
    """
    return parsed.split(SEPARATOR) if parsed else []


def mention_terms(parsed: Parsed, correct: Floats, asked: Sequence[Asked]) -> tuple[Floats, Floats]:
    """Of each caption: mentions of what is not there, all mentions. Their sums' ratio is CHAIRi.

    In: as `Measure.terms`. Out: mentions, nan where `correct` is nan; the ratio is nan where there is no mention.
    Source: Rohrbach et al. 2018, eq. 1.

    >>> asked = [Asked("1", metadata={"objects": "dog"})]
    >>> mention_terms(np.array([["dog; bowl; dog", ""]], object), np.array([[0.0, 1.0]]), asked)
    (array([[1., 0.]]), array([[3., 0.]]))
    """
    invented, said = np.full(parsed.shape, np.nan), np.full(parsed.shape, np.nan)
    for sample, condition in np.argwhere(~np.isnan(correct)).tolist():
        names, there = split(parsed[sample, condition]), present(asked[sample]) or frozenset()
        invented[sample, condition] = sum(name not in there for name in names)
        said[sample, condition] = len(names)
    return invented, said


def caption_terms(parsed: Parsed, correct: Floats, asked: Sequence[Asked]) -> tuple[Floats, Floats]:
    """Of each caption: 1 where it mentions what is not there else 0, and 1. Their sums' ratio is CHAIRs.

    In: as `Measure.terms`. Out: nan where `correct` is nan. Source: Rohrbach et al. 2018, eq. 2.

    >>> caption_terms(np.array([["dog", "cat"]], object), np.array([[1.0, 0.0]]), [Asked("1")])
    (array([[0., 1.]]), array([[1., 1.]]))
    """
    return 1.0 - correct, np.where(np.isnan(correct), np.nan, 1.0)


@lru_cache(_CACHED)
def _present(objects: str, references: tuple[str, ...]) -> frozenset[str]:
    names = [name.strip() for name in objects.split(SEPARATOR.strip()) if name.strip()]
    for name in names:
        if name not in CLASSES:
            raise ValueError(f"{name!r} among the objects: COCO has no such class. There are {', '.join(CLASSES)}.")
    return frozenset(names).union(*map(mentions, references))


def _paired(found: list[str]) -> list[str]:
    if _FIRST.isdisjoint(found):
        return found
    place = 0
    while place < len(found) - 1:
        if found[place] in _FIRST and (pair := PAIRS.get((found[place], found[place + 1]))):
            found[place : place + 2] = [pair]
        place += 1
    return found


SCORER = Scorer(
    benchmark="chair",
    readings=(Reading("official", "the mentions of COCO's objects, by the official script's words", parse, faithful),),
    measures=(
        Measure("chair_i", "mentions of objects that are not there, of all mentions", mention_terms),
        Measure("chair_s", "captions that mention an object that is not there, of all captions", caption_terms),
    ),
    paper=papers.OBJECT_HALLUCINATION,
)
