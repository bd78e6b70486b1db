"""Kill an extraction with two workers at random moments: the coordinator, a worker, or all of them, again and again."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import stores

from . import forked
from .extraction import extract, model
from .forked import Work
from .outcome import Outcome

START = """
import sys
from probe.extraction import plan
plan.LARGEST_BLOCK = 2  # many small blocks, so that both workers have some
from probe.cli import main
main(sys.argv[1:])
"""
COMMAND = (
    "extract", "pocket-vlm", "streets", "-n", "8", "-p", "driving:1", "--keep", "answers", "--device", "cpu",
    "--seed", "3",
)  # fmt: skip
ALONE = Work("one process", partial(extract, command=COMMAND, block=2), prepare=model)
LIMIT_SECONDS = 300.0
GRACE_SECONDS = 5.0
USUAL_SECONDS = 14.0
"""What a run with two workers takes on two quiet cores: it is killed at some moment of that."""


def kills(count: int, seed: int) -> Outcome:
    """Kill `count` times; each time the same command goes on. One process finishes: the run is that of a calm one."""
    rng, failures, slowest, done = random.Random(seed), list[str](), 0.0, 0
    folder = Path(tempfile.mkdtemp(prefix="workers-"))
    try:
        ALONE.prepare()
        if wrong := _alone(folder / "calm"):
            raise RuntimeError(wrong)
        calm = forked.contents(folder / "calm")
        while done < count:
            run = folder / "run"
            shutil.rmtree(run, ignore_errors=True)
            while done < count:
                before = forked.markers(run)
                whom = rng.choice(("coordinator", "worker", "all"))
                killed, wrong, seconds = _killed_once(run, whom, rng.uniform(0, USUAL_SECONDS))
                slowest = max(slowest, seconds)
                after = forked.markers(run)
                changed = [name for name, marker in before.items() if after.get(name) != marker]
                if wrong or changed:
                    failures.append(f"{whom}: {wrong or f'{changed[0]} was lost or done again'}")
                if (run / "_ledger" / "plan.json").exists() and (problems := stores.verify(run)):
                    failures.append(f"{whom}: {problems[0]}")
                done += killed
                if not killed:
                    break
            if (wrong := _alone(run)) or forked.contents(run) != calm:
                failures.append(wrong or "the finished run has other bytes than a calm one")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome("kills with two workers", done, 0, done - len(failures), tuple(failures), slowest)


def _alone(run: Path) -> str:
    """Make or finish a run in one process: what went wrong."""
    said = run.with_name("said")
    code = forked.end(forked.start(ALONE, run, said=said), seconds=LIMIT_SECONDS)
    return "" if code == forked.DONE else f"alone, it ended with {code}: {forked.text(said)}"


def _command(run: Path) -> list[str]:
    return [sys.executable, "-c", START, *COMMAND, "-o", str(run), "--workers", "2"]


def _killed_once(run: Path, whom: str, after: float) -> tuple[bool, str, float]:
    """Start the command and kill somebody: whether anybody was killed, what went wrong, and how long it took to end."""
    with tempfile.TemporaryFile() as said:
        started = subprocess.Popen(_command(run), stdout=said, stderr=said, start_new_session=True, env=_environment())
        limit = time.monotonic() + after
        while time.monotonic() < limit and started.poll() is None:
            time.sleep(0.01)
        if started.poll() is not None:
            return False, "" if started.returncode == 0 else f"ended with {started.returncode}", 0.0
        family = _family(started.pid)
        workers = family[1:]
        if whom == "worker" and not workers:
            whom = "coordinator"
        moment = time.monotonic()
        for pid in {"coordinator": [started.pid], "worker": workers[-1:], "all": family}[whom]:
            _kill(pid)
        try:
            code = started.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            _kill_group(started.pid)
            return True, "did not end", LIMIT_SECONDS
        seconds = time.monotonic() - moment if whom != "worker" else 0.0
        wrong = ""
        if whom == "worker" and code not in (0, -signal.SIGKILL):  # one dead worker ends nothing
            said.seek(0)
            wrong = f"ended with {code}: {said.read()[-500:].decode(errors='replace')}"
        if left := _left(started.pid):
            wrong = wrong or f"processes {left} outlived it by {GRACE_SECONDS} s"
            _kill_group(started.pid)
        return True, wrong, seconds


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def _family(pid: int) -> list[int]:
    """A process and all that come from it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def _left(session: int) -> list[int]:
    """The processes of a session that still live after a while."""
    limit = time.monotonic() + GRACE_SECONDS
    while left := _of_session(session):
        if time.monotonic() > limit:
            return left
        time.sleep(0.05)
    return []


def _of_session(session: int) -> list[int]:
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of = (process / "stat").read_bytes().rpartition(b")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(of) == session and state not in (b"Z", b"X"):
            found.append(int(process.name))
    return found


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    for each in _of_session(pid):
        _kill(each)
