"""A process that works on a run and dies, stops or meets an error at a chosen call to the system."""

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

CALLS = ("open", "writev", "fsync", "replace", "unlink", "mkdir", "link", "rmdir", "utime")
REFUSED, FAILED, CRASHED, DONE = 3, 4, 5, 0
WAIT_SECONDS = 60.0

Act = Callable[[str], None]
"""What happens instead of a call to the system, by its name; it may return, and the call is then made."""

Do = Callable[..., tuple[int, str]]
"""Create the run at a path or go on with it, `join` beside others, `durable` or not: how it ended, and in which words.

It is REFUSED by another process's right, it FAILED at the disk, it is DONE; anything else is raised, or CRASHED.
"""


@dataclass(frozen=True)
class Work:
    """What is attacked: a name, what is done to a run, and what must be ready before processes are forked."""

    name: str
    do: Do
    prepare: Callable[[], object] = lambda: None


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


def calls_of(work: Work, path: Path) -> int:
    """How many calls to the system the whole work makes."""
    counted = path.with_name("calls")
    if (code := end(start(work, path, said=path.with_name("counted"), calls=counted))) != DONE:
        raise RuntimeError(f"{work.name}, undisturbed, ended with {code}: {text(path.with_name('counted'))}")
    return int(counted.read_text())


def start(
    work: Work,
    path: Path,
    *,
    at: int = -1,
    act: Act = lambda name: None,
    said: Path | None = None,
    calls: Path | None = None,
    **how: Any,
) -> int:
    """Start the work in a forked process, and return its number.

    Its words are written to `said`, and how many calls to the system it made to `calls`.
    """
    child = os.fork()
    if child:
        return child
    code, words, counter = CRASHED, "", Counter(at, act)
    try:
        try:
            with counter.counting():
                code, words = work.do(path, **how)
        except BaseException:
            words = traceback.format_exc()
        if said is not None:
            said.write_text(words)
        if calls is not None:
            calls.write_text(str(counter.seen))
    finally:
        sys.stdout.flush()
        os._exit(code)


def text(said: Path) -> str:
    """The last words of a process."""
    return said.read_text()[-2000:] if said.exists() else ""


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


NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EMFILE, errno.ESTALE)
