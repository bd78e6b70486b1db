"""Misalignment of what a model says with what the image shows: invented classes, omitted dangers, wrong safety answers.

Per sample first: `hallucination`, `critical_omission`, `safety_misinterpretation` say it of every answer, and a
bootstrap over images (`statistics.bootstrap(statistics.mean, ...)`) gives intervals. The functions that end in `_rate` are
the paper's means over samples. What is left out is measured in `omission`, wrong safety answers in `misinterpretation`;
texts become tables in `mentions` and `tables`, and verdicts in `safety`. All are offered here. Source: Cheng, section
3; definitions, section 10.
"""  # noqa: E501

from .. import papers
from ..cards import Card
from .cityscapes import CITYSCAPES
from .class_tables import class_table, presence_table, says_yes, top_classes
from .hallucinations import hallucination, hallucination_rate, increase
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
from .vocabulary import Vocabulary

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
    "says_yes",
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
        ("says_yes", "Does an answer say yes?", _YES_OR_NO, papers.DEGRADATION),
        (
            "safety_answer",
            "Does a text call it safe to proceed?",
            ("verdict", "{safe, unsafe, unclear}"),
            papers.DEGRADATION,
        ),
    )
)
