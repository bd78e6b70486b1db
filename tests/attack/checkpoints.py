"""Small checkpoints whose files are changed at random: each is refused in one line, or read; no code of it runs.

All run in one process with a limit on its memory. `python -m attack.checkpoints 3000 0` prints what happened.
"""

import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from attack import memory
from attack.outcome import Outcome

NAME = "checkpoints"
BASES = ("llava", "llava", "clip", "qwen2_vl", "segformer")
SLOWEST_S = 5.0
MEMORY = 4 << 30
"""Bytes beyond those of the imported libraries."""


class Hang(BaseException):
    """It took far longer than it may."""


def run(count: int, seed: int) -> Outcome:
    """Try so many changed checkpoints in a process of their own."""
    tests = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "attack.checkpoints", str(count), str(seed)]
    done = subprocess.run(command, cwd=tests, capture_output=True, text=True, check=False)
    if done.returncode:
        return Outcome(NAME, count, 0, 0, (f"the process ended with {done.returncode}: {done.stderr[-2000:]}",), 0.0)
    told = json.loads(done.stdout.splitlines()[-1])
    return Outcome(**{**told, "failures": tuple(told["failures"])})


def attack(count: int, seed: int) -> Outcome:
    """The same in this process."""
    from attack.checkpoint_changes import CHANGES, SENTINEL

    changes, shares = zip(*CHANGES, strict=True)
    failures: list[str] = []
    counts = {"refused": 0, "accepted": 0}
    slowest, most = 0.0, 0
    with tempfile.TemporaryDirectory() as root:
        made = bases(Path(root))
        for name, folder in made.items():
            read(name, folder, whole=True)  # imports are no part of what is measured
        for number in range(count):
            random = Random(f"{seed} {number}")
            name, folder = random.choice(BASES), Path(root) / "model"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(made[name], folder)
            change = random.choices(changes, shares)[0]
            try:
                done = change(random, folder)
            except (LookupError, OSError):  # a file that this checkpoint does not have
                continue
            label = f"{seed} {number} {name}: {done}"
            started, begun = time.monotonic(), memory.begin()
            try:
                with at_most(4 * SLOWEST_S):
                    counts[read(name, folder, whole=random.random() < 0.4)] += 1
            except ValueError as error:
                counts["refused"] += 1
                if not in_a_line(str(error)):
                    failures.append(f"{label}: said {str(error)[:300]!r}")
            except (Exception, Hang) as error:
                failures.append(f"{label}: {type(error).__name__} {str(error)[:300]!r}")
            took = time.monotonic() - started
            slowest, most = max(slowest, took), max(most, memory.taken_since(begun))
            if took > SLOWEST_S:
                failures.append(f"{label}: took {took:.1f} s")
            if (folder.parent / SENTINEL).exists() or Path(SENTINEL).exists():
                failures.append(f"{label}: its code ran")
                (folder.parent / SENTINEL).unlink(missing_ok=True)
    return Outcome(NAME, count, counts["refused"], counts["accepted"], tuple(failures), round(slowest, 2), most)


def bases(root: Path) -> dict[str, Path]:
    import tiny
    from tiny import segmenters

    found = {name: tiny.checkpoint(name) for name in set(BASES) - {"segformer"}}
    segmenters.segformer(root / "segformer")
    return {**found, "segformer": root / "segformer"}


def read(base: str, folder: Path, *, whole: bool) -> str:
    """Look at a checkpoint as a user's command does, and read a picture with it if `whole`."""
    import tiny

    import hooks
    from hooks import segmentation
    from probe.errors import in_words

    options = hooks.LoadOptions(device="cpu")
    picture = tiny.picture(0, 64, 64)
    if base == "segformer":
        planned = segmentation.blueprint(folder, options)
        _ = planned.classes, planned.description
        if whole:
            segmenter = segmentation.load(planned)
            try:
                segmenter.class_maps([picture], [(64, 64)])
            except Exception as error:
                raise ValueError(in_words(error)) from error
        return "accepted"
    plan = hooks.blueprint(folder, options)
    hooks.view_grids(plan, [(64, 64)])
    if whole:
        model = hooks.load(plan)
        question = hooks.Question("is there a bus?", ("yes", "no"), generate=plan.kind == "generative")
        try:
            reading: Any = hooks.capture.read(model, [hooks.View((picture,), (question,))], (), batch_size=1)
        except Exception as error:  # what one sample's failure is told as
            raise ValueError(in_words(error)) from error
        assert len(reading) == 1
    return "accepted"


def in_a_line(message: str) -> bool:
    """Whether a message is one line of words; what an unknown model type has and lacks may be a list."""
    return bool(message.strip()) and ("\n" not in message or "no family covers" in message) and "\x1b" not in message


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hang(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def limited(work: Callable[[], Outcome]) -> Outcome:
    """Work with so much memory more than there is now."""
    import hooks.loading
    import hooks.segmentation  # noqa: F401

    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    return work()


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    outcome = limited(lambda: attack(int(sys.argv[1]), int(sys.argv[2])))
    sys.stderr.write(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB\n")
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
