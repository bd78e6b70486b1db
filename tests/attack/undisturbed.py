"""What comes of a run that nobody disturbs, and whether a disturbed one, resumed, comes to the same."""

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import stores

from . import forked
from .forked import DONE, Work
from .outcome import Outcome


@dataclass(frozen=True)
class Calm:
    """A work, the calls to the system that it makes where nobody disturbs it, and the files that it leaves."""

    work: Work
    calls: int
    contents: dict[str, bytes]
    sizes: dict[str, int]
    """The bytes of each file, the ledger's among them; folders have none."""


Case = Callable[[Calm, Path, random.Random], str | None]
"""Attack a run that is made at a path: what went wrong, None where nothing."""


def attack(name: str, case: Case, work: Work, count: int, seed: int) -> Outcome:
    """Attack a work so often, each time on another path."""
    rng, failures, slowest = random.Random(seed), list[str](), 0.0
    calm = of(work)
    with _folder() as folder:
        for number in range(count):
            place = folder / f"{number}"
            place.mkdir()
            started = time.perf_counter()
            if wrong := case(calm, place / "run", rng):
                failures.append(f"{name} of {work.name}, {number}: {wrong}")
            slowest = max(slowest, time.perf_counter() - started)
            shutil.rmtree(place)
    return Outcome(f"{name}, {work.name}", count, 0, count - len(failures), tuple(failures), slowest)


def is_finished(calm: Calm, path: Path) -> bool:
    """Whether all units of a run are committed."""
    names = {Path(name).name for name in calm.sizes if name.startswith("_ledger/done/")}
    return set(forked.markers(path)) == names


def ends_alike(calm: Calm, path: Path) -> str | None:
    """Whether what is committed is whole, stays as it is, and a resume makes the run that was never disturbed."""
    before = forked.markers(path)
    if (path / "_ledger" / "plan.json").exists() and (problems := stores.verify(path)):
        return f"committed, and not whole: {problems[0]}"
    said = path.with_name("resumed")
    if (code := forked.end(forked.start(calm.work, path, said=said))) != DONE:
        return f"the resume ended with {code}: {forked.text(said)}"
    after = forked.markers(path)
    if redone := [name for name, marker in before.items() if after.get(name) != marker]:
        return f"{redone[0]} was committed, and done again"
    if forked.contents(path) != calm.contents:
        return "the resumed run has other bytes"
    if problems := stores.verify(path):
        return f"the resumed run is not whole: {problems[0]}"
    left = {str(file.relative_to(path)) for file in path.rglob("*")} - {*calm.sizes}
    return f"left behind: {', '.join(sorted(left))}" if left else None


@cache
def of(work: Work) -> Calm:
    """What comes of a work; it is done once."""
    work.prepare()
    with _folder() as folder:
        path = folder / "run"
        calls = forked.calls_of(work, path)
        sizes = {str(file.relative_to(path)): file.stat().st_size if file.is_file() else 0 for file in path.rglob("*")}
        return Calm(work, calls, forked.contents(path), sizes)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
