"""An intervention from pairs to what is shown: they are measured one by one, kept in the run, and analysed."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rich.console import Console

from stores import DamagedRun, results

from .. import analyze, code, progress
from ..errors import PlanError
from ..terminal import write_json
from .asked import Asked, Setup
from .choice import Pair
from .setup import Wanted, asked, set_up

if TYPE_CHECKING:
    import xarray as xr

    from stores import Run

    from ..results import Evidence

SECONDS = 30
"""How often what was measured is kept meanwhile."""

ASKED, COMPLETE = "asked", "complete"
"""Attributes of kept pairs: what they are an answer to, and whether all of them were measured."""

Place = tuple[int, int]
"""A sample and a condition, by their places in the run."""

Advance = Callable[[int, int], None]

Made = TypeVar("Made")

Measured = Mapping[Place, Made | str]
"""What came of pairs, or why they were left out."""


@dataclass(frozen=True)
class Work(Generic[Made]):
    """An intervention in pairs of a run.

    `name` is that of the result in which they are kept, `made_by` the command that does it, `settings` what else they
    depend on, `can` what is done with them ("patched"). `measure` gives what came of the pairs at some places, one
    after another; `dataset` is what is kept of them, `restore` makes one pair's again of its part of that.
    """

    name: str
    made_by: str
    settings: Mapping[str, Any]
    can: str
    measure: Callable[[Sequence[Place]], Iterator[tuple[Place, Made | str]]]
    dataset: "Callable[[Measured[Made]], xr.Dataset]"
    restore: "Callable[[xr.Dataset], Made]"


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


def begun(
    path: Path, wanted: Wanted, choose: "Callable[..., Sequence[Pair]]"
) -> "tuple[Evidence, Sequence[Pair], Setup]":
    """A run's evidence, the pairs that `choose` takes of it, and its model and pictures.

    Raises PlanError where it holds no scores or no pairs, and as `set_up`.
    """
    evidence = analyze.opened(path, wanted.seed)
    require_scores(evidence)
    pairs = choose(evidence, wanted.pairs, seed=wanted.seed)
    require_pairs(evidence, pairs)
    return evidence, pairs, set_up(evidence.run, wanted)


def require_scores(evidence: "Evidence") -> None:
    """Raise PlanError for a run whose options were not scored."""
    if not evidence.asks or not evidence.has_scores:
        raise PlanError(f"{evidence.run.path} holds no scores of options, whose margins are changed. Use another run.")


def require_pairs(evidence: "Evidence", pairs: Sequence[Pair]) -> None:
    """Raise PlanError where there are no pairs."""
    if not pairs:
        path = evidence.run.path
        raise PlanError(f"{path} holds no perturbation under which an option was chosen. Extract one (-p).")


def by_sample(evidence: "Evidence", setup: Setup, places: Sequence[Place]) -> Iterator[tuple[Asked, list[Place]]]:
    """Each sample once, asked as it was, with its places in order."""
    for sample, group in groupby(sorted(set(places)), key=lambda place: place[0]):
        yield asked(evidence, setup, sample), list(group)


def condition_id(run: "Run", place: Place) -> str:
    """The condition of a place."""
    return str(run.conditions.condition.values[place[1]])


def carry_out(run: "Run", pairs: Sequence[Pair], work: Work[Made], advance: Advance, *, seed: int) -> None:
    """Measure pairs and keep them in the run; those that an interrupted call of the same kind has kept are not again.

    What was measured is kept every half minute, at the end, and where it is interrupted. Raises PlanError where every
    pair was left out.
    """
    question = what_is_asked(run, pairs, work.settings)
    measured: dict[Place, Made | str] = {**resumed(run, pairs, work, question)}
    places = [pair.place for pair in pairs]
    kept = monotonic()

    def keep() -> None:
        if any(not isinstance(made, str) for made in measured.values()):
            done = {ASKED: question, COMPLETE: all(place in measured for place in places)}
            moment = {"seed": seed, "utc": datetime.now(UTC).isoformat(timespec="seconds")}
            data = work.dataset(measured)
            origin = {**moment, **code.revision(), **done}
            results.write(run.path, work.name, data, attrs=origin, made_by=work.made_by)

    try:
        for place, made in work.measure([place for place in places if place not in measured]):
            measured[place] = made
            advance(sum(each in measured for each in places), len(places))
            if monotonic() - kept > SECONDS:
                keep()
                kept = monotonic()
    finally:
        keep()
    reasons = [made for made in measured.values() if isinstance(made, str)]
    if len(reasons) == len(measured):
        doing = f"none of {len(measured)} pairs can be {work.can}: {reasons[0]}"
        raise PlanError(f"{doing}. Take more pairs or other perturbations.")


def what_is_asked(run: "Run", pairs: Sequence[Pair], settings: Mapping[str, Any]) -> str:
    """What measured pairs depend on, in one text: the run, the pairs, the settings and the code."""
    units = sorted(unit.name for unit in run.committed)
    content = [run.plan["hash"], units, [[*pair.place, pair.kind] for pair in pairs], settings, code.revision()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def resumed(run: "Run", pairs: Sequence[Pair], work: Work[Made], question: str) -> dict[Place, Made]:
    """The pairs that an interrupted call has kept; none where it had asked for something else, or was complete."""
    try:
        data = run.result(work.name) if work.name in run.results else None
    except DamagedRun:  # they are measured again
        return {}
    if data is None or data.attrs.get(ASKED) != question or data.attrs.get(COMPLETE):
        return {}
    ids = run.answers.sample.values.astype(str), run.conditions.condition.values.astype(str)
    there = {(str(ids[0][sample]), str(ids[1][condition])): (sample, condition) for sample, condition in _places(pairs)}
    names = zip(data["sample"].values.tolist(), data["condition"].values.tolist(), strict=True)
    return {there[name]: work.restore(data.isel(pair=place)) for place, name in enumerate(names)}


def _places(pairs: Sequence[Pair]) -> set[Place]:
    return {pair.place for pair in pairs}
