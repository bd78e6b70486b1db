"""Corruption error: how much more a model errs on corrupted pictures than a reference does.

All start from errors (1 - accuracy) by corruption and severity. The reference is an argument: AlexNet (`alexnet_ce`),
the pair's base model, or one model for all. Tables by severity lie in `severities`, their checks in `error_tables`.
Source: Hendrycks & Dietterich 2019; Mireku et al.; definitions, section 11.
"""

from .. import papers
from ..cards import Card
from .alexnet import ALEXNET_MEAN_ERROR, alexnet_error
from .error_tables import SMALLEST, SmallDenominator
from .errors import (
    alexnet_ce,
    ce,
    macro,
    mce,
    mcr,
    relative_ce,
    relative_mce_global,
    relative_mce_within_pair,
)
from .severities import advantage, crossover_severity, severity_curve, unfold

__all__ = [
    "ALEXNET_MEAN_ERROR",
    "CARDS",
    "SMALLEST",
    "SmallDenominator",
    "advantage",
    "alexnet_ce",
    "alexnet_error",
    "ce",
    "crossover_severity",
    "macro",
    "mce",
    "mcr",
    "relative_ce",
    "relative_mce_global",
    "relative_mce_within_pair",
    "severity_curve",
    "unfold",
]


CARDS = (
    Card(
        "corruption.ce",
        "How many times as often as the reference does the model err under a corruption?",
        "ratio of errors",
        "[0, inf)",
        papers.COMMON_CORRUPTIONS,
    ),
    Card(
        "corruption.relative_ce",
        "How many times as much as to the reference's error does a corruption add to the model's?",
        "ratio of added errors",
        "(-inf, inf)",
        papers.COMMON_CORRUPTIONS,
    ),
    Card(
        "corruption.alexnet_ce",
        "How many times as often as AlexNet does the model err under a corruption?",
        "ratio of errors",
        "[0, inf)",
        papers.COMMON_CORRUPTIONS,
    ),
    Card(
        "corruption.alexnet_error",
        "How often does AlexNet err on ImageNet under each common corruption?",
        "share",
        "[0, 1]",
        papers.COMMON_CORRUPTIONS,
    ),
    Card(
        "corruption.mce",
        "Over all corruptions, how many times as often as the reference does the model err?",
        "ratio of errors",
        "[0, inf)",
        papers.COMMON_CORRUPTIONS,
    ),
    Card(
        "corruption.mcr",
        "Over all corruptions, how much less than the reference does the model err?",
        "share of the reference's error",
        "(-inf, 1]",
        papers.ALIGNED_UNDER_CORRUPTION,
    ),
    Card(
        "corruption.relative_mce_within_pair",
        "Does alignment make a model err more under corruption, measured against its own base?",
        "ratio of errors",
        "[0, inf)",
        papers.ALIGNED_UNDER_CORRUPTION,
    ),
    Card(
        "corruption.relative_mce_global",
        "Does alignment make a model err more under corruption, measured against one model for all pairs?",
        "ratio of mCEs",
        "[0, inf)",
        papers.ALIGNED_UNDER_CORRUPTION,
    ),
    Card(
        "corruption.macro",
        "What is the number over all datasets, each weighing the same?",
        "as its values",
        "as its values",
        papers.ALIGNED_UNDER_CORRUPTION,
    ),
    Card(
        "corruption.severity_curve",
        "How does the error grow from clean to the strongest corruption?",
        "share",
        "[0, 1]",
        papers.ALIGNED_UNDER_CORRUPTION,
    ),
    Card(
        "corruption.advantage",
        "By how much does alignment lower the error at each severity?",
        "difference of shares",
        "[-1, 1]",
        papers.ALIGNED_UNDER_CORRUPTION,
    ),
    Card(
        "corruption.crossover_severity",
        "From which severity on is the model that was better at first the worse one?",
        "severity",
        "the severities",
        papers.ALIGNED_UNDER_CORRUPTION,
    ),
)
