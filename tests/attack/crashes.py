"""Kill, stop or starve a writer at any call that it makes: what is committed stays, and a resume ends alike."""

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import small_run

import stores

from . import forked
from .forked import DONE, FAILED, REFUSED
from .outcome import Outcome

SLOW_SECONDS = 5.0

Case = Callable[[Path, random.Random, int], str | None]
"""Attack a run that is made at a path, given how many calls the work makes: what went wrong, None where nothing."""


def crash_points(count: int, seed: int) -> Outcome:
    """Kill a writer before a call, all over its work; half of the runs wait for the disk."""
    return _attack("crash points", _killed, count, seed)


def two_writers(count: int, seed: int) -> Outcome:
    """Stop a writer anywhere, start another, plainly or to join, kill one or none, and let the first go on."""
    return _attack("two writers", _beside, count, seed)


def full_disks(count: int, seed: int) -> Outcome:
    """Let a call fail as on a full, read-only or broken disk."""
    return _attack("disk errors", _starved, count, seed)


def moved_runs(count: int, seed: int) -> Outcome:
    """Rename or delete the run under a writer's hands."""
    return _attack("renamed and deleted", _moved, count, seed)


def _killed(path: Path, rng: random.Random, calls: int) -> str | None:
    durable = rng.random() < 0.5
    child = forked.start(path, at=rng.randrange(1, calls), act=forked.die, durable=durable)
    if (code := forked.end(child)) not in (-signal.SIGKILL, DONE):
        return f"ended with {code}"
    return _ends_alike(path)


def _beside(path: Path, rng: random.Random, calls: int) -> str | None:
    said, at = path.with_name("said"), rng.randrange(1, calls)
    first = forked.start(path, at=at, act=forked.stop, said=said)
    is_stopped = forked.stopped(first)
    join, kill_second, kill_first = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.3
    created = (path / "_ledger" / "plan.json").exists()
    act = forked.die if kill_second else (lambda name: None)
    if join and not created:
        join = False  # it would wait for the first, as it should
    second = forked.start(path, at=rng.randrange(1, calls), act=act, join=join, said=path.with_name("said2"))
    code = forked.end(second)
    if code is None or (not join and is_stopped and code not in (REFUSED, -signal.SIGKILL, DONE)):
        return f"the second ended with {code}: {_text(path.with_name('said2'))}"
    if is_stopped:
        if kill_first:
            os.kill(first, signal.SIGKILL)
        os.kill(first, signal.SIGCONT)
        if (code := forked.end(first)) not in (DONE, -signal.SIGKILL):
            return f"the first ended with {code}: {_text(said)}"
    return _ends_alike(path)


def _starved(path: Path, rng: random.Random, calls: int) -> str | None:
    said = path.with_name("said")
    error = rng.choice(forked.NO_SPACE)
    child = forked.start(path, at=rng.randrange(1, calls), act=forked.fail(error), said=said)
    code = forked.end(child)
    text = _text(said)
    if code not in (DONE, FAILED, REFUSED):
        return f"errno {error} ended with {code}: {text}"
    if code == FAILED and "ommitted units are safe" not in text and "Nothing in it was lost" not in text:
        return f"errno {error} is told as {text!r}"
    return _ends_alike(path)


def _moved(path: Path, rng: random.Random, calls: int) -> str | None:
    said, away = path.with_name("said"), path.with_name("away")
    delete = rng.random() < 0.5

    def move(name: str) -> None:
        if path.exists():
            path.rename(away)
            if delete:
                shutil.rmtree(away)

    code = forked.end(forked.start(path, at=rng.randrange(calls // 2, calls), act=move, said=said))
    if code == DONE and not away.exists():
        return _ends_alike(path)
    if code == DONE:  # it was moved after the last commit
        away.rename(path)
        return _ends_alike(path)
    if code != FAILED:
        return f"ended with {code}: {_text(said)}"
    if path.exists() and any(file.is_file() for file in path.rglob("*")):
        return f"was made again: {sorted(path.rglob('*'))[:5]}"
    shutil.rmtree(path, ignore_errors=True)
    if not delete:
        away.rename(path)
    return _ends_alike(path)


def _ends_alike(path: Path) -> str | None:
    """Whether what is committed is whole, stays as it is, and a resume makes the run that was never disturbed."""
    before = forked.markers(path)
    if (path / "_ledger" / "plan.json").exists() and (problems := stores.verify(path)):
        return f"committed, and not whole: {problems[0]}"
    said = path.with_name("resumed")
    if (code := forked.end(forked.start(path, said=said))) != DONE:
        return f"the resume ended with {code}: {_text(said)}"
    after = forked.markers(path)
    if redone := [name for name, marker in before.items() if after.get(name) != marker]:
        return f"{redone[0]} was committed, and done again"
    if forked.contents(path) != forked.contents(path.parent.parent / "calm"):
        return "the resumed run has other bytes"
    if problems := stores.verify(path):
        return f"the resumed run is not whole: {problems[0]}"
    left = [file.name for file in (path / "_ledger").iterdir() if file.name not in ("done", "plan.json", "zarr.json")]
    partial = [str(file) for file in path.rglob("*.partial")]
    return f"left behind: {(left + partial)[0]}" if left + partial else None


def _attack(name: str, case: Case, count: int, seed: int) -> Outcome:
    rng, failures, slowest = random.Random(seed), list[str](), 0.0
    with _folder() as folder:
        small_run.make(folder / "calm", small_run.layout())
        calls = forked.calls_of(folder / "counted")
        for number in range(count):
            place = folder / f"{number}"
            place.mkdir()
            started = time.perf_counter()
            if wrong := case(place / "run", rng, calls):
                failures.append(f"{name} {number}: {wrong}")
            slowest = max(slowest, time.perf_counter() - started)
            shutil.rmtree(place)
    return Outcome(name, count, 0, count - len(failures), tuple(failures), slowest)


def _text(file: Path) -> str:
    return file.read_text()[-2000:] if file.exists() else ""


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


RUNS: dict[str, Any] = {
    "crash points": crash_points,
    "two writers": two_writers,
    "disk errors": full_disks,
    "renamed and deleted": moved_runs,
}
