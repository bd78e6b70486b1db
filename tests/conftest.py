"""What many tests read and one of them makes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shared

import hooks  # before anything of transformers, see `hooks.torchvision_import`  # noqa: F401

if TYPE_CHECKING:
    from object_server import Wire
    from shared_run import Analysed


def pytest_configure() -> None:
    """One thread, before PyTorch is loaded: sums by several differ in the last digit, which some tests compare."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


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
    os.environ["VLM_UNDERTOW_CACHE"] = str(common / "cache")  # not the user's own


@pytest.fixture(scope="module", autouse=True)
def _numbers_stay_precise() -> Iterator[None]:
    """No test may leave its process rounding small numbers to 0, as training does for speed."""
    yield
    assert np.float32(1e-38) * np.float32(0.1) > 0


@pytest.fixture(scope="session")
def analysed() -> Analysed:
    """A run with every kind of perturbation, extracted and analysed by the command line: `shared_run` says how."""
    from shared_run import make_analysed, read_analysed  # loads transformers, which most tests can do without

    return read_analysed(shared.folder("analysed", make_analysed))


@pytest.fixture(scope="session")
def object_server() -> Iterator[str]:
    """The address of an S3 server with an empty bucket, `object_server.BUCKET`."""
    from object_server import served

    with served() as url:
        yield url


@pytest.fixture
def bucket(object_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the bucket, with the environment that leads to it."""
    from object_server import BUCKET, environment

    for name, value in environment(object_server).items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}"


@pytest.fixture
def wire(object_server: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """What is between this process, quick to give up, and the bucket."""
    from object_server import wire

    from stores import object_store

    with wire(object_server) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        monkeypatch.setattr(object_store, "RETRIES", 0)
        monkeypatch.setattr(object_store, "ANSWER_SECONDS", 1)
        yield made
