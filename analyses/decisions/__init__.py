"""From scores and states to decisions: which answer to give, which to trust, and which will fail.

`contrastive_scores` reads an answer against a distorted picture; `conformal_margin` says from which clean margin on
answers are trusted not to flip; `flip_probability` foretells flips under a family of perturbations that was not fitted,
and `compared` says how well, beside simpler models.
"""

from .. import papers
from ..cards import Card
from .conformal import conformal_margin, trusted_flips
from .contrastive import ALPHA, BETA, contrastive_scores
from .failure import flip_probability
from .foresight import compared

__all__ = [
    "ALPHA",
    "BETA",
    "CARDS",
    "compared",
    "conformal_margin",
    "contrastive_scores",
    "flip_probability",
    "trusted_flips",
]

CARDS = (
    Card(
        "decisions.contrastive_scores",
        "Which option does the picture speak for most, once what a distorted picture says is taken away?",
        "nats, up to a constant of the sample",
        "[-inf, inf]",
        papers.VISUAL_CONTRASTIVE_DECODING,
    ),
    Card(
        "decisions.conformal_margin",
        "Above which clean margin do at most alpha of an exchangeable image's answers flip, on average?",
        "nats",
        "[0, inf)",
        papers.CONFORMAL_RISK_CONTROL,
    ),
    Card(
        "decisions.trusted_flips",
        "What share of an image's trusted answers flips?",
        "share of pairs",
        "[0, 1]",
        papers.CONFORMAL_RISK_CONTROL,
    ),
    Card(
        "decisions.flip_probability",
        "How likely does an answer flip under a family of perturbations, and on an image, that no model was fitted to?",
        "probability",
        "[0, 1]",
        papers.AVERAGE_THRESHOLDED_CONFIDENCE,
    ),
    Card(
        "decisions.compared",
        "How much better do some features foretell flips than others: rank, squared error, and risk by coverage?",
        "share, squared probability, share",
        "[0, 1]",
        papers.SELECTIVE_CLASSIFICATION,
    ),
)
