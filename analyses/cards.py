"""What each analysis answers, in which unit and range, and whom to cite.

A card stands beside the function that it describes, in the `CARDS` of its module; `registry` collects them.
"""

from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

from .papers import BIBTEX

MODULES = (
    "drift",
    "instability",
    "margins",
    "lens",
    "tuned_lens",
    "attention",
    "patching",
    "steering",
    "knockout",
    "flips",
    "dirichlet",
    "spectral",
    "frequency.thresholds",
    "frequency.heatmap",
    "frequency.sensitivity",
    "frequency.coherence",
    "priors",
    "attribution",
    "corruption",
    "misalignment",
    "misalignment.chair",
    "alignment",
    "probing",
    "segmentation",
    "correlation",
    "calibration",
    "decisions",
    "statistics",
    "scoring",
)
"""The modules that carry cards, in the order in which a reader meets them."""


@dataclass(frozen=True)
class Card:
    """One analysis in words: the question that it answers and how to read the number.

    `name` is where the function lies ("drift.cosine"); `range` reads "[0, 2]"; `paper` is a key of `papers.BIBTEX`, or
    "" where the analysis is this project's own.
    """

    name: str
    question: str
    unit: str
    range: str
    paper: str = ""

    @property
    def bibtex(self) -> str:
        """The BibTeX entry of the paper; "" where the analysis is this project's own."""
        return BIBTEX[self.paper] if self.paper else ""


def registry() -> MappingProxyType[str, Card]:
    """Every card by name, in reading order.

    >>> registry()["flips.rates"].unit
    'share'
    """
    cards: dict[str, Card] = {}
    for module in MODULES:
        for card in import_module(f"analyses.{module}").CARDS:
            cards[card.name] = card
    return MappingProxyType(cards)


def card(name: str) -> Card:
    """One card by name; KeyError listing the names where it is unknown."""
    cards = registry()
    if name not in cards:
        raise KeyError(f"no analysis {name!r}. There are: {', '.join(cards)}.")
    return cards[name]


def bibliography(*names: str) -> str:
    """The BibTeX entries that the named analyses rest on, each once; all analyses where none is named.

    >>> print(bibliography("flips.rates").splitlines()[0])
    @misc{wani2026same,
    """
    chosen = [card(name) for name in names] or list(registry().values())
    return "\n\n".join(dict.fromkeys(entry for entry in (one.bibtex for one in chosen) if entry))
