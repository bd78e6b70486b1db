"""Files of an export: each appears complete or not at all, and none that is there is written over."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import PlanError

PARTIAL = ".partial"
"""Ending of a file that is still being written."""


def require_new(*paths: Path) -> None:
    """Raise PlanError where one of these files is there already, or a file where their folder should be."""
    for path in paths:
        there = next(each for each in path.parents if each.exists())
        if not there.is_dir():
            raise PlanError(f"{there} is a file, where a folder is needed. Choose another path.")
        if path.exists():
            raise PlanError(f"{path} is there already and is not written over. Remove it, or choose another folder.")


@contextmanager
def complete(path: Path) -> Iterator[Path]:
    """The path to write to; what is there is given its name at the end, and removed where something is raised."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        raise
