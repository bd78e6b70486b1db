"""Who writes into a run: one process with its workers, or several that joined, each on blocks that it has claimed.

    _ledger/writers/<token>.json         a process that writes, touched while it lives; gone when it has ended
    _ledger/claims/<what>.<n>            the n-th process to claim a block (or "run": to be the only one), by its token

A claim holds while its process lives. A process of this machine lives while the system knows it, stopped or not; one of
another machine while its file is touched. A claim whose process is dead is never taken away but followed by the next
number, which only one process can create: this needs no locks, so that it works on network file systems. A process
that was taken for dead finds its file gone, and writes nothing more (`RunLost`). An object store lets one
of several processes create an object, and its clock is that of all.
"""

import errno
import itertools
import os
import platform
import shlex
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

from . import heartbeats, ledger, process, sealed
from .files import WriteFailed, partial_name, read_regular, write_failed
from .held import RunMoved, moved
from .object_paths import ObjectPath
from .object_store import StoreFailed
from .paths import names_in, resolved
from .record import FOLDER, Record, plan_file, read_record, sizes_in

HEARTBEAT_SECONDS = 20
LEASE_SECONDS = 180
"""A process of another machine that has not touched its file for this time is taken for dead."""

WAIT_SECONDS = 0.5
RUN = "run"

WRITERS, CLAIMS = f"{FOLDER}/writers", f"{FOLDER}/claims"
JOINED = ".joined.json"

_COUNTER = itertools.count()
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES)


class RunInUse(OSError):
    """Another process is writing into the run."""


class RunLost(WriteFailed):
    """Another process has taken the run over from this one, which seemed to be dead."""


def taken_over(path: Path) -> RunLost:
    """The error of a process whose run another one has taken over."""
    return RunLost(
        errno.ESTALE,
        f"{path}: another process has taken this run over, because this one did not move for {LEASE_SECONDS} seconds. "
        "Nothing more is written here; committed units are safe.",
    )


@dataclass(frozen=True)
class Ownership:
    """The right of a process, and of its workers anywhere, to write into a run."""

    path: Path
    token: str

    @property
    def file(self) -> Path:
        """The file that exists while the process has its right."""
        return next(_writer_files(self.path, self.token), _writer_file(self.path, self.token, joined=False))

    def check(self) -> None:
        """Raise RunLost where the right is gone."""
        if next(_writer_files(self.path, self.token), None) is None:
            raise taken_over(self.path)

    def claim_block(self, index: int) -> bool:
        """Claim a block for this process; False where one that lives has it."""
        return self.claim(f"b{index:05d}")

    def claim(self, what: str) -> bool:
        """Claim something by its name; False where a process that lives has it."""
        while True:
            number, holder = self._last_claim(what)
            if holder == self.token:
                return True
            if holder is not None and self._holds(holder, self.path / CLAIMS / f"{what}.{number}"):
                return False
            claim = self.path / CLAIMS / f"{what}.{number + 1}"
            try:
                _create(claim, self.token)
            except FileExistsError:
                continue
            except OSError as error:
                if not isinstance(error, StoreFailed) and not self.path.exists():
                    raise RunMoved(errno.ENOENT, moved(self.path)) from None
                raise write_failed(error, self.path, f"the claim of {what}", 0) from error
            if self._is_claimed_by_another(what):  # claims that were removed meanwhile: numbers began anew
                claim.unlink(missing_ok=True)
                return False
            return True

    def others(self, *, joined_only: bool = False) -> tuple[str, ...]:
        """The other processes that write into the run now, each in words."""
        files = sorted((self.path / WRITERS).glob("*.json"))
        alive = (file for file in files if not file.name.startswith(f"{self.token}.") and self._is_alive(file))
        return tuple(in_words(file) for file in alive if not joined_only or file.name.endswith(JOINED))

    def forget_the_dead(self) -> None:
        """Remove the files of processes that have died, and with them their rights."""
        for file in (self.path / WRITERS).glob("*.json"):
            if not file.name.startswith(f"{self.token}.") and not self._is_alive(file):
                heartbeats.end(file)

    def holder(self, what: str) -> str | None:
        """The process that has claimed something, in words."""
        _, token = self._last_claim(what)
        file = None if token is None else next(_writer_files(self.path, token), None)
        return None if file is None else in_words(file)

    def _last_claim(self, what: str) -> tuple[int, str | None]:
        """The number of the last claim (0: there is none) and the token of its process, "" while it is written."""
        numbers = self._numbers(what)
        return (0, None) if not numbers else (numbers[-1], self._token_of(what, numbers[-1]))

    def _numbers(self, what: str) -> list[int]:
        try:
            return sorted(int(end) for name in names_in(self.path / CLAIMS) if (end := _number(name, what)))
        except FileNotFoundError:
            return []

    def _token_of(self, what: str, number: int) -> str:
        try:
            return read_regular(self.path / CLAIMS / f"{what}.{number}", 1000).decode("utf-8", errors="replace").strip()
        except StoreFailed:  # nobody knows whose it is
            raise
        except OSError:
            return ""

    def _is_claimed_by_another(self, what: str) -> bool:
        tokens = {self._token_of(what, number): number for number in self._numbers(what)}
        return any(
            self._holds(token, self.path / CLAIMS / f"{what}.{number}")
            for token, number in tokens.items()
            if token != self.token
        )

    def _holds(self, holder: str, claim: Path) -> bool:
        """Whether the process of a claim lives. One that is taken for dead loses its file, and with it its right."""
        if not holder:  # where files cannot be linked, a claim is there before its text is
            with suppress(FileNotFoundError):
                return self._now() - heartbeats.last(claim) < HEARTBEAT_SECONDS
            return False
        file = next(_writer_files(self.path, holder), None)
        if file is None:
            return False
        if self._is_alive(file):
            return True
        heartbeats.end(file)
        return False

    def _is_alive(self, file: Path) -> bool:
        writer = process.marked(file.name)
        if writer is not None and writer.is_here:
            return writer.lives
        try:
            return self._now() - heartbeats.last(file) < LEASE_SECONDS
        except FileNotFoundError:
            return False

    def _now(self) -> float:
        """The time of the file system, or of the object store, which touching the own file tells."""
        file = self.file
        try:
            heartbeats.beat(file)
            return heartbeats.last(file)
        except FileNotFoundError:
            self.check()
            raise


@contextmanager
def writing(
    path: str | PathLike[str],
    *,
    join: bool = False,
    repair: bool = False,
    on_wait: Callable[[str], None] = lambda holder: None,
) -> Generator[Ownership, None, None]:
    """Own a run while writing into it, alone, or with `join` beside others that do; its folder is made if it lacks.

    One that joins a run which another process is just creating waits for it (`on_wait` is told for whom). The right
    ends with the process, however that ends. Raises RunInUse, which says who is writing, FileExistsError for a folder
    that holds something else than a run, DiskFull or WriteFailed.
    """
    from .creation import require_place

    root = resolved(path)
    require_place(root, repair=repair)
    made = _folders_to_make(root)
    stop = threading.Event()
    try:
        try:
            own = _register(root, joined=join)
        except OSError as error:
            raise write_failed(error, root, "the name of its owner", 0) from error
        beating = threading.Thread(target=_beat, args=(own.file, stop), daemon=True)
        beating.start()
        try:
            own.forget_the_dead()
            if not join:
                _take_alone(own, path)
            elif not plan_file(root).exists():
                _wait_for_creation(own, on_wait)
            yield own
        finally:
            stop.set()
            with suppress(StoreFailed):  # one of this machine that has ended is known to be dead all the same
                heartbeats.end(own.file)
                _tidy(root)
    finally:
        for folder in made:  # nothing came into it
            with suppress(OSError):
                folder.rmdir()


def require(path: str | PathLike[str]) -> None:
    """Raise RunMoved where a run that was just written is no longer at its path."""
    if not plan_file(root := resolved(path)).exists():
        raise RunMoved(errno.ENOENT, moved(root))


def tidy(path: str | PathLike[str]) -> None:
    """Remove what dead processes left in a complete run; nothing where one lives, or where nothing can be written."""
    if any((resolved(path) / folder).exists() for folder in (WRITERS, CLAIMS)):
        with suppress(OSError), writing(path):
            pass


def in_words(file: Path) -> str:
    """The process that a file under `writers` is of, for a person."""
    writer = process.marked(file.name)
    number = writer.pid if writer is not None else 0
    try:
        known = sealed.read(file)
        host, since, command = (str(known[name]) for name in ("host", "since", "command"))
        said = f"process {number} on {host} (since {since}: {command})"
    except (ValueError, OSError, KeyError):
        said = f"process {number}"
    if writer is not None and writer.is_here and writer.is_stopped:
        said += f", which is stopped: `kill -CONT {number}` lets it go on, `kill -KILL {number}` ends it"
    return said


def _take_alone(own: Ownership, path: str | PathLike[str]) -> None:
    if not own.claim(RUN):
        raise _in_use(path, own.holder(RUN) or "another process")
    if others := own.others(joined_only=True):
        raise _in_use(path, others[0])


def _in_use(path: str | PathLike[str], who: str) -> RunInUse:
    return RunInUse(
        f"{path} is being written by {who}. Wait until that has ended, or stop it, and run this again; the same "
        "command with --join takes blocks beside it."
    )


def _wait_for_creation(own: Ownership, on_wait: Callable[[str], None]) -> None:
    told = False
    while not own.claim(RUN) and not plan_file(own.path).exists():
        if not told:
            on_wait(own.holder(RUN) or "another process")
            told = True
        time.sleep(WAIT_SECONDS)


def _register(root: Path, *, joined: bool) -> Ownership:
    own = Ownership(root, f"{process.this().mark}-{next(_COUNTER)}")
    file = _writer_file(root, own.token, joined=joined)
    file.parent.mkdir(parents=True, exist_ok=True)
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])[:500]
    since = datetime.now(UTC).isoformat(timespec="seconds")
    known = {"host": platform.node(), "pid": os.getpid(), "since": since, "command": command}
    if isinstance(file, ObjectPath):
        file.create_alone(sealed.seal(known))
    else:
        ledger.write_json(file, known)
    return own


def _beat(file: Path, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            heartbeats.beat(file)
        except StoreFailed:  # which may answer again before the others take this process for dead
            continue
        except OSError:  # taken over, or the run is gone: the next unit says so
            return


def _tidy(root: Path) -> None:
    """Remove the claims of a run that is complete, what dead processes have begun to write, and empty folders."""
    with suppress(ValueError, OSError):
        record = read_record(root)
        if not any((root / WRITERS).glob("*.json")) and (record is None or _is_complete(root, record)):
            for left in (*(root / CLAIMS).glob("*"), *(root / WRITERS).glob(f"*{heartbeats.BEAT}")):
                left.unlink(missing_ok=True)
            if record is not None:  # of a run that was not created yet, these say so
                ledger.remove_unfinished(root)
    for folder in (root / CLAIMS, root / WRITERS, root / FOLDER):
        with suppress(OSError):
            folder.rmdir()


def _is_complete(root: Path, record: Record) -> bool:
    sizes = sizes_in(record["layout"])
    return len(ledger.of_run(record, ledger.done(root))) == sizes.blocks * sizes.conditions


def _folders_to_make(root: Path) -> list[Path]:
    """The folders that are not there yet, the lowest first; the run's own in any case."""
    above = () if isinstance(root, ObjectPath) else root.parents
    return [root, *(folder for folder in above if not folder.exists())]


def _writer_file(root: Path, token: str, *, joined: bool) -> Path:
    return root / WRITERS / f"{token}{JOINED if joined else '.json'}"


def _writer_files(root: Path, token: str) -> Iterator[Path]:
    for joined in (False, True):
        if (file := _writer_file(root, token, joined=joined)).is_file():
            yield file


def _number(name: str, what: str) -> str:
    start, _, end = name.rpartition(".")
    return end if start == what and end.isdecimal() else ""


def _create(claim: Path, token: str) -> None:
    """Create a claim with its text at once. Raises FileExistsError where it is there."""
    if isinstance(claim, ObjectPath):
        claim.create(token.encode())
        return
    claim.parent.mkdir(parents=True, exist_ok=True)
    partial = claim.with_name(partial_name(claim.name))
    partial.write_text(token, "utf-8")
    try:
        os.link(partial, claim)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with claim.open("x", encoding="utf-8") as file:
            file.write(token)
    finally:
        partial.unlink(missing_ok=True)
