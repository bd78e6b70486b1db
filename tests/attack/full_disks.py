"""Disks that are really full: of bytes, of inodes, or of files that may not be longer, at any point of the work."""

import random
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from . import forked
from .crashes import is_reassuring
from .forked import DONE, FAILED, REFUSED, Do, Work
from .outcome import Outcome
from .store_writer import STORE
from .undisturbed import Calm, attack, ends_alike, is_finished

PAGE = 4096
"""Bytes in which a disk in memory gives room to a file."""

ROOMY = {"size": "256m", "nr_inodes": "100k"}

OF_BYTES = ("no space left", " GB free. Keep less")
OF_INODES = ("no more files fit on the disk", "no space left")
"""How a full disk may be told: without an inode for its first file, one has no bytes either."""


def by_bytes(count: int, seed: int, work: Work = STORE) -> Outcome:
    """Write to a disk that is too small; give it room, and go on."""
    return _of_small_disks("disks full of bytes", _without_bytes, work, count, seed)


def by_inodes(count: int, seed: int, work: Work = STORE) -> Outcome:
    """Write to a disk that takes too few files; let it take more, and go on."""
    return _of_small_disks("disks full of inodes", _without_inodes, work, count, seed)


def by_file_size(count: int, seed: int, work: Work = STORE) -> Outcome:
    """Write where no file may be longer than so much (`ulimit -f`); raise the limit, and go on."""
    return attack("limits of a file's size", _without_long_files, work, count, seed)


def _without_bytes(calm: Calm, path: Path, rng: random.Random) -> str | None:
    needed = sum(-(-size // PAGE) for size in calm.sizes.values())
    small = {"size": str(PAGE * rng.randint(1, needed)), "nr_inodes": ROOMY["nr_inodes"]}
    return _on_small_disk(calm, path, small, OF_BYTES)


def _without_inodes(calm: Calm, path: Path, rng: random.Random) -> str | None:
    small = {"size": ROOMY["size"], "nr_inodes": str(rng.randint(2, len(calm.sizes)))}
    return _on_small_disk(calm, path, small, OF_INODES)


def _on_small_disk(calm: Calm, path: Path, small: dict[str, str], told: tuple[str, ...]) -> str | None:
    with _disk(path.parent / "disk", small) as disk:
        if wrong := _fails_in_words(calm, disk / "run", calm.work.do, path.with_name("said"), told):
            return f"{small}: {wrong}"
        _mount(disk, "remount", ROOMY)
        return ends_alike(calm, disk / "run")


def _without_long_files(calm: Calm, path: Path, rng: random.Random) -> str | None:
    longest = max(calm.sizes.values())
    size = rng.choice((rng.randrange(longest), rng.choice(sorted(calm.sizes.values()))))

    def limited(path: Path, **how: bool) -> tuple[int, str]:
        with _files_of_at_most(size):
            return calm.work.do(path, **how)

    if wrong := _fails_in_words(calm, path, limited, path.with_name("said"), ("more than one file may have here",)):
        return f"files of at most {size} bytes: {wrong}"
    return ends_alike(calm, path)


def _fails_in_words(calm: Calm, path: Path, do: Do, said: Path, told: tuple[str, ...]) -> str | None:
    """What is wrong with the end of a work that may have no room: it is done, or says that there is none."""
    code = forked.end(forked.start(replace(calm.work, do=do), path, said=said))
    words = forked.text(said)
    if code not in (DONE, FAILED, REFUSED):
        return f"ended with {code}: {words}"
    if code == DONE and not is_finished(calm, path):
        return f"is called done, and is not: {words}"
    if code != DONE and not (any(each in words for each in told) and is_reassuring(words, path)):
        return f"is told as {words!r}"
    return None


def _of_small_disks(
    name: str, case: Callable[[Calm, Path, random.Random], str | None], work: Work, count: int, seed: int
) -> Outcome:
    if not can_mount():
        return Outcome(f"{name}, {work.name}: not tried, this user may not mount disks", 0, 0, 0, (), 0.0)
    return attack(name, case, work, count, seed)


@cache
def can_mount() -> bool:
    """Whether this user may mount disks in memory."""
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        try:
            with _disk(Path(folder) / "disk", ROOMY):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


@contextmanager
def _disk(place: Path, limits: dict[str, str]) -> Iterator[Path]:
    """A disk in memory at a place, with limits that `_mount` can change."""
    place.mkdir()
    _mount(place, "rw", limits)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def _mount(place: Path, how: str, limits: dict[str, str]) -> None:
    options = ",".join([how, *(f"{name}={value}" for name, value in limits.items())])
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "attack", str(place)], check=True, capture_output=True)


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """Let this process write no file beyond so many bytes while the context is open."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
