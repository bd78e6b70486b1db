"""Who a process is, so that others can tell whether it still lives: on this machine by its number, elsewhere not."""

import os
import platform
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path

_MARK = re.compile(r"([0-9a-f]{8})-([0-9]{1,10})-([0-9]{1,20})")


@dataclass(frozen=True)
class Process:
    """A process: its number, when it started (in the system's ticks), and the machine that both mean something on."""

    machine: str
    pid: int
    started: int

    @property
    def mark(self) -> str:
        """The process as a part of a file's name.

        >>> Process("0a1b2c3d", 12, 345).mark
        '0a1b2c3d-12-345'
        """
        return f"{self.machine}-{self.pid}-{self.started}"

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, a process of this machine."""
        return self.machine == machine()

    @property
    def lives(self) -> bool:
        """Whether a process of this machine lives, be it stopped or at work; another one with its number is not it."""
        return _is_there(self.pid) and _started(self.pid) == self.started

    @property
    def is_stopped(self) -> bool:
        """Whether a process of this machine is stopped, as Ctrl-Z does."""
        return _stat(self.pid)[:1] == [b"T"]


def this() -> Process:
    """This process."""
    return _with_number(os.getpid())


@lru_cache(maxsize=1)
def _with_number(pid: int) -> Process:
    return Process(machine(), pid, _started(pid))


def marked(name: str) -> Process | None:
    """The process whose mark is in a file's name, None where there is no mark.

    >>> marked("c.0.1.0.0a1b2c3d-12-345-7.partial")
    Process(machine='0a1b2c3d', pid=12, started=345)
    """
    found = _MARK.search(name)
    return Process(found[1], int(found[2]), int(found[3])) if found else None


@cache
def machine() -> str:
    """Eight hexadecimal digits that differ between machines, their starts, and containers with numbers of their own."""
    known = [platform.node()]
    try:
        known.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))
        known.append(str(os.stat("/proc/self/ns/pid").st_ino))
    except OSError:  # no Linux: the name alone
        pass
    return sha256("\0".join(known).encode()).hexdigest()[:8]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # of another user
        return True
    return True


def _started(pid: int) -> int:
    """The tick at which a process started; 0 where the system does not tell, -1 of one that has ended."""
    fields = _stat(pid)
    if len(fields) < 20:
        return 0
    return -1 if fields[0] in (b"Z", b"X") else int(fields[19])  # its parent has not asked for its end yet


def _stat(pid: int) -> list[bytes]:
    """What Linux tells of a process from its state on; nothing elsewhere."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []
