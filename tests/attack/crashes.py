"""Kill, stop or starve a process at any call to the system: what is committed stays, and a resume ends alike."""

import os
import random
import shutil
import signal
from pathlib import Path

from . import forked
from .forked import DONE, FAILED, REFUSED, Work
from .outcome import Outcome
from .store_writer import STORE
from .undisturbed import Calm, attack, ends_alike, is_finished

KILLS_OF_ONE_RUN = 5
"""How often one run in four is killed, each time as it goes on; others are killed once."""


def crash_points(count: int, seed: int, work: Work = STORE) -> Outcome:
    """Kill a process before a call, all over its work, once or again and again; half of the runs wait for the disk."""
    return attack("crash points", _killed, work, count, seed)


def two_writers(count: int, seed: int, work: Work = STORE) -> Outcome:
    """Stop a process anywhere, start another, plainly or to join, kill one or none, and let the first go on."""
    return attack("two writers", _beside, work, count, seed)


def disk_errors(count: int, seed: int, work: Work = STORE) -> Outcome:
    """Let a call fail as on a full, read-only or broken disk."""
    return attack("disk errors", _starved, work, count, seed)


def moved_runs(count: int, seed: int, work: Work = STORE) -> Outcome:
    """Rename or delete the run under a process's hands."""
    return attack("renamed and deleted", _moved, work, count, seed)


def _killed(calm: Calm, path: Path, rng: random.Random) -> str | None:
    durable, safe = rng.random() < 0.5, dict[str, bytes]()
    for _ in range(rng.choice((1, 1, 1, KILLS_OF_ONE_RUN))):
        child = forked.start(calm.work, path, at=rng.randrange(1, calm.calls), act=forked.die, durable=durable)
        if (code := forked.end(child)) not in (-signal.SIGKILL, DONE):
            return f"ended with {code}"
        now = forked.markers(path)
        if not safe.items() <= now.items():
            return f"{sorted(safe.items() - now.items())[0][0]} was committed, and is lost or done again"
        safe = now
    return ends_alike(calm, path)


def _beside(calm: Calm, path: Path, rng: random.Random) -> str | None:
    said, said_second, at = path.with_name("said"), path.with_name("said2"), rng.randrange(1, calm.calls)
    first = forked.start(calm.work, path, at=at, act=forked.stop, said=said)
    is_stopped = forked.stopped(first)
    join, kill_second, kill_first = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.3
    created = (path / "_ledger" / "plan.json").exists()
    act = forked.die if kill_second else (lambda name: None)
    if join and not created:
        join = False  # it would wait for the first, as it should
    second = forked.start(calm.work, path, at=rng.randrange(1, calm.calls), act=act, join=join, said=said_second)
    code = forked.end(second)
    if code is None or (not join and is_stopped and code not in (REFUSED, -signal.SIGKILL, DONE)):
        return f"the second ended with {code}: {forked.text(said_second)}"
    if is_stopped:
        if kill_first:
            os.kill(first, signal.SIGKILL)
        os.kill(first, signal.SIGCONT)
        if (code := forked.end(first)) not in (DONE, -signal.SIGKILL):
            return f"the first ended with {code}: {forked.text(said)}"
    return ends_alike(calm, path)


def _starved(calm: Calm, path: Path, rng: random.Random) -> str | None:
    said = path.with_name("said")
    error = rng.choice(forked.NO_SPACE)
    child = forked.start(calm.work, path, at=rng.randrange(1, calm.calls), act=forked.fail(error), said=said)
    code = forked.end(child)
    words = forked.text(said)
    if code not in (DONE, FAILED, REFUSED):
        return f"errno {error} ended with {code}: {words}"
    if code == DONE and not is_finished(calm, path):
        return f"errno {error}: is called done, and is not: {words}"
    if code == FAILED and not is_reassuring(words, path):
        return f"errno {error} is told as {words!r}"
    return ends_alike(calm, path)


def is_reassuring(words: str, path: Path) -> bool:
    """Whether an error of the run, and not of a file elsewhere, says that nothing of it is lost."""
    return str(path) not in words or "ommitted units are safe" in words or "Nothing in it was lost" in words


def _moved(calm: Calm, path: Path, rng: random.Random) -> str | None:
    said, away = path.with_name("said"), path.with_name("away")
    delete = rng.random() < 0.5

    def move(name: str) -> None:
        if path.exists():
            path.rename(away)
            if delete:
                shutil.rmtree(away)

    at = rng.randrange(calm.calls // 2, calm.calls)
    code = forked.end(forked.start(calm.work, path, at=at, act=move, said=said))
    if code == DONE and not is_finished(calm, path):
        return f"is called done, and is not there: {forked.text(said)}"
    if code == DONE:
        return ends_alike(calm, path)
    if code != FAILED:
        return f"ended with {code}: {forked.text(said)}"
    if path.exists() and any(file.is_file() for file in path.rglob("*")):
        return f"was made again: {sorted(path.rglob('*'))[:5]}"
    shutil.rmtree(path, ignore_errors=True)
    if not delete:
        away.rename(path)
    return ends_alike(calm, path)
