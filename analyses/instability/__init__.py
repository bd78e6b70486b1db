"""Hidden instability: states that move although the answer stays, and whether they give a coming flip away.

Of the pairs whose choice did not change, `hidden` is the share on a state that moved as far as unrelated inputs lie
apart, and `hidden_erosion` the share that lost some of their margin; intervals: `statistics.by_family` of the pairs.
`predicts_flip` asks over all pairs how well a drift, an erosion or a margin separates those that flip, and
`where_first` at which layer it begins. The notion is Wani et al.'s, the measures are this project's own; definitions,
section 9.
"""

from .. import papers
from ..cards import Card
from .depth import LEAST, where_first
from .prediction import predicts_flip
from .unchanged_answers import eroded_pairs, hidden, hidden_erosion, hidden_pairs

__all__ = [
    "CARDS",
    "LEAST",
    "eroded_pairs",
    "hidden",
    "hidden_erosion",
    "hidden_pairs",
    "predicts_flip",
    "where_first",
]

CARDS = (
    Card(
        "instability.hidden",
        "How many unchanged answers hide a state that moved as far as unrelated inputs lie apart?",
        "share of unchanged pairs",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "instability.hidden_pairs",
        "Did the answer stay while its state moved as far as unrelated inputs lie apart?",
        "1 so, 0 it stayed near",
        "{0, 1}",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "instability.hidden_erosion",
        "How many unchanged answers lost some of their margin?",
        "share of unchanged pairs",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "instability.eroded_pairs",
        "Did the answer stay while its margin shrank?",
        "1 so, 0 it did not shrink",
        "{0, 1}",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "instability.predicts_flip",
        "How well does a drift, an erosion or a margin tell the pairs that flip?",
        "AUROC; average precision",
        "[0, 1]",
        papers.RANKING,
    ),
    Card(
        "instability.where_first",
        "At which layer does the state first move beyond control, behind answers that stay?",
        "share of unchanged pairs; layer",
        "[0, 1]; {0, 1, ...}",
    ),
)
