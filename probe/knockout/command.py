"""`probe knockout`: pairs of a run are drawn, attention to their pictures is cut, and `knockout` shows what is lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from hooks import forwards, knockout

from .. import analyze
from ..errors import PlanError
from ..intervening import session
from ..intervening.choice import choose
from ..intervening.setup import Wanted, set_up
from ..results.knockout import PAIRS
from .forwards import Cuts, of_sample
from .stored import dataset
from .windows import windows


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

    What was measured is also kept where it is interrupted. Raises PlanError where nothing can be cut.
    """
    evidence = analyze.opened(path, wanted.seed)
    session.require_scores(evidence)
    pairs = choose(evidence, wanted.pairs, seed=wanted.seed)
    session.require_pairs(evidence, pairs)
    setup = set_up(evidence.run, wanted)
    if reason := knockout.unavailable(setup.model):
        raise PlanError(f"no attention can be cut: {reason}. Use `probe patch`, or another model.")
    try:
        chosen = windows(forwards.layers(setup.model)[-1], wanted.window)
    except ValueError as error:
        raise PlanError(str(error)) from error
    kept = {"windows": chosen, "queries": wanted.queries}
    measured: dict[session.Place, Cuts | str] = {}
    try:
        for asked, places in session.by_sample(evidence, setup, [pair.place for pair in pairs]):
            under = [setup.source.conditions[session.condition_id(evidence.run, place)] for place in places]
            measured |= zip(places, of_sample(asked, under, chosen, wanted.queries), strict=True)
            advance(sum(pair.place in measured for pair in pairs), len(pairs))
    finally:
        if any(not isinstance(made, str) for made in measured.values()):
            session.keep(evidence.run, PAIRS, dataset(evidence.run, pairs, measured, **kept), seed=wanted.seed)
    session.require_measured(measured, "cut")
