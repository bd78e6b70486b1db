"""Reductions over samples, each with an interval by image: the one place where samples are averaged.

`bootstrap` serves any statistic; `by_family` makes the table that a run is read by. Definitions, section 15.
"""

from .. import papers
from ..cards import Card
from .by_family import family_means, family_shares
from .overview_table import QUANTITIES, by_family
from .resampling import BOUNDS, Statistic, bootstrap, cohen_d, mean, percent, ratio
from .significance import benjamini_hochberg, paired_permutation, wilson

__all__ = [
    "BOUNDS",
    "CARDS",
    "QUANTITIES",
    "Statistic",
    "benjamini_hochberg",
    "bootstrap",
    "by_family",
    "cohen_d",
    "family_means",
    "family_shares",
    "mean",
    "paired_permutation",
    "percent",
    "ratio",
    "wilson",
]


CARDS = (
    Card(
        "statistics.bootstrap",
        "How far could this number be off, had other images been drawn?",
        "as the statistic",
        "as the statistic",
        papers.CLUSTER_BOOTSTRAP,
    ),
    Card(
        "statistics.by_family",
        "What does each family of perturbations do to answers, states and margins?",
        "shares; % of control; standard deviations; nats",
        "per quantity",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "statistics.family_means",
        "What is this quantity under each family, and how sure is that?",
        "as the quantity",
        "as the quantity",
        papers.CLUSTER_BOOTSTRAP,
    ),
    Card(
        "statistics.family_shares",
        "How often does this happen under each family, of the times it could?",
        "share",
        "[0, 1]",
        papers.CLUSTER_BOOTSTRAP,
    ),
    Card("statistics.wilson", "How far could this rate be off, from few trials?", "share", "[0, 1]", papers.WILSON),
    Card(
        "statistics.benjamini_hochberg",
        "Which of many effects would survive asking so many questions?",
        "adjusted p",
        "[0, 1]",
        papers.FALSE_DISCOVERY,
    ),
    Card(
        "statistics.paired_permutation",
        "Could two models or conditions differ this much by chance?",
        "p",
        "(0, 1]",
        papers.PERMUTATION,
    ),
)
