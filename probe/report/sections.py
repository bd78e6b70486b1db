"""The sections of the page: one for each analysis, with a panel for each run or pair of runs that it was made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyses.cards import Card

from ..citations import MEASURES, cards_of
from ..results import Result
from .tables import Table, table


@dataclass(frozen=True)
class Panel:
    """One result: of the run or pair `of`, empty where the page has one run. `chart` is its figure as Vega-Lite."""

    of: str
    result: Result
    table: Table
    chart: dict[str, Any] | None


@dataclass(frozen=True)
class Section:
    """One analysis: what it was made of, and the cards of its measures."""

    name: str
    panels: tuple[Panel, ...]
    cards: tuple[Card, ...]

    @property
    def title(self) -> str:
        """The analysis as a heading: that of its table where it is of one run, else its name in words."""
        first, *others = self.panels
        return self.words.capitalize() if others or first.of else first.result.title

    @property
    def words(self) -> str:
        """The name of the analysis in words."""
        return self.name.replace("_", " ")


def sections(found: Iterable[tuple[str, Result]]) -> tuple[Section, ...]:
    """Results, each with the run or pair that it is of, together by analysis, in the order in which these come."""
    panels: dict[str, list[Panel]] = {}
    for of, result in found:
        panels.setdefault(result.name, []).append(panel(of, result))
    return tuple(Section(name, tuple(each), cards_for(name)) for name, each in panels.items())


def panel(of: str, result: Result) -> Panel:
    """A result with its table, and its figure where it draws one."""
    figure = result.figure
    return Panel(of, result, table(result), None if figure is None else figure.to_dict())


def cards_for(name: str, measures: Mapping[str, Sequence[str]] = MEASURES) -> tuple[Card, ...]:
    """The cards of an analysis, each once."""
    return tuple({card.name: card for measure in measures.get(name, ()) for card in cards_of(measure)}.values())
