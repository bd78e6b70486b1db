"""Commit a unit: first all of its files, then its marker; until then readers do not see it."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from . import sealed
from .arrays import Unit
from .files import WriteFailed, Written, write_failed
from .held_objects import Held

Parts = Sequence[memoryview]


def commit(
    folder: Held,
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
        for name, file in folder.write_each(files, durable=durable):
            written[name] = file
        if durable:
            folder.sync_folders(written)
        seal = sealed.seal({**content, "files": {name: vars(file) for name, file in written.items()}})
        folder.check()
        folder.mark(marker, seal, durable=durable)
        if durable:
            folder.sync_folders([marker])
        folder.check_present(written)
    except WriteFailed:  # the run is no longer ours: nothing of it is touched
        raise
    except OSError as error:
        folder.undo(marker, written)
        raise write_failed(error, folder.path, what, needed) from error
    except BaseException:
        folder.undo_unmarked(marker, written)
        raise


def described(unit: Unit, plan_hash: str) -> dict[str, Any]:
    """What a marker says first: its unit, of which plan it is, and where and when it was committed."""
    return {
        "unit": unit.name,
        "plan": plan_hash,
        "host": platform.node(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
