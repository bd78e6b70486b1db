"""`probe knockout`: pairs of a run are drawn, attention to their pictures is cut, and `knockout` shows what is lost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from hooks import forwards, knockout

from ..errors import PlanError
from ..intervening import session
from ..intervening.asked import LeftOut, Setup
from ..intervening.choice import choose
from ..intervening.setup import Wanted
from ..results.knockout import PAIRS
from .forwards import Cuts, under
from .stored import dataset, restored
from .windows import Window, windows

if TYPE_CHECKING:
    from ..results import Evidence


@dataclass(frozen=True)
class Knockout(Wanted):
    """What was asked for: also how many layers are cut together (a quarter where None), and for which tokens."""

    window: int | None = None
    queries: str = "text"


def run(path: Path, options: Mapping[str, Any], console: Console) -> int:
    """Cut attention in views of a run, keep what came of it there, and show what was found."""
    wanted = Knockout(**{name: value for name, value in options.items() if name != "as_json"})
    measure = partial(cut, path, wanted)
    return session.run(path, "knockout", measure, console, seed=wanted.seed, json=options["as_json"])


def cut(path: Path, wanted: Knockout, advance: session.Advance) -> None:
    """Cut attention in views of a run and keep what came of it there.

    What an interrupted call has kept is not cut again. Raises PlanError where nothing can be cut.
    """
    evidence, pairs, setup = session.begun(path, wanted, choose)
    if reason := knockout.unavailable(setup.model):
        raise PlanError(f"no attention can be cut: {reason}. Use `probe patch`, or another model.")
    try:
        chosen = windows(forwards.layers(setup.model)[-1], wanted.window)
    except ValueError as error:
        raise PlanError(str(error)) from error
    kept = {"windows": chosen, "queries": wanted.queries}
    work = session.Work(
        name=PAIRS,
        made_by="probe knockout",
        settings={"seed": wanted.seed, "queries": wanted.queries, "windows": [each.layers for each in chosen]},
        can="cut",
        measure=partial(of_places, evidence, setup, chosen, wanted.queries),
        dataset=partial(dataset, evidence.run, pairs, **kept),
        restore=restored,
    )
    session.carry_out(evidence.run, pairs, work, advance, seed=wanted.seed)


def of_places(
    evidence: "Evidence",
    setup: Setup,
    chosen: tuple[Window, ...],
    queries: str,
    places: Sequence[session.Place],
) -> Iterator[tuple[session.Place, Cuts | str]]:
    """What came of the pair at each place, or why it was left out, sample by sample."""
    for asked, own in session.by_sample(evidence, setup, places):
        for place in own:
            condition = setup.source.conditions[session.condition_id(evidence.run, place)]
            try:
                yield place, under(asked, condition, chosen, queries)
            except LeftOut as reason:
                yield place, str(reason)
