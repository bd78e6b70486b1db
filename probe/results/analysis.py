"""What an analysis of a run is: what it needs, what it computes, and how its numbers are shown.

Adding one takes a file with an `ANALYSIS` in it and a line in `registry`; table, sentences, page section, JSON and CSV
follow from the columns and the finding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import xarray as xr

from .sentences import Sentence

if TYPE_CHECKING:
    import altair

Chart: TypeAlias = "altair.TopLevelMixin"
"""A figure; its library is imported where one is drawn."""


@dataclass(frozen=True)
class Column:
    """One column of a table: a variable of the result, its heading and unit, and how its numbers are written.

    `scale` is what a stored number is multiplied by: 100 for shares shown in %. `at` selects along dimensions of the
    variable; each label of a dimension that is left becomes a column of its own, and the heading may name it
    ("{severity:g}"). `meaning` is the sentence of the legend.
    """

    variable: str
    heading: str
    unit: str = ""
    digits: int = 2
    scale: float = 1.0
    meaning: str = ""
    at: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def title(self) -> str:
        """The heading with its unit."""
        return f"{self.heading}{' %' if self.unit == '%' else f', {self.unit}' if self.unit else ''}"


@dataclass(frozen=True)
class Analysis:
    """One analysis of a run.

    `name` is the word of `probe analyze RUN NAME`, of its file and of its section on the page. `needs` names what a run
    must hold (`needs.NEEDS`). `compute` makes the numbers, of a run's `Evidence` or of a `Comparison` of runs: a
    Dataset, whose attributes fill the braces in `title`, or None where there is what is needed but too little of it.
    `rows` is the dimension along which the table runs ("" for one number a line), `hidden_rows` its labels that are
    trivial. `finding` gives the sentences on what was found, each made by `sentences.say`. `on_request` analyses take
    long and are made only where they are named.
    """

    name: str
    title: str
    meaning: str
    needs: tuple[str, ...]
    compute: Callable[[Any], xr.Dataset | None]
    columns: tuple[Column, ...]
    finding: Callable[[xr.Dataset], Sequence[Sentence]]
    figure: "Callable[[xr.Dataset], Chart | None] | None" = None
    rows: str = "family"
    hidden_rows: tuple[str, ...] = ()
    on_request: bool = False


def percent(variable: str, heading: str, **settings: Any) -> Column:
    """A column of shares, shown in percent with one digit."""
    return Column(variable, heading, unit="%", digits=1, scale=100, **settings)
