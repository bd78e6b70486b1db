"""The benchmarks' own scoring: free answers in, official scores out. Definitions, section 12.

One file a benchmark; what each reads and how right that is stand in its `SCORER`. Quirks of an official script are
matched, and named where they are.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from ..cards import Card
from . import blink, chair, gqa, mmbench, mmmu, own, pope, seedbench, textvqa, vqav2
from .scorer import Asked, Floats, Measure, Parsed, Reading, Scorer

__all__ = ["CARDS", "SCORERS", "Asked", "Measure", "Parsed", "Reading", "Scorer", "score", "scorer"]

CARDS = (
    Card(
        "scoring.scorer",
        "Whose rules say how right an answer is: its benchmark's, or those of all other data?",
        "a scorer",
        "one of the benchmarks'",
    ),
    Card("scoring.score", "How right is a free answer by its benchmark's own script?", "score", "[0, 1]"),
)

SCORERS: Mapping[str, Scorer] = MappingProxyType(
    {
        "pope": pope.SCORER,
        "seedbench": seedbench.SCORER,
        "mmmu": mmmu.SCORER,
        "blink": blink.SCORER,
        "mmbench": mmbench.SCORER,
        "mmbench-circular": mmbench.SCORER,
        "gqa": gqa.SCORER,
        "vqav2": vqav2.SCORER,
        "textvqa": textvqa.SCORER,
        "coco-captions": chair.SCORER,
    }
)
"""The scorer of each dataset, by the dataset's name."""

CAPTIONED = ("coco-captions",)
"""Datasets whose benchmark scores descriptions."""

READ = ("mcq", "yesno", "open")
"""Kinds of questions whose answers are right or wrong, in any dataset."""


def scorer(dataset: str, kind: str) -> Scorer | None:
    """The scorer of a sample: its benchmark's, or the one of all other data; None of a description or a safety answer.

    Descriptions are scored where they are what the benchmark asks for.

    >>> scorer("pope", "yesno").benchmark, scorer("mine", "open").benchmark, scorer("pope", "describe")
    ('pope', 'own', None)
    """
    if kind not in READ:
        return SCORERS[dataset] if kind == "describe" and dataset in CAPTIONED else None
    return SCORERS.get(dataset, own.SCORER)


def score(texts: Sequence[str], asked: Sequence[Asked], scorer: Scorer, *, reading: str = "") -> Floats:
    """How right free answers are, each to its question.

    `reading` names one of the scorer's readings, the official one by default. Out: (answer), in [0, 1]; nan where no
    right answer is known. Raises ValueError for a reading that the scorer has not. Source: that of the scorer.

    >>> asked = Asked("1", answer="red", references=("red",) * 3 + ("dark red",) * 7)
    >>> score(["Red.", "blue"], [asked, asked], SCORERS["vqav2"]).round(2)   # 3 of 10: 7 subsets hold all, 3 hold two
    array([0.9, 0. ])
    """
    found = next((each for each in scorer.readings if each.name == (reading or scorer.readings[0].name)), None)
    if found is None:
        names = ", ".join(each.name for each in scorer.readings)
        raise ValueError(f"{scorer.benchmark} has no reading {reading!r}. It has: {names}.")
    pairs = zip(texts, asked, strict=True)
    return np.array([found.correct(found.parse(text, one), one) for text, one in pairs], np.float64)
