"""Folders that many tests read and one of them makes, once in a session however many workers share it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock

ROOT = "SHARED_TEST_FOLDER"
"""The environment variable that says where they are; conftest.py sets it for all workers and what they start."""


def folder(name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, filled by `make(folder)` in the process that asks first.

    Whoever reads it may not write into it: copy it first.
    """
    if ROOT not in os.environ:
        os.environ[ROOT] = mkdtemp(prefix="shared-")
    root = Path(os.environ[ROOT])
    path, done = root / name, root / f"{name}.done"
    with FileLock(root / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(path, ignore_errors=True)  # of a process that failed in the middle
            path.mkdir()
            make(path)
            done.touch()
    return path
