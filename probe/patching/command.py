"""`probe patch`: the pairs of a run are drawn, patched, kept in the run, and shown as its analysis `patching`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import analyze
from ..intervening import session
from ..intervening.choice import choose
from ..intervening.setup import Wanted, set_up
from ..results.patching import PAIRS
from .forwards import Patched, of_sample
from .stored import dataset


def run(path: Path, options: Mapping[str, Any], console: Console) -> int:
    """Patch pairs of a run, keep them there, and show what was found."""
    wanted = Wanted(**{name: value for name, value in options.items() if name != "as_json"})
    return session.run(
        path,
        "patching",
        lambda advance: patch(path, wanted, advance),
        console,
        seed=wanted.seed,
        json=options["as_json"],
    )


def patch(path: Path, wanted: Wanted, advance: session.Advance) -> None:
    """Patch pairs of a run and keep them there.

    What was measured is also kept where it is interrupted. Raises PlanError where nothing can be patched.
    """
    evidence = analyze.opened(path, wanted.seed)
    session.require_scores(evidence)
    pairs = choose(evidence, wanted.pairs, seed=wanted.seed)
    session.require_pairs(evidence, pairs)
    setup = set_up(evidence.run, wanted)
    measured: dict[session.Place, Patched | str] = {}
    try:
        for asked, places in session.by_sample(evidence, setup, [pair.place for pair in pairs]):
            names = [session.condition_id(evidence.run, place) for place in places]
            for place, (_, made) in zip(places, of_sample(asked, names), strict=True):
                measured[place] = made
                advance(sum(pair.place in measured for pair in pairs), len(pairs))
    finally:
        if any(not isinstance(made, str) for made in measured.values()):
            session.keep(evidence.run, PAIRS, dataset(evidence.run, pairs, measured), seed=wanted.seed)
    session.require_measured(measured, "patched")
