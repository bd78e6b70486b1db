"""Worker processes that die are started again, whenever they die; those that always die at once end the run."""

import os
import signal
import time

import psutil
import pytest
from dask.distributed import Client, LocalCluster

from probe.errors import PlanError
from probe.extraction import local_workers


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "probe.extraction.worker" in " ".join(each.cmdline())]


def test_a_worker_killed_before_it_is_connected_is_started_again():
    with (
        LocalCluster(n_workers=0, processes=False, protocol="tcp", dashboard_address=None) as cluster,
        local_workers.local_workers(cluster.scheduler_address, 2) as workers,
        Client(cluster) as client,
    ):
        workers.start()
        for _ in range(3):
            first = children()[0]
            os.kill(first.pid, signal.SIGKILL)
            first.wait(5)
            time.sleep(3 * local_workers.POLL_SECONDS)
        pids = client.submit(os.getpid), client.submit(os.getppid)
        assert pids[0].result(60) in {each.pid for each in children()}
        assert pids[1].result(60) == os.getpid()
        assert len(children()) == 2
    assert children() == []


def test_workers_that_end_as_they_start_are_given_up_with_their_exit_code(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(local_workers, "MOST_EARLY_DEATHS", 2)
    monkeypatch.setattr(local_workers, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(local_workers.sys, "executable", "/bin/false")
    with local_workers.local_workers("tcp://127.0.0.1:1", 1) as workers:
        workers.start()
        limit = time.monotonic() + 10
        while not workers.failure and time.monotonic() < limit:
            time.sleep(0.01)
        with pytest.raises(PlanError, match=r"3 worker processes ended within 60 s .* exit code 1\."):
            workers.check()
