"""`probe patch`: the pairs of a run are drawn, patched, kept in the run, and shown as its analysis `patching`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from hooks import forwards

from ..intervening import session
from ..intervening.asked import Setup
from ..intervening.choice import choose
from ..intervening.setup import Wanted, chosen_layers
from ..results.patching import PAIRS
from .forwards import Patched, of_sample
from .stored import dataset, restored

if TYPE_CHECKING:
    from ..results import Evidence


@dataclass(frozen=True)
class Patching(Wanted):
    """What was asked for: also at which layers, all where None."""

    layers: tuple[int, ...] | None = None


def run(path: Path, options: Mapping[str, Any], console: Console) -> int:
    """Patch pairs of a run, keep them there, and show what was found."""
    wanted = Patching(**{name: value for name, value in options.items() if name != "as_json"})
    measure = partial(patch, path, wanted)
    return session.run(path, "patching", measure, console, seed=wanted.seed, json=options["as_json"])


def patch(path: Path, wanted: Patching, advance: session.Advance) -> None:
    """Patch pairs of a run and keep them there; what an interrupted call has kept is not patched again.

    Raises PlanError where nothing can be patched.
    """
    evidence, pairs, setup = session.begun(path, wanted, choose)
    known = forwards.layers(setup.model)
    layers = chosen_layers(setup.model, wanted.layers) or tuple(known)
    work = session.Work(
        name=PAIRS,
        made_by="probe patch",
        settings={"seed": wanted.seed, "layers": layers},
        can="patched",
        measure=partial(of_places, evidence, setup, layers),
        dataset=partial(dataset, evidence.run, pairs, layers=layers, deepest=known[-1]),
        restore=restored,
    )
    session.carry_out(evidence.run, pairs, work, advance, seed=wanted.seed)


def of_places(
    evidence: "Evidence", setup: Setup, layers: Sequence[int], places: Sequence[session.Place]
) -> Iterator[tuple[session.Place, Patched | str]]:
    """What came of the pair at each place, sample by sample."""
    for asked, own in session.by_sample(evidence, setup, places):
        names = [session.condition_id(evidence.run, place) for place in own]
        for place, (_, made) in zip(own, of_sample(asked, names, layers), strict=True):
            yield place, made
