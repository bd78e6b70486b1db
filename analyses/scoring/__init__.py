"""The benchmarks' own scoring: free answers in, official scores out. Definitions, section 12.

One file a benchmark; what each reads and how right that is stand in its `SCORER`. Quirks of an official script are
matched, and named where they are.
"""

from collections.abc import Mapping
from types import MappingProxyType

from . import blink, chair, gqa, mmbench, mmmu, own, pope, seedbench, textvqa, vqav2
from .scorer import Asked, Measure, Parsed, Reading, Scorer

__all__ = ["SCORERS", "Asked", "Measure", "Parsed", "Reading", "Scorer", "scorer"]

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

READ = ("mcq", "yesno", "open")
"""Kinds of questions whose answers are right or wrong, in any dataset."""


def scorer(dataset: str, kind: str) -> Scorer | None:
    """The scorer of a sample: its benchmark's, or the one of all other data; None of a description or a safety answer.

    >>> scorer("pope", "yesno").benchmark, scorer("mine", "open").benchmark, scorer("mine", "describe")
    ('pope', 'own', None)
    """
    if dataset in SCORERS:
        return SCORERS[dataset]
    return own.SCORER if kind in READ else None
