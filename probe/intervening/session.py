"""An intervention from pairs to what is shown: they are measured one by one, kept in the run, and analysed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from stores import results

from .. import analyze, code, progress
from ..errors import PlanError
from ..terminal import write_json
from .asked import Asked, Setup
from .setup import asked

if TYPE_CHECKING:
    import xarray as xr

    from stores import Run

    from ..results import Evidence

Place = tuple[int, int]
"""A sample and a condition, by their places in the run."""

Advance = Callable[[int, int], None]


def run(path: Path, name: str, measure: Callable[[Advance], None], console: Console, *, seed: int, json: bool) -> int:
    """Measure, with a bar, and show the analysis of this name, which is kept in the run."""
    with progress.passing("pairs", console, shown=console.is_terminal and not json) as advance:
        measure(advance)
    found = analyze.of_run(path, names=[name], seed=seed)
    trouble = analyze.keep(path, found, seed=seed)
    if json:
        write_json(console, analyze.to_json(path, found))
    else:
        analyze.show(found, console)
    if trouble:
        raise PlanError(trouble)
    return 0


def require_scores(evidence: "Evidence") -> None:
    """Raise PlanError for a run whose options were not scored."""
    if not evidence.asks or not evidence.has_scores:
        raise PlanError(f"{evidence.run.path} holds no scores of options, whose margins are changed. Use another run.")


def require_pairs(evidence: "Evidence", pairs: Sequence[object]) -> None:
    """Raise PlanError where there are no pairs."""
    if not pairs:
        raise PlanError(
            f"{evidence.run.path} holds no perturbation under which an option was chosen. Extract one (-p)."
        )


def require_measured(measured: Mapping[Place, object], can: str) -> None:
    """Raise PlanError where every pair was left out; `can` says what was to be done with them."""
    reasons = [made for made in measured.values() if isinstance(made, str)]
    if len(reasons) == len(measured):
        raise PlanError(
            f"none of {len(measured)} pairs can be {can}: {reasons[0]}. Take more pairs or other perturbations."
        )


def by_sample(evidence: "Evidence", setup: Setup, places: Sequence[Place]) -> Iterator[tuple[Asked, list[Place]]]:
    """Each sample once, asked as it was, with its places in order."""
    for sample, group in groupby(sorted(set(places)), key=lambda place: place[0]):
        yield asked(evidence, setup, sample), list(group)


def condition_id(run: "Run", place: Place) -> str:
    """The condition of a place."""
    return str(run.conditions.condition.values[place[1]])


def keep(run: "Run", name: str, data: "xr.Dataset", *, seed: int) -> None:
    """Write what was measured into the run."""
    origin = {"seed": seed, "utc": datetime.now(UTC).isoformat(timespec="seconds"), **code.revision()}
    results.write(run.path, name, data, attrs=origin)
