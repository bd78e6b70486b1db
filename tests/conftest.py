"""What many tests read and one of them makes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import shared

if TYPE_CHECKING:
    from shared_run import Analysed


@pytest.fixture(scope="session", autouse=True)
def _shared_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.getbasetemp()
    # every worker has a folder of its own in a common one
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    (common / "shared").mkdir(exist_ok=True)
    os.environ[shared.ROOT] = str(common / "shared")


@pytest.fixture(scope="session")
def analysed() -> Analysed:
    """A run with every kind of perturbation, extracted and analysed by the command line: `shared_run` says how."""
    from shared_run import make_analysed, read_analysed  # loads transformers, which most tests can do without

    return read_analysed(shared.folder("analysed", make_analysed))
