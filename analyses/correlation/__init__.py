"""Correlation: whether two quantities rise and fall together, across conditions or across images.

`pearson` and `spearman` give the number, `interval` how far it could be off, `permutation` whether chance would do; a
`table` holds all of it for many pairs, such as the drop of segmentation quality against hallucination and omission.
Source: Cheng, section 3.6; definitions, sections 14 and 15.
"""

from .. import papers
from ..cards import Card
from ..statistics.image_resamples import bounds, by_image, resampled
from .coefficients import interval, pearson, permutation, spearman
from .tables import table

__all__ = ["CARDS", "bounds", "by_image", "interval", "pearson", "permutation", "resampled", "spearman", "table"]


CARDS = (
    Card(
        "correlation.pearson",
        "Do two quantities rise and fall together, in proportion?",
        "correlation",
        "[-1, 1]",
        papers.DEGRADATION,
    ),
    Card(
        "correlation.spearman",
        "Do two quantities rise and fall together, in whatever proportion?",
        "rank correlation",
        "[-1, 1]",
        papers.DEGRADATION,
    ),
    Card(
        "correlation.interval",
        "How far could a correlation be off, had other images or conditions been drawn?",
        "correlation",
        "[-1, 1]",
        papers.CLUSTER_BOOTSTRAP,
    ),
    Card(
        "correlation.permutation",
        "Would pairs put together by chance correlate as strongly?",
        "p",
        "(0, 1]",
        papers.PERMUTATION,
    ),
    Card(
        "correlation.table",
        "Does segmentation quality tell when a language model errs?",
        "correlation; p",
        "[-1, 1]; [0, 1]",
        papers.DEGRADATION,
    ),
    Card(
        "correlation.resampled",
        "What would a number made from all images be, had other images been drawn?",
        "as the statistic",
        "as the statistic",
        papers.CLUSTER_BOOTSTRAP,
    ),
    Card(
        "correlation.bounds",
        "How far could a number made from all images, or a difference of two, be off?",
        "as the number",
        "as the number",
        papers.CLUSTER_BOOTSTRAP,
    ),
    Card(
        "correlation.by_image", "What is each image's value, over all questions to it?", "as the value", "as the value"
    ),
)
