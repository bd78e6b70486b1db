"""One process at a time writes into a run, with all the workers that it has itself."""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from os import PathLike

from .paths import resolved

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

_HELD = (errno.EWOULDBLOCK, errno.EACCES)


class RunInUse(OSError):
    """Another process is writing into the run."""


@contextmanager
def writing(path: str | PathLike[str]) -> Generator[None, None, None]:
    """Keep other processes from writing into a run, whose folder is made where there is none.

    The system lets go when the process ends, however it ends. Where the system or its files know no locks there is
    none: a writer then still notices when files that it has just written are gone. Raises RunInUse.
    """
    root = resolved(path)
    root.mkdir(parents=True, exist_ok=True)
    folder = None if fcntl is None else os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if folder is not None:
            _lock(folder, path)
        yield
    finally:
        if folder is not None:
            os.close(folder)
        with suppress(OSError):
            root.rmdir()  # nothing came into it


def _lock(folder: int, path: str | PathLike[str]) -> None:
    assert fcntl is not None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            raise RunInUse(
                f"another process is writing into {path}. Wait until it has ended, or stop it; then run this again."
            ) from None
