"""The ledger lists what is committed; anything else is removed and done again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_run
from small_run import PLAN, PROVENANCE, payload
from test_stores_writer import contents

import stores
from stores import Unit, files, ledger, process
from stores.process import Process

WORKER = """
import os, signal, sys
import small_run, stores
from stores import Unit, ledger

path, die_before_marker_of = sys.argv[1], sys.argv[2]
plan = small_run.layout()
with stores.writing(path) as own:
    if ledger.read_plan(path) is None:
        stores.create(path, plan, plan=small_run.PLAN, provenance=small_run.PROVENANCE)
    ledger.remove_unfinished(path)
    writer = stores.Writer(path, plan, permission=own.check)
    write = writer.folder.write

    def dying(name, parts, **how):
        if name == f"_ledger/done/{die_before_marker_of}.json":
            os.kill(os.getpid(), signal.SIGKILL)
        return write(name, parts, **how)

    writer.folder.write = dying
    print("ready", flush=True)
    for unit in ledger.missing(path, plan):
        writer.commit(unit, small_run.payload(plan, unit), report={})
"""


def work(path: Path, *, die_before_marker_of: str = "") -> "subprocess.Popen[str]":
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    command = [sys.executable, "-c", WORKER, str(path), die_before_marker_of]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_missing_units_are_those_without_marker(tmp_path):
    plan = small_run.layout()
    left = frozenset({Unit(0, 2), Unit(2, 0)})
    small_run.make(tmp_path / "run", plan, leave=left)
    assert ledger.missing(tmp_path / "run", plan) == (Unit(0, 2), Unit(2, 0))
    assert ledger.done(tmp_path / "run") == frozenset(plan.units()) - left
    assert [unit for unit, _ in ledger.entries(tmp_path / "run")] == sorted(frozenset(plan.units()) - left)
    with pytest.raises(KeyError, match=r"b00000-c0002 .* is not committed"):
        ledger.entry(tmp_path / "run", Unit(0, 2))


def test_there_is_no_plan_where_there_is_no_run(tmp_path):
    assert ledger.read_plan(tmp_path / "nowhere") is None
    (tmp_path / "file").write_text("")
    assert ledger.read_plan(tmp_path / "file") is None
    assert ledger.done(tmp_path) == frozenset()


def test_a_writer_killed_between_files_and_marker_leaves_its_unit_undone(tmp_path):
    plan, path = small_run.layout(), tmp_path / "run"
    with work(path, die_before_marker_of="b00001-c0001") as worker:
        assert worker.wait(60) == -signal.SIGKILL
    done = frozenset(u for u in plan.units() if u < Unit(1, 1))
    assert ledger.done(path) == done
    clean = contents(path)
    leftovers = {name for array in plan.unit_arrays(Unit(1, 1)).values() for name, _ in array.files(Unit(1, 1))}
    assert leftovers <= clean.keys()

    run = small_run.open_quietly(path)
    assert run.answers["text"].sel(condition="translation(dx=-8)").values.tolist()[3:] == ["", ""]

    assert ledger.remove_unfinished(path) == []
    with work(path) as worker:
        assert worker.wait(60) == 0
    small_run.make(tmp_path / "calm", plan)
    assert contents(path) == contents(tmp_path / "calm")


def test_unfinished_files_of_the_dead_are_removed_and_nothing_else(tmp_path):
    plan, path = small_run.layout(), tmp_path / "run"
    small_run.make(path, plan)
    before = contents(path)
    dead = Process(process.machine(), os.getpid(), 1)  # this number, given to another process meanwhile
    far = Process("00000000", 1, 1)
    (path / "sites" / "vision-pooled" / "pooled" / "c.0.0.0.0.0a1b.partial").write_bytes(b"half")
    (path / "_ledger" / "done" / f"b00000-c0000.json.{dead.mark}-7.partial").write_text("{")
    (old := path / "answers" / "text" / f"c.0.1.{far.mark}-7.partial").write_bytes(b"half")
    os.utime(old, (0, 0))
    live = [path / "answers" / "text" / files.partial_name("c.0.0"), old.with_name(f"c.0.2.{far.mark}-7.partial")]
    for file in live:
        file.write_bytes(b"half")
    assert len(ledger.remove_unfinished(path)) == 3
    assert all(file.exists() for file in live)
    for file in live:
        file.unlink()
    assert contents(path) == before
    assert stores.verify(path) == []


@pytest.mark.slow
def test_runs_killed_at_random_moments_end_bit_identical_to_an_undisturbed_one(tmp_path):
    plan = small_run.layout()
    small_run.make(tmp_path / "calm", plan)
    path = tmp_path / "stormy"
    for delay in (0.0, 0.01, 0.02, 0.03, 0.005, 0.015):
        with work(path) as worker:
            assert worker.stdout is not None
            if delay:
                worker.stdout.readline()  # past the imports; without a delay it dies during them or the creation
            time.sleep(delay or 0.7)
            before = {unit: ledger.entry(path, unit) for unit in ledger.done(path)}
            worker.kill()
        for unit, entry in before.items():
            assert ledger.entry(path, unit) == entry
    with work(path) as worker:
        assert worker.wait(60) == 0
    for unit, entry in before.items():
        assert ledger.entry(path, unit) == entry, "a committed unit was redone"
    assert contents(path) == contents(tmp_path / "calm")
    assert stores.verify(path) == []


def test_reports_must_be_plain_json(tmp_path):
    plan = small_run.layout()
    stores.create(tmp_path / "run", plan, plan=PLAN, provenance=PROVENANCE)
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        stores.Writer(tmp_path / "run", plan).commit(Unit(0, 1), payload(plan, Unit(0, 1)), report={"model": object()})
    assert ledger.done(tmp_path / "run") == frozenset()
