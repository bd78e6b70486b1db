"""What many tests read and one of them makes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import shared

if TYPE_CHECKING:
    from shared_run import Analysed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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
