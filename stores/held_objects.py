"""A run in an object store while it is written into: what a folder that is held open is for one on a disk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from os import PathLike
from pathlib import Path

from .files import Written, checksum, write_failed
from .held import Files, HeldFolder
from .object_paths import ObjectPath
from .object_store import StoreFailed
from .ownership import taken_over
from .paths import resolved

AT_ONCE = 8
"""Objects that are sent at a time; each is in memory meanwhile."""


class HeldObjects:
    """The prefix of a run that exists; its methods are those of `HeldFolder`.

    What could not be finished stays: without a marker nobody reads it, the unit that is done again writes over it, and
    a marker whose answer was lost has its objects.
    """

    def __init__(self, path: ObjectPath, permission: Callable[[], None]) -> None:
        self.path = path
        self.permission = permission

    def check(self) -> None:
        """Raise what `permission` raises, and WriteFailed where the store does not answer."""
        try:
            self.permission()
        except StoreFailed as error:
            raise write_failed(error, self.path, "the next unit", 0) from error

    def write_each(self, files: Files, *, durable: bool = False) -> Iterator[tuple[str, Written]]:
        """Write objects, several at once; each by name with what was written, in order. Raises StoreFailed."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            waiting: list[tuple[str, Future[Written]]] = []
            try:
                for name, parts in files:
                    if len(waiting) == AT_ONCE:
                        first, sent = waiting.pop(0)
                        yield first, sent.result()
                    waiting.append((name, pool.submit(self._write, name, parts)))
                for name, sent in waiting:
                    yield name, sent.result()
            finally:
                for _, sent in waiting:
                    sent.cancel()

    def _write(self, name: str, parts: Sequence[memoryview]) -> Written:
        (self.path / name).write(b"".join(parts))
        return checksum(parts)

    def mark(self, marker: str, data: bytes, *, durable: bool = False) -> None:
        """Write the marker of a unit. Raises RunLost where another process has marked it, StoreFailed."""
        try:
            (self.path / marker).create(data)
        except FileExistsError:
            raise taken_over(self.path) from None

    def size(self, name: str) -> int:
        """The bytes of an object, -1 where there is none."""
        try:
            return (self.path / name).size()
        except FileNotFoundError:
            return -1

    def check_present(self, written: Mapping[str, Written]) -> None:
        """Nothing: what a store has taken is there."""

    def undo(self, marker: str, written: Iterable[str]) -> None:
        """Nothing, see above."""

    def undo_unmarked(self, marker: str, written: Iterable[str]) -> None:
        """Nothing, see above."""

    def sync_folders(self, names: Iterable[str]) -> None:
        """Nothing: what a store has taken lasts."""


Held = HeldFolder | HeldObjects


def hold(path: str | PathLike[str], permission: Callable[[], None] = lambda: None) -> Held:
    """A run that exists, held to write units into it; `permission` as that of `HeldFolder`."""
    home: Path = resolved(path)
    return HeldObjects(home, permission) if isinstance(home, ObjectPath) else HeldFolder(home, permission)
