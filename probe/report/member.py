"""What the page shows of one run: what it is of, what is missing, its results, its samples, and how to repeat it."""

import json
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from analyses import statistics
from stores import IncompleteRun, Run, open_run, summary

from .. import citations, info, kept_results
from ..kept_comparison import COMPARISON
from ..results import ANALYSES, Evidence, Result, analyze, noise_floor
from ..results.needs import missing
from .tables import Drawn, table

FAILED_SHOWN = 20

LEADING = ("instability", "overview", "scores")
"""The analyses whose first finding may stand at the top of the page: the first of them that found something."""


@dataclass(frozen=True)
class Member:
    """One run on the page, under its folder's name. `evidence` is None of a kept comparison, which has no answers."""

    name: str
    path: Path
    run: Run
    evidence: Evidence | None
    results: tuple[Result, ...]
    seed: int

    @cached_property
    def facts(self) -> dict[str, str]:
        """What the run is of, by name."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IncompleteRun)  # told by `notices`
            return info.in_short(summary(self.path))

    @property
    def subject(self) -> str:
        """The model and its dataset; of a comparison, what is compared."""
        if COMPARISON in self.run.plan:
            return " against ".join(self.run.plan[COMPARISON]["runs"])
        settings = self.run.plan.get("settings", {})
        return f"{settings.get('model', 'a model')} on {settings.get('dataset', 'a dataset')}"

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """What the run lacks, a sentence each: units that are not committed, samples that failed, mere noise."""
        return (*_notices(self.run), *_within_noise(self.results))

    @cached_property
    def absent(self) -> tuple[tuple[str, str], ...]:
        """The analyses that were not made, each with what the run would have to hold and how to get it."""
        return () if self.evidence is None else tuple(_absent(self.evidence, self.results))

    @property
    def headline(self) -> str:
        """The finding that stands first; empty where nothing was found."""
        by_name = {result.name: result.findings for result in self.results}
        return next((by_name[name][0] for name in LEADING if by_name.get(name)), "")

    @property
    def tiles(self) -> tuple[tuple[str, Drawn, str], ...]:
        """The overview's numbers over all perturbations: heading, number, explanation."""
        for result in self.results:
            if result.name == "overview":
                shown = table(result)
                cells = next((cells for name, cells in shown.rows if name == statistics.ALL), ())
                headed = zip(shown.headings[1:], cells, strict=False)
                return tuple(
                    (heading, cell, meaning) for (heading, meaning), cell in headed if not math.isnan(cell.order)
                )
        return ()

    @property
    def provenance(self) -> str:
        """Everything that the run says of where it comes from, as JSON."""
        record: dict[str, Any] = {"settings": self.run.plan.get("settings", {}), "provenance": self.run.provenance}
        return json.dumps(record, indent=1, ensure_ascii=False)

    @property
    def command(self) -> str:
        """The command that made the run; empty where none is kept."""
        return str(self.run.provenance.get("command", ""))

    @cached_property
    def bibliography(self) -> str:
        """The BibTeX of the papers behind the run."""
        return citations.of_run(self.run)


def member(path: Path, name: str, *, seed: int) -> Member:
    """A run with all that it allows; of analyses made on request those whose results it keeps.

    Raises DamagedRun where files of the run are missing, ValueError or FileNotFoundError where there is no run.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteRun)
        run = open_run(path)
    if COMPARISON in run.plan:
        return Member(name, path, run, None, (), seed)
    evidence = Evidence(run, seed)
    return Member(name, path, run, evidence, _results(evidence), seed)


def _results(evidence: Evidence) -> tuple[Result, ...]:
    """All that the run allows, those that it keeps as they are."""
    there = kept_results.kept(evidence.run, evidence.seed)
    made = {result.name: result for result in analyze(evidence, without=there)} | there
    return tuple(made[name] for name in ANALYSES if name in made)


def _notices(run: Run) -> Iterator[str]:
    units = run.sizes.blocks * run.sizes.conditions
    if run.missing:
        yield (
            f"This run is incomplete: {len(run.missing):,} of {units:,} units of work are missing. Every number "
            "below is of what is there. Rerun the command that made it to finish it."
        )
    if failed := run.failed:
        named = [info.named(*each).strip() for each in list(failed.items())[:FAILED_SHOWN]]
        more = f" … and {len(failed) - FAILED_SHOWN:,} more" if len(failed) > FAILED_SHOWN else ""
        yield f"{len(failed):,} samples could not be measured and are left out: {'; '.join(named)}{more}"
    for name, units_of in run.segmented.items():
        if len(units_of) < units:
            yield f"The segmentation {name} is incomplete: {units - len(units_of):,} of {units:,} units are missing."


def _within_noise(results: Sequence[Result]) -> Iterator[str]:
    """The families whose effect reading the same picture again has too."""
    for result in results:
        if result.name == noise_floor.ANALYSIS.name and (names := noise_floor.below(result.data)):
            yield f"States move under {', '.join(names)} no farther than when the same picture is read again."


def _absent(evidence: Evidence, results: Sequence[Result]) -> Iterator[tuple[str, str]]:
    made = {result.name for result in results}
    for analysis in ANALYSES.values():
        if analysis.name in made:
            continue
        if lacking := missing(evidence, analysis.needs):
            what, cure = " and ".join(need.what for need in lacking), " ".join(need.cure for need in lacking)
            yield analysis.name, f"needs {what}. {cure}"
        elif analysis.on_request:
            yield (
                analysis.name,
                f"takes long and is made where it is named: probe analyze {evidence.run.path} {analysis.name}",
            )
        else:
            yield analysis.name, "the run holds too little for it."
