"""When a process last said that it lives, by the clock of the disk or of the object store that all of them see.

In a folder a process touches its file. An object cannot be touched: it would have to be written again, and come back
where somebody has removed it. So the process writes another object beside it.
"""

import os
from contextlib import suppress
from pathlib import Path

from .object_paths import ObjectPath

BEAT = ".beat"


def beat(file: Path) -> None:
    """Say that the process of a file lives. Raises FileNotFoundError where its file is gone."""
    if isinstance(file, ObjectPath):
        file.size()
        _beat_of(file).write(b"")
    else:
        os.utime(file)


def last(file: Path) -> float:
    """When the process of a file last said that it lives. Raises FileNotFoundError where its file is gone."""
    if not isinstance(file, ObjectPath):
        return file.stat().st_mtime
    began = file.modified()
    with suppress(FileNotFoundError):
        return max(began, _beat_of(file).modified())
    return began


def end(file: Path) -> None:
    """Remove the file of a process, and with it its right."""
    file.unlink(missing_ok=True)
    if isinstance(file, ObjectPath):
        _beat_of(file).unlink(missing_ok=True)


def _beat_of(file: ObjectPath) -> ObjectPath:
    return file.with_name(file.name + BEAT)
