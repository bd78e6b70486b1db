"""Work on a run's store in a process of its own, which dies, stops or meets an error at a chosen call to the system."""

import errno
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import small_run

import stores
from stores import ledger

CALLS = ("open", "writev", "fsync", "replace", "unlink", "mkdir", "link", "rmdir", "utime")
REFUSED, FAILED, CRASHED, DONE = 3, 4, 5, 0
WAIT_SECONDS = 60.0

Act = Callable[[str], None]
"""What happens instead of a call to the system, by its name; it may return, and the call is then made."""


def work(path: Path, *, join: bool = False, durable: bool = False) -> None:
    """Create a small run or go on with it, as an extraction does: own it, claim blocks, commit what is missing."""
    plan = small_run.layout()
    with stores.writing(path, join=join) as own:
        if ledger.read_plan(path) is None:
            stores.create(path, plan, plan=small_run.PLAN, provenance=small_run.PROVENANCE, durable=durable)
        ledger.remove_unfinished(path)
        record = ledger.read_record(path)
        assert record is not None
        ledger.withdraw(path, stores.changed(path, record))
        writer = stores.Writer(path, plan, plan_hash=small_run.PLAN["hash"], durable=durable, permission=own.check)
        for block in range(plan.blocks):
            if own.claim_block(block):
                for unit in (unit for unit in ledger.missing(path, plan) if unit.block == block):
                    writer.commit(unit, small_run.payload(plan, unit), report={})


@dataclass
class Counter:
    """Counts the calls to the system, and acts before the one with a number."""

    at: int
    act: Act
    seen: int = 0
    real: dict[str, Any] = field(default_factory=dict)

    def count(self, name: str) -> None:
        self.seen += 1
        if self.seen == self.at:
            self.act(name)

    @contextmanager
    def counting(self) -> Iterator["Counter"]:
        """Count while the context is open."""
        for name in CALLS:
            real = self.real[name] = getattr(os, name)

            def counted(*args: Any, _real: Any = real, _name: str = name, **kwargs: Any) -> Any:
                self.count(_name)
                return _real(*args, **kwargs)

            setattr(os, name, counted)
        try:
            yield self
        finally:
            for name, real in self.real.items():
                setattr(os, name, real)


def calls_of(path: Path, **how: Any) -> int:
    """How many calls to the system the whole work makes."""
    with Counter(-1, lambda name: None).counting() as counter:
        work(path, **how)
    return counter.seen


def start(path: Path, *, at: int = -1, act: Act = lambda name: None, said: Path | None = None, **how: Any) -> int:
    """Start the work in a forked process, and return its number. What it raises is written to `said`."""
    child = os.fork()
    if child:
        return child
    code = CRASHED
    try:
        try:
            with Counter(at, act).counting():
                work(path, **how)
            code = DONE
        except (stores.RunInUse, FileExistsError) as error:
            code = REFUSED
            _say(said, f"{type(error).__name__}: {error}")
        except OSError as error:
            if not isinstance(error, stores.WriteFailed) and "cannot be read" not in str(error):
                raise
            code = FAILED
            _say(said, f"{type(error).__name__}: {error}")
        except BaseException:
            _say(said, traceback.format_exc())
    finally:
        sys.stdout.flush()
        os._exit(code)


def end(child: int, *, seconds: float = WAIT_SECONDS) -> int | None:
    """Wait for a process: its exit code, -N where signal N ended it, None where it hangs (it is then killed)."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def stopped(child: int, *, seconds: float = WAIT_SECONDS) -> bool:
    """Wait until a process has stopped itself; False where it ended instead."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        done, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
        if done:
            return os.WIFSTOPPED(status)
        time.sleep(0.002)
    raise TimeoutError(f"process {child} neither stopped nor ended.")


def die(name: str) -> None:
    """End at once, as a kill or a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)


def stop(name: str) -> None:
    """Stop, as Ctrl-Z does."""
    os.kill(os.getpid(), signal.SIGSTOP)


def fail(code: int) -> Act:
    """Fail as the system does with an error of this number."""

    def act(name: str) -> None:
        raise OSError(code, os.strerror(code))

    return act


def contents(root: Path) -> dict[str, bytes]:
    """Every file of a run that must not depend on when or where it was made."""
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and "_ledger" not in file.relative_to(root).parts and file != root / "zarr.json"
    }


def markers(root: Path) -> dict[str, bytes]:
    """The markers of a run by name."""
    return {file.name: file.read_bytes() for file in (root / "_ledger" / "done").glob("*.json")}


def _say(said: Path | None, text: str) -> None:
    if said is not None:
        said.write_text(text)


NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EMFILE, errno.ESTALE)
