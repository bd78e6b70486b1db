"""From scores and states to decisions: which answer to give, which to trust, and which will fail.

`contrastive_scores` reads an answer against a distorted picture.
"""

from .. import papers
from ..cards import Card
from .contrastive import ALPHA, BETA, contrastive_scores

__all__ = ["ALPHA", "BETA", "CARDS", "contrastive_scores"]

CARDS = (
    Card(
        "decisions.contrastive_scores",
        "Which option does the picture speak for most, once what a distorted picture says is taken away?",
        "nats, up to a constant of the sample",
        "[-inf, inf]",
        papers.VISUAL_CONTRASTIVE_DECODING,
    ),
)
