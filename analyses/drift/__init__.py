"""Drift: how far a representation moves when its image is perturbed, and how far that is.

`cosine` and `euclidean` measure it per sample, `tokens` per vision token; `control` measures the same distance between
unrelated samples; `relative` puts one over the other. Source: Wani et al. 2026; definitions, section 5.
"""

from .. import papers
from ..cards import Card
from .controls import control, control_pairs, relative
from .dimensions import share_of_largest, standardised
from .distances import cosine, euclidean
from .silent import dimensions_read, length_read, share_read, silent
from .token_drift import tokens

__all__ = [
    "CARDS",
    "control",
    "control_pairs",
    "cosine",
    "dimensions_read",
    "euclidean",
    "length_read",
    "relative",
    "share_of_largest",
    "share_read",
    "silent",
    "standardised",
    "tokens",
]


CARDS = (
    Card(
        "drift.cosine",
        "How far does the representation turn when the image is perturbed?",
        "1 - cosine",
        "[0, 2]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card("drift.euclidean", "How far does the representation move, its length included?", "state units", "[0, inf)"),
    Card(
        "drift.control",
        "How far apart are the representations of unrelated inputs?",
        "as its metric",
        "as its metric",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "drift.control_pairs",
        "How widely do the distances between unrelated inputs spread, before they are averaged?",
        "as its metric",
        "as its metric",
    ),
    Card(
        "drift.relative",
        "Does a perturbation move the state as far as another input would?",
        "% of control; Cohen's d in standard deviations",
        "[0, inf); (-inf, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
    Card("drift.tokens", "Where on the picture does the representation move?", "as its metric", "as its metric"),
    Card(
        "drift.length_read",
        "How much of the move does the answer read: how long is its part along the differences of the options' rows?",
        "state units",
        "[0, inf)",
    ),
    Card("drift.dimensions_read", "How many dimensions does the answer read?", "dimensions", "{0, 1, ...}"),
    Card("drift.share_read", "What share of the move's square does the answer read?", "share", "[0, 1]"),
    Card(
        "drift.standardised",
        "How far does the representation turn when no feature outweighs the others?",
        "1 - cosine",
        "[0, 2]",
        papers.ROGUE_DIMENSIONS,
    ),
    Card(
        "drift.share_of_largest",
        "Do a few dimensions make the drift?",
        "share",
        "[0, 1]",
        papers.ROGUE_DIMENSIONS,
    ),
    Card("drift.silent", "How far does the state move where the answer does not read it?", "state units", "[0, inf)"),
)
