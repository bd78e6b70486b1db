"""A scheduler and workers of their own, started as on a cluster, write what one process writes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import picture_set
import pytest
import tiny
from dask.distributed import Client

from probe.errors import PlanError
from probe.extraction import cluster
from probe.extraction.execution import Execution
from probe.extraction.settings import Settings

DASK = [sys.executable, "-m", "dask"]
WORKER = ["worker", "--nthreads", "1", "--memory-limit", "0", "--no-dashboard"]
"""What README tells to type behind `srun dask`."""

WAIT_SECONDS = 120


@contextmanager
def started(*commands: list[str], folder: Path) -> Iterator[None]:
    """Processes that end with the context."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
    log = (folder / "cluster.log").open("wb")
    processes = [subprocess.Popen(each, cwd=folder, env=environment, stdout=log, stderr=log) for each in commands]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
        log.close()


def files(path: Path) -> dict[str, bytes]:
    """Every file whose bytes must not depend on how the work was done: all but the ledger and the provenance."""
    names = {str(file.relative_to(path)): file for file in path.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for name, file in names.items() if name != "zarr.json" and "_ledger" not in name}


def extract(data: Path, out: Path, *more: str) -> None:
    chosen = ["-p", "low_light:3", "--dtype", "float32", "--device", "cpu", "-b", "2"]
    command = [sys.executable, "-m", "probe", "extract", str(tiny.checkpoint("llava")), str(data), "-o", str(out)]
    done = subprocess.run(
        [*command, *chosen, *more], env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_scheduler_and_two_workers_of_their_own_write_the_same_bytes_as_one_process(tmp_path: Path) -> None:
    data, where = picture_set.write(tmp_path / "set", images=40), tmp_path / "scheduler.json"
    scheduler = [*DASK, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    worker = [*DASK, *WORKER, "--scheduler-file", str(where)]
    with started([*scheduler, "--scheduler-file", str(where)], worker, worker, folder=tmp_path):
        limit = time.monotonic() + WAIT_SECONDS
        while not where.exists() and time.monotonic() < limit:
            time.sleep(0.1)
        with Client(scheduler_file=str(where)) as client:
            client.wait_for_workers(2, timeout=WAIT_SECONDS)
            extract(data, tmp_path / "many", "--scheduler", client.scheduler.address)
            loads = client.run(lambda: cluster.worker_reader.cache_info().misses)
            moved = client.run(lambda dask_worker: len(dask_worker.transfer_incoming_log))
    extract(data, tmp_path / "one")
    assert files(tmp_path / "many") == files(tmp_path / "one")
    assert set(loads.values()) <= {0, 1}  # the model is loaded once, whatever blocks a worker gets
    assert list(moved.values()) == [0, 0]  # no worker asked another for anything


def test_a_worker_that_computes_in_another_type_than_the_plan_is_refused_with_what_to_say() -> None:
    settings = Settings(str(tiny.checkpoint("llava")), "streets", dtype="float32")
    with pytest.raises(PlanError, match=r"compute in float32 on cpu; .* stores bfloat16\. Name both: --dtype float32"):
        cluster.worker_provenance(settings, Execution(device="cpu"), Path("run"), 1, "bfloat16")
