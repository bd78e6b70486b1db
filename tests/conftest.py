"""What many tests read and one of them makes, once in a session however many workers share it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from shared_run import Analysed

Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """`once(name, make)`: the folder of that name, filled by `make(folder)` in the worker that asks first.

    Whoever reads it may not write into it: copy it first.
    """
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # each worker has a folder in a common one

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        path, done = root / f"shared-{name}", root / f"shared-{name}.done"
        with FileLock(root / f"shared-{name}.lock"):
            if not done.exists():
                shutil.rmtree(path, ignore_errors=True)  # of a worker that failed in the middle
                path.mkdir()
                make(path)
                done.touch()
        return path

    return folder


@pytest.fixture(scope="session")
def analysed(once: Once) -> Analysed:
    """A run with every kind of perturbation, extracted and analysed by the command line: `shared_run` says how."""
    from shared_run import make_analysed, read_analysed  # loads transformers, which most tests can do without

    return read_analysed(once("analysed", make_analysed))
