"""Commit a unit: first all of its files, then its marker; until then readers do not see it."""

import errno
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from . import sealed
from .arrays import Unit
from .files import WriteFailed, Written, write_failed
from .held import HeldFolder

Parts = Sequence[memoryview]


def commit(
    folder: HeldFolder,
    marker: str,
    files: Iterable[tuple[str, Parts]],
    content: Mapping[str, Any],
    *,
    what: str,
    needed: int,
    durable: bool = False,
) -> None:
    """Write files, each by name with its bytes, and then a marker that says which they are, beside `content`.

    With `durable` all bytes and entries of the files reach the disk before the marker does. What cannot be finished is
    withdrawn: the marker first, so that it never outlives its files.

    Raises DiskFull or WriteFailed, with `what` and the bytes `needed`, where the system cannot write; RunMoved where
    the run's folder is gone, RunLost where another process has taken the run over.
    """
    written: dict[str, Written] = {}
    folder.check()
    try:
        for name, parts in files:
            written[name] = folder.write(name, parts, durable=durable)
        if durable:
            folder.sync_folders(written)
        seal = sealed.seal({**content, "files": {name: vars(file) for name, file in written.items()}})
        folder.check()
        folder.write(marker, [memoryview(seal)], durable=durable)
        if durable:
            folder.sync_folders([marker])
        _check_present(folder, written)
    except WriteFailed:  # the run is no longer ours: nothing of it is touched
        raise
    except OSError as error:
        folder.remove([marker, *written])
        raise write_failed(error, folder.path, what, needed) from error
    except BaseException:
        if folder.size(marker) < 0:
            folder.remove(written)
        raise


def described(unit: Unit, plan_hash: str) -> dict[str, Any]:
    """What a marker says first: its unit, of which plan it is, and where and when it was committed."""
    return {
        "unit": unit.name,
        "plan": plan_hash,
        "host": platform.node(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _check_present(folder: HeldFolder, written: Mapping[str, Written]) -> None:
    """Raise OSError where a file is gone, or another one, although its marker is there."""
    for name, file in written.items():
        if folder.size(name) != file.size:
            raise OSError(errno.EBUSY, f"another process removed {name}; only one may write into a run")
