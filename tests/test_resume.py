"""Killed at random moments, again and again, a run still ends as if nothing had happened."""

import multiprocessing
import os
import random
import signal
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import picture_set
import pytest

import probe
from stores import ledger

KILLS, BLOCKS, CONDITIONS = 20, 4, 10


def files(path: Path) -> dict[str, bytes]:
    kept = {str(file.relative_to(path)): file for file in path.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for name, file in kept.items() if name != "zarr.json" and "_ledger" not in name}


def markers(path: Path) -> dict[str, bytes]:
    folder = path / "_ledger" / "done"
    return {file.name: file.read_bytes() for file in folder.glob("*.json")} if folder.exists() else {}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_kills_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from killed_run import work  # loads a model

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads do not survive a fork
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killed_run"])
    dataset = str(picture_set.write(tmp_path / "set", images=2 * BLOCKS))
    chance = random.Random(0)

    def start(out: str) -> tuple[multiprocessing.process.BaseProcess, Event]:
        began = context.Event()
        process = context.Process(target=work, args=(dataset, str(tmp_path / out), began))
        process.start()
        assert began.wait(120)
        return process, began

    undisturbed, _ = start("whole")
    began = time.monotonic()
    undisturbed.join()
    span = time.monotonic() - began
    assert undisturbed.exitcode == 0

    safe: dict[str, bytes] = {}
    interrupted = 0
    for _ in range(KILLS):
        process, _ = start("killed")
        time.sleep(chance.uniform(0, 2 * span / KILLS))
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        now = markers(tmp_path / "killed")
        assert safe.items() <= now.items()  # what was committed stays, and was not done again
        interrupted += len(now) < BLOCKS * CONDITIONS
        safe = now
    assert interrupted >= KILLS // 2  # most kills met a run that was not finished
    last, _ = start("killed") if len(safe) < BLOCKS * CONDITIONS else (None, None)
    if last is not None:
        last.join()
        assert last.exitcode == 0
    assert safe.items() <= markers(tmp_path / "killed").items()
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
    assert probe.open_run(tmp_path / "killed").complete
    assert len(ledger.done(tmp_path / "killed")) == BLOCKS * CONDITIONS
