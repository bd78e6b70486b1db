"""`probe steer`: directions are fitted on the pairs of a run, added to its views, kept, and shown as `steering`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from hooks import forwards

from ..errors import PlanError
from ..intervening import session
from ..intervening.asked import Asked, LeftOut, Setup
from ..intervening.choice import Pair, among, draw
from ..intervening.setup import Wanted, chosen_layers
from ..results.steering import PAIRS
from .fitted import Directions, fit, folds
from .forwards import Steered, Views
from .stored import dataset, restored

if TYPE_CHECKING:
    from ..results import Evidence


@dataclass(frozen=True)
class Steering(Wanted):
    """What was asked for: also at which layers (of the model, where None), how strongly, and which tokens."""

    layers: tuple[int, ...] | None = None
    alphas: tuple[float, ...] = (0.0, 1.0)
    tokens: str = "last"


def run(path: Path, options: Mapping[str, Any], console: Console) -> int:
    """Steer views of a run, keep what came of it there, and show what was found."""
    wanted = Steering(**{name: value for name, value in options.items() if name != "as_json"})
    measure = partial(steer, path, wanted)
    return session.run(path, "steering", measure, console, seed=wanted.seed, json=options["as_json"])


def steer(path: Path, wanted: Steering, advance: session.Advance) -> None:
    """Steer views of a run and keep what came of it there.

    What an interrupted call has kept is not steered again. Raises PlanError where nothing can be steered.
    """
    evidence, pairs, setup = session.begun(path, wanted, choose)
    layers = chosen_layers(setup.model, wanted.layers) or spread(forwards.layers(setup.model))
    views = partial(Views, layers=layers, group=wanted.tokens)
    kept = {"layers": layers, "alphas": wanted.alphas, "tokens": wanted.tokens}
    directions = fitted(evidence, setup, pairs, views, wanted.seed)
    work = session.Work(
        name=PAIRS,
        made_by="probe steer",
        settings={"seed": wanted.seed, **kept},
        can="steered",
        measure=partial(of_places, evidence, setup, views, directions, wanted.alphas),
        dataset=partial(dataset, evidence.run, pairs, **kept),
        restore=restored,
    )
    session.carry_out(evidence.run, pairs, work, advance, seed=wanted.seed)


def choose(evidence: "Evidence", count: int, *, seed: int) -> tuple[Pair, ...]:
    """At most `count` pairs: flips up to half, the rest random pairs of any kind, which stand for the run."""
    flipped, known = among(evidence)
    random = np.random.default_rng(seed)
    flips = draw(flipped, count // 2, random)
    rest = draw(known, count - len(flips), random)
    return (*(Pair(*place, "flip") for place in flips), *(Pair(*place, "random") for place in rest))


def spread(layers: range) -> tuple[int, ...]:
    """Four layers at equal distances, the last among them; fewer of a model that has no more.

    >>> spread(range(13)), spread(range(3))
    ((3, 6, 9, 12), (1, 2))
    """
    return tuple(sorted({max(1, round(layers[-1] * part / 4)) for part in (1, 2, 3, 4)}))


def fitted(
    evidence: "Evidence", setup: Setup, pairs: Sequence[Pair], views: Callable[[Asked], Views], seed: int
) -> Directions:
    """The directions of all families, from the random pairs alone. Raises PlanError where no pair tells one."""
    answers, families = evidence.run.answers, evidence.run.conditions.family.values
    fold = folds([str(answers.image.values[pair.sample]) for pair in pairs], seed=seed)
    if len(fold) < 2:
        raise PlanError("the pairs are of one image, and directions are of other images. Extract more images.")
    found: list[tuple[str, str, NDArray[np.float64]]] = []
    reasons: list[str] = []
    for asked, places in session.by_sample(evidence, setup, [pair.place for pair in pairs if pair.kind == "random"]):
        own = views(asked)
        for place in places:
            try:
                moved = own.difference(condition(setup, evidence, place))
            except LeftOut as reason:
                reasons.append(str(reason))
            else:
                found.append((str(families[place[1]]), asked.sample.image_id, moved))
    if not found:
        raise PlanError(f"no pair tells a direction: {reasons[0]}. Take more pairs or other perturbations.")
    return fit(found, fold, seed=seed)


def of_places(
    evidence: "Evidence",
    setup: Setup,
    views: Callable[[Asked], Views],
    directions: Directions,
    alphas: Sequence[float],
    places: Sequence[session.Place],
) -> Iterator[tuple[session.Place, Steered | str]]:
    """What came of the pair at each place, or why it was left out, sample by sample."""
    families = evidence.run.conditions.family.values
    for asked, own in session.by_sample(evidence, setup, places):
        of_sample = views(asked)
        for place in own:
            way = directions.of(str(families[place[1]]), asked.sample.image_id)
            try:
                yield place, of_sample.steered(condition(setup, evidence, place), way, alphas)
            except LeftOut as reason:
                yield place, str(reason)


def condition(setup: Setup, evidence: "Evidence", place: session.Place) -> Any:
    """The condition of a place."""
    return setup.source.conditions[session.condition_id(evidence.run, place)]
