"""Statistics over samples, each with an interval by image: means, shares, effect sizes, tests.

`bootstrap` serves any statistic of samples, `by_family` any quantity of (sample, condition) pairs. Definitions, section
15.
"""

from .. import papers
from ..cards import Card
from .by_family import ALL, by_family, per_sample
from .correlated import CORRELATION
from .extremes import SIDES, leads
from .image_resamples import bounds, resampled
from .jackknife import jackknife
from .quantiles import median
from .rates import rate
from .reductions import COHEN_D, EVER, MEAN, PERCENT, RATIO, SHARE, Reduction, ever_among, pooled
from .resampling import BOUNDS, Statistic, bootstrap, cohen_d, mean, percent, ratio
from .significance import benjamini_hochberg, exchanged_p, paired_permutation, remade_p, swapped_p, wilson

__all__ = [
    "ALL",
    "BOUNDS",
    "CARDS",
    "COHEN_D",
    "CORRELATION",
    "EVER",
    "MEAN",
    "PERCENT",
    "RATIO",
    "SHARE",
    "SIDES",
    "Reduction",
    "Statistic",
    "benjamini_hochberg",
    "bootstrap",
    "bounds",
    "by_family",
    "cohen_d",
    "ever_among",
    "exchanged_p",
    "jackknife",
    "leads",
    "mean",
    "median",
    "paired_permutation",
    "per_sample",
    "percent",
    "pooled",
    "rate",
    "ratio",
    "remade_p",
    "resampled",
    "swapped_p",
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
        "What does a quantity come to under each family of perturbations, and how sure is that?",
        "as the quantity",
        "as the quantity",
        papers.CLUSTER_BOOTSTRAP,
    ),
    Card(
        "statistics.rate",
        "How far could this rate be off, had other images been drawn, be they few or many?",
        "share",
        "[0, 1]",
        papers.EFFECTIVE_SAMPLE_SIZE,
    ),
    Card(
        "statistics.leads",
        "Is the highest (or lowest) of many told from the next by these images?",
        "as the numbers",
        "as the numbers",
        papers.CLUSTER_BOOTSTRAP,
    ),
    Card(
        "statistics.jackknife",
        "How far could a number be off that is made from the layout of all images at once?",
        "as the number",
        "as the number",
        papers.JACKKNIFE,
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
    Card(
        "statistics.exchanged_p",
        "Could two models differ this much by chance in a ratio or an effect size?",
        "p",
        "(0, 1]",
        papers.PERMUTATION,
    ),
    Card(
        "statistics.remade_p",
        "Could two models differ this much by chance in a quantile?",
        "p",
        "(0, 1]",
        papers.PERMUTATION,
    ),
    Card(
        "statistics.swapped_p",
        "Which of many differences between two models could be chance?",
        "p",
        "(0, 1]",
        papers.PERMUTATION,
    ),
)
