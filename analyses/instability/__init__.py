"""Hidden instability: states that move although the answer stays, and whether they give a coming flip away.

Of the pairs whose choice did not change, `nearer_to_another` says whose state went over to what another picture gives,
`beyond_nearest` whose moved as far as the nearest unrelated inputs lie apart, `hidden_erosion` whose margin shrank.
`predicts_flip` asks over all pairs how well a drift, an erosion or a margin separates those that flip, and
`where_first` at which layer drift passes its control. The notion is Wani et al.'s, the measures are this project's own;
definitions, section 9.
"""

from .. import papers
from ..cards import Card
from .beyond import QUANTILES, beyond_nearest
from .depth import REFERENCES, where_first
from .neighbours import nearer_to_another
from .prediction import out_of_family, predicts_flip, predicts_flip_within
from .unchanged_answers import eroded_pairs, hidden, hidden_erosion, hidden_pairs

__all__ = [
    "CARDS",
    "QUANTILES",
    "REFERENCES",
    "beyond_nearest",
    "eroded_pairs",
    "hidden",
    "hidden_erosion",
    "hidden_pairs",
    "nearer_to_another",
    "out_of_family",
    "predicts_flip",
    "predicts_flip_within",
    "where_first",
]

CARDS = (
    Card(
        "instability.nearer_to_another",
        "How many unchanged answers sit on a state that is nearer to another picture's than to its own?",
        "1 so, 0 nearer to its own",
        "{0, 1}",
    ),
    Card(
        "instability.beyond_nearest",
        "How many unchanged answers sit on a state farther off than the nearest unrelated ones, family by family?",
        "share of unchanged pairs",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
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
        "instability.predicts_flip_within",
        "How well does a score tell, within one family, the pairs that flip?",
        "AUROC",
        "[0, 1]",
        papers.RANKING,
    ),
    Card(
        "instability.out_of_family",
        "How much does a sample move under all other families?",
        "as the score",
        "as the score",
    ),
    Card(
        "instability.where_first",
        "At which layer does drift first pass the distance between unrelated inputs?",
        "layer; share of images",
        "{0, 1, ...}, infinite; [0, 1]",
    ),
)
