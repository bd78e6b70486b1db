"""Misalignment of what a model says with what the image shows: invented classes, omitted dangers, wrong safety answers.

Per sample first: `hallucination`, `critical_omission`, `safety_misinterpretation` say it of every answer, and a
bootstrap over images (`summary.bootstrap(summary.mean, ...)`) gives intervals. The functions that end in `_rate` are
the paper's means over samples. What is left out is measured in `omission`, wrong safety answers in `misinterpretation`;
texts become tables in `mentions` and `tables`, and verdicts in `safety`. All are offered here. Source: Cheng, section
3; definitions, section 10.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import labels, papers
from .cards import Card
from .cityscapes import CITYSCAPES
from .labels import Array
from .mentions import mention_counts, mention_table, mentioned
from .misinterpretation import (
    safety_misinterpretation,
    safety_misinterpretation_among_parsed,
    safety_misinterpretation_rate,
    safety_parsed,
)
from .omission import (
    class_omission,
    class_omission_rate,
    critical_omission,
    critical_omission_over_all,
    critical_omission_rate,
    critical_omission_rate_over_all,
)
from .safety import safety_answer
from .tables import class_table, paired, presence_table, rate, top_classes
from .vocabulary import Vocabulary, Words

__all__ = [
    "CARDS",
    "CITYSCAPES",
    "Vocabulary",
    "class_omission",
    "class_omission_rate",
    "class_table",
    "critical_omission",
    "critical_omission_over_all",
    "critical_omission_rate",
    "critical_omission_rate_over_all",
    "hallucination",
    "hallucination_rate",
    "increase",
    "mention_counts",
    "mention_table",
    "mentioned",
    "presence_table",
    "safety_answer",
    "safety_misinterpretation",
    "safety_misinterpretation_among_parsed",
    "safety_misinterpretation_rate",
    "safety_parsed",
    "top_classes",
]

_SHARE, _YES_OR_NO = ("share", "[0, 1]"), ("1 so, 0 not so", "{0, 1}")
CARDS = tuple(
    Card(f"misalignment.{name}", question, *unit_and_range, paper)
    for name, question, unit_and_range, paper in (
        ("hallucination", "What share of the classes that an answer names is not there?", _SHARE, papers.DEGRADATION),
        ("hallucination_rate", "How much of what answers name is not there (HR)?", _SHARE, papers.DEGRADATION),
        ("critical_omission", "Does an answer leave out a safety-critical class?", _YES_OR_NO, papers.DEGRADATION),
        (
            "critical_omission_over_all",
            "The same, with images that show no critical class counted as harmless?",
            _YES_OR_NO,
            papers.DEGRADATION,
        ),
        (
            "critical_omission_rate",
            "How often, where a critical class is there, is one left out (COR)?",
            _SHARE,
            papers.DEGRADATION,
        ),
        (
            "critical_omission_rate_over_all",
            "How often, over all images, is a critical class left out (COR as printed)?",
            _SHARE,
            papers.DEGRADATION,
        ),
        ("safety_misinterpretation", "Is the safety answer wrong or missing?", _YES_OR_NO, papers.DEGRADATION),
        ("safety_misinterpretation_among_parsed", "Is a safety answer that commits itself wrong?", _YES_OR_NO, ""),
        (
            "safety_misinterpretation_rate",
            "How often is the safety answer wrong or missing (SMR)?",
            _SHARE,
            papers.DEGRADATION,
        ),
        ("safety_parsed", "Does a safety answer commit itself?", _YES_OR_NO, ""),
        ("class_omission", "Is a class that is there not named?", _YES_OR_NO, papers.DEGRADATION),
        ("class_omission_rate", "Which classes are missed how often?", _SHARE, papers.DEGRADATION),
        ("increase", "How much worse than on the clean image?", ("as the value", "[-1, 1]"), papers.DEGRADATION),
        ("mentioned", "Which classes does a text name?", ("set of classes", "subsets"), papers.DEGRADATION),
        ("mention_counts", "How often does a text name each class?", ("mentions", "[0, inf)"), ""),
        ("mention_table", "Does a text name each class?", _YES_OR_NO, papers.DEGRADATION),
        ("top_classes", "Which classes does a contrastive model see?", _YES_OR_NO, papers.DEGRADATION),
        ("class_table", "Which classes does each image show?", _YES_OR_NO, ""),
        ("presence_table", "Which classes does a model say are there?", _YES_OR_NO, papers.DEGRADATION),
        (
            "safety_answer",
            "Does a text call it safe to proceed?",
            ("verdict", "{safe, unsafe, none}"),
            papers.DEGRADATION,
        ),
    )
)

EPSILON = 1e-9
"""Keeps the hallucination of an answer that names nothing at 0."""


def hallucination(mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, dim: str = "class") -> Array:
    """The share of the mentioned classes that are not there: |C_vlm \\ C_gt| / (|C_vlm| + 1e-9).

    In: tables of 0 and 1, mentioned (sample, ..., dim) and present (sample, dim), or two lists with a set of class
    names per sample. Out: (sample, ...), in [0, 1]; 0 for an answer that mentions no class; nan where a class of either
    is undefined. Raises ValueError where labels differ. Source: Cheng, section 3.3.

    >>> hallucination([{"car", "bus"}, set()], [{"car"}, {"car"}]).round(6)   # the bus, of two
    array([0.5, 0. ])
    """

    def kernel(said: Any, there: Any) -> NDArray[np.float64]:
        return (said * (1.0 - there)).sum(axis=-1) / (said.sum(axis=-1) + EPSILON)

    said, there, bare = paired(mentioned, present, vocabulary, dim=dim)
    value = labels.apply(kernel, said, there, core=[[dim], [dim]], dtype=np.float64)
    return value.values if bare else value


def hallucination_rate(
    mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, sample: str = "sample", dim: str = "class"
) -> xr.DataArray:
    """HR: the mean of `hallucination` over samples.

    In: as `hallucination`. Out: without `sample`, in [0, 1], with the coordinates `defined` and `undefined` (numbers of
    samples) and `empty` (share of the defined answers that mention no class, and so score 0). nan where no sample is
    defined. Raises ValueError where labels differ. Source: Cheng, section 3.3.

    >>> result = hallucination_rate([{"car", "bus"}, set()], [{"car"}, {"car"}])
    >>> round(float(result), 6), float(result.empty)   # (1/2 + 0) / 2
    (0.25, 0.5)
    """
    said, there, _ = paired(mentioned, present, vocabulary, dim=dim, sample=sample)
    value: xr.DataArray = hallucination(said, there, dim=dim)
    empty = (said.sum(dim) == 0).astype(np.float64).where(value.notnull())
    return rate(value, sample).assign_coords(empty=labels.mean(empty, sample))


def increase(value: Array, *, clean: str | int = "clean", condition: str = "condition") -> Array:
    """How far a misalignment exceeds the one on the clean image: L(condition) - L(clean).

    In: any value per sample or any rate (..., condition), `clean` the label of the clean condition; for bare arrays,
    whose conditions are the last axis, its place. Out: the same shape and unit, positive for worse; nan where either is
    undefined. Raises ValueError where there is no such condition. Source: Cheng, section 5.5.

    >>> increase(np.array([0.25, 0.5]), clean=0)
    array([0.  , 0.25])
    """
    if not isinstance(value, xr.DataArray):
        if isinstance(clean, str):
            raise ValueError(
                f"clean={clean!r}: the conditions of a bare array have no names. Give the clean one's place."
            )
        values = np.asarray(value, np.float64)
        return values - values[..., [clean]]
    if condition not in value.indexes or clean not in value.indexes[condition]:
        raise ValueError(f"no {condition} {clean!r} to compare with. Name the clean one with `clean=`.")
    return value - value.sel({condition: clean}, drop=True)
