"""What a run found: a table per family with intervals, and a sentence per finding."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from rich import box
from rich.console import Console
from rich.table import Table

from analyses.statistics import by_family
from stores import open_run

from . import findings
from .measures import OWN, Measures, measure

NARROW = 13
"""Width of the column of names in the terminal."""

Estimate = tuple[float, float, float]
"""Estimate, lower and upper end of its 95 % interval."""


class Column(NamedTuple):
    """One column of the table: its heading, how numbers and intervals are written, and what it means."""

    name: str
    heading: str
    factor: float
    digits: int
    interval_digits: int
    meaning: str


COLUMNS = (
    Column(
        "ifr",
        "IFR %",
        100,
        1,
        1,
        "answers that differ from the clean answer, of all (question, condition) pairs",
    ),
    Column("iv", "IV %", 100, 1, 1, "questions whose answer flips under at least one condition of the family"),
    Column("accuracy", "acc. %", 100, 1, 1, "answers that are right"),
    Column(
        "drift_percent",
        "drift %",
        1,
        1,
        0,
        "drift in % of control drift; 100: as far as unrelated samples (another image and question) lie apart",
    ),
    Column(
        "cohen_d",
        "d",
        1,
        2,
        1,
        "Cohen's d of drift against control: far below 0, states move far less than between samples",
    ),
    Column("margin_erosion", "erosion", 1, 2, 2, "how much of the clean choice's lead is lost, in nats"),
)


@dataclass(frozen=True)
class Summary:
    """The table and the findings of one run; `table` has dims (family, quantity, bound)."""

    path: Path
    model: str
    dataset: str
    images: int
    samples: int
    site: str
    table: xr.DataArray
    findings: tuple[str, ...]
    provenance: dict[str, Any]

    @property
    def heading(self) -> str:
        """Which run this is, in one line."""
        return f"{self.model} on {self.dataset}: {self.images} images, {self.samples} questions"

    @property
    def families(self) -> tuple[str, ...]:
        """The perturbation families, without the clean row and the union."""
        return tuple(name for name in self.rows if name not in ("clean", "any"))

    @property
    def rows(self) -> tuple[str, ...]:
        """All rows of the table."""
        return tuple(self.table.family.values.tolist())

    def value(self, family: str, quantity: str) -> Estimate:
        """One cell."""
        estimate, low, high = self.table.sel(family=family, quantity=quantity).values.tolist()
        return estimate, low, high

    def formatted(self, family: str, quantity: str) -> tuple[str, str]:
        """One cell as texts: the estimate and its interval; a dash where undefined."""
        column = next(column for column in COLUMNS if column.name == quantity)
        estimate, low, high = (number * column.factor for number in self.value(family, quantity))
        if not np.isfinite(estimate):
            return "–", ""
        digits = column.interval_digits
        interval = f"{low:.{digits}f}…{high:.{digits}f}" if np.isfinite([low, high]).all() else ""
        return f"{estimate:.{column.digits}f}", interval

    def show(self, console: Console) -> None:
        """Print the table and what it means."""
        table = Table(
            title=self.heading, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False
        )
        table.add_column("family", style="bold", overflow="fold", min_width=NARROW)
        for column in COLUMNS:
            table.add_column(column.heading, justify="right", no_wrap=True)
        for name in self.rows:
            cells = (self.formatted(name, column.name) for column in COLUMNS)
            table.add_row(broken(name), *(f"{estimate}\n[dim]{interval}[/]" for estimate, interval in cells))
        console.print(table)
        place = f"Drift at {self.site}" if self.site else "No drift: the run kept answers only"
        console.print(f"{place}. Small: 95 % intervals, by image.\n", style="dim", highlight=False)
        for finding in self.findings:
            console.print(f"• {finding}", markup=False, highlight=False)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values: families × quantities with their intervals, undefined as null."""
        return {
            "run": str(self.path),
            "model": self.model,
            "dataset": self.dataset,
            "images": self.images,
            "samples": self.samples,
            "site": self.site,
            "families": {name: {c.name: self._cell(name, c.name) for c in COLUMNS} for name in self.rows},
            "findings": list(self.findings),
        }

    def _cell(self, family: str, quantity: str) -> dict[str, float | None]:
        bounds = zip(("estimate", "low", "high"), self.value(family, quantity), strict=True)
        return {bound: number if np.isfinite(number) else None for bound, number in bounds}


def broken(name: str) -> str:
    """A family's name on lines of its own parts, so that no line is cut inside a word.

    >>> broken("text_overlay.semantic"), broken("jpeg_compression"), broken("fog")
    ('text_overlay.\\nsemantic', 'jpeg_\\ncompression', 'fog')
    """
    parts = name.replace(".", ".\n").split("\n")
    return "\n".join(part.replace("_", "_\n", 1) if len(part) > NARROW else part for part in parts)


def summarize(path: str | Path, *, seed: int = 0) -> Summary:
    """The overview of a run. Raises ValueError for a run without what it needs."""
    run = open_run(path)
    measures = measure(run, seed=seed)
    table = tabulate(measures, seed=seed)
    settings = run.plan["settings"]
    return Summary(
        path=Path(path),
        model=settings["model"],
        dataset=settings["dataset"],
        images=run.images.sizes["image"],
        samples=run.samples.sizes["sample"],
        site=measures.site,
        table=table,
        findings=findings.say(measures, table),
        provenance=run.provenance,
    )


def tabulate(measures: Measures, *, seed: int) -> xr.DataArray:
    """(family, quantity, bound) of the measures; "any" is all families but the overlays that repeat the answer."""
    families = dict.fromkeys(measures.flipped.family.values.tolist())
    table = by_family(
        measures.flipped,
        measures.correct,
        measures.drift,
        measures.control,
        measures.erosion,
        any_of=[name for name in families if name not in ("clean", OWN)],
        seed=seed,
    )
    return table.value
