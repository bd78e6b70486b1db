"""`probe patch`: the pairs of a run are drawn, patched, kept in the run, and shown as its analysis `patching`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from stores import results

from .. import analyze, code, progress
from ..errors import PlanError
from ..results.patching import PAIRS
from ..terminal import write_json
from .choice import Pair, choose
from .forwards import Patched, of_sample
from .setup import Setup, Wanted, asked, set_up
from .stored import Measured, dataset

if TYPE_CHECKING:
    from stores import Run

    from ..results import Evidence


def run(path: Path, options: Mapping[str, Any], console: Console) -> int:
    """Patch pairs of a run, keep them there, and show what was found."""
    as_json = options["as_json"]
    wanted = Wanted(**{name: value for name, value in options.items() if name != "as_json"})
    with progress.passing("pairs", console, shown=console.is_terminal and not as_json) as advance:
        patch(path, wanted, advance)
    found = analyze.of_run(path, names=["patching"], seed=wanted.seed)
    trouble = analyze.keep(path, found, seed=wanted.seed)
    if as_json:
        write_json(console, analyze.to_json(path, found))
    else:
        analyze.show(found, console)
    if trouble:
        raise PlanError(trouble)
    return 0


def patch(path: Path, wanted: Wanted, advance: Callable[[int, int], None]) -> None:
    """Patch pairs of a run and keep them there.

    What was measured is also kept where it is interrupted. Raises PlanError where nothing can be patched.
    """
    evidence = analyze.opened(path, wanted.seed)
    pairs = drawn(evidence, wanted)
    setup = set_up(evidence.run, wanted)
    measured: dict[tuple[int, int], Patched | str] = {}
    try:
        for place, made in of_pairs(evidence, setup, pairs):
            measured[place] = made
            advance(sum((pair.sample, pair.condition) in measured for pair in pairs), len(pairs))
    finally:
        if any(not isinstance(made, str) for made in measured.values()):
            keep(evidence.run, pairs, measured, wanted)
    reasons = [made for made in measured.values() if isinstance(made, str)]
    if len(reasons) == len(measured):
        raise PlanError(f"none of {len(pairs)} pairs can be patched: {reasons[0]}. Take other perturbations.")


def drawn(evidence: "Evidence", wanted: Wanted) -> tuple[Pair, ...]:
    """The pairs that are patched. Raises PlanError where a run has none."""
    if not evidence.asks or not evidence.has_scores:
        raise PlanError(f"{evidence.run.path} holds no scores of options, whose margins are patched. Use another run.")
    if pairs := choose(evidence, wanted.pairs, seed=wanted.seed):
        return pairs
    raise PlanError(f"{evidence.run.path} holds no perturbation under which an option was chosen. Extract one (-p).")


def of_pairs(
    evidence: "Evidence", setup: Setup, pairs: Sequence[Pair]
) -> Iterator[tuple[tuple[int, int], Patched | str]]:
    """((sample, condition), what came of it) of each pair once, sample by sample."""
    names = evidence.run.conditions.condition.values
    places = sorted({(pair.sample, pair.condition) for pair in pairs})
    for sample, group in groupby(places, key=lambda place: place[0]):
        own = [condition for _, condition in group]
        about = asked(evidence, setup, sample)
        for condition, (_, made) in zip(own, of_sample(about, [str(names[each]) for each in own]), strict=True):
            yield (sample, condition), made


def keep(run: "Run", pairs: Sequence[Pair], measured: Measured, wanted: Wanted) -> None:
    """Write what was measured into the run."""
    data = dataset(run, pairs, measured)
    origin = {"seed": wanted.seed, "utc": datetime.now(UTC).isoformat(timespec="seconds"), **code.revision()}
    results.write(run.path, PAIRS, data, attrs=origin)
