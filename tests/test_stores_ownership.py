"""One process owns a run, or several that joined: claims outlive nobody, and nobody writes with a lost right."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import small_run

import stores
from stores import RunInUse, RunLost, RunMoved, Unit, ledger, ownership, process, writing
from stores.ownership import Ownership
from stores.process import Process

HOLDER = """
import sys, time, stores
with stores.writing(sys.argv[1]) as own:
    own.claim_block(3)
    print("holds", flush=True)
    time.sleep(60)
"""


def holding(path: Path) -> "subprocess.Popen[str]":
    """A process that owns a run and has claimed its block 3."""
    held = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert held.stdout is not None
    assert held.stdout.readline() == "holds\n"
    return held


def register_far(path: Path, *, seconds_ago: float, joined: bool = False) -> str:
    """A process of another machine that last touched its file some time ago; its token."""
    token = f"{Process('00000000', 7, 7).mark}-0"
    file = path / ownership.WRITERS / f"{token}{ownership.JOINED if joined else '.json'}"
    known = {"host": "node7", "pid": 7, "since": "2026-01-01T00:00:00+00:00", "command": "probe extract"}
    ledger.write_json(file, known)
    os.utime(file, (time.time() - seconds_ago,) * 2)
    return token


@pytest.fixture
def run(tmp_path: Path) -> Path:
    small_run.make(tmp_path / "run", small_run.layout(), leave=frozenset({Unit(0, 1), Unit(2, 2)}))
    return tmp_path / "run"


def test_who_writes_is_named_with_its_number_command_and_state_and_keeps_its_right_while_stopped(run: Path) -> None:
    with holding(run) as holder:
        with pytest.raises(RunInUse, match=rf"is being written by process {holder.pid} on .* \(since 20.*: -c "):
            writing(run).__enter__()
        holder.send_signal(signal.SIGSTOP)
        for _ in range(100):
            if process.marked(next((run / ownership.WRITERS).iterdir()).name).is_stopped:  # type: ignore[union-attr]
                break
            time.sleep(0.01)
        with pytest.raises(RunInUse, match=rf"which is stopped: `kill -CONT {holder.pid}` lets it go on"):
            writing(run).__enter__()
        holder.kill()
    with writing(run) as own:
        assert own.claim_block(3)


def test_a_claim_is_for_one_live_process_and_follows_a_dead_one(run: Path) -> None:
    with holding(run) as holder, writing(run, join=True) as joined:
        assert not joined.claim_block(3)
        assert [joined.claim_block(2), joined.claim_block(2)] == [True, True]
        assert len(joined.others()) == 1
        holder.kill()
        holder.wait()
        assert joined.claim_block(3)
        assert joined.others() == ()


def test_a_process_of_another_machine_holds_a_run_while_its_file_is_touched(run: Path) -> None:
    token = register_far(run, seconds_ago=ownership.LEASE_SECONDS - 60)
    Ownership(run, token).claim(ownership.RUN)
    with pytest.raises(RunInUse, match="process 7 on node7"):
        writing(run).__enter__()
    register_far(run, seconds_ago=ownership.LEASE_SECONDS + 60)
    with writing(run) as own:
        own.check()
        with pytest.raises(RunLost, match="another process has taken this run over"):
            Ownership(run, token).check()


def test_a_process_shows_a_sign_of_life_while_it_writes(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "HEARTBEAT_SECONDS", 0.01)
    with writing(run) as own:
        os.utime(own.file, (0, 0))
        limit = time.monotonic() + 20
        while own.file.stat().st_mtime == 0 and time.monotonic() < limit:
            time.sleep(0.01)
        assert own.file.stat().st_mtime > 0


def test_a_writer_that_lost_its_right_writes_no_marker(run: Path) -> None:
    plan = small_run.layout()
    far = Ownership(run, register_far(run, seconds_ago=0))
    far.claim(ownership.RUN)
    writer = stores.Writer(run, plan, permission=far.check)
    writer.commit(Unit(0, 1), small_run.payload(plan, Unit(0, 1)), report={})
    os.utime(far.file, (0, 0))
    with writing(run):
        with pytest.raises(RunLost):
            writer.commit(Unit(2, 2), small_run.payload(plan, Unit(2, 2)), report={})
        assert ledger.missing(run, plan) == (Unit(2, 2),)
    assert small_run.open_quietly(run).damaged == {}


def test_a_plain_start_is_refused_beside_one_that_joined(run: Path) -> None:
    with writing(run, join=True), writing(run, join=True), pytest.raises(RunInUse, match=f"process {os.getpid()}"):
        writing(run).__enter__()
    with writing(run):
        pass


def test_of_many_starts_at_once_one_owns_the_run(tmp_path: Path) -> None:
    path, together, leave = tmp_path / "run", threading.Barrier(8), threading.Event()
    owned: list[str] = []
    refused: list[str] = []

    def start() -> None:
        together.wait()
        try:
            with writing(path) as own:
                owned.append(own.token)
                leave.wait(20)
        except RunInUse as error:
            refused.append(str(error))
        if len(refused) == 7:
            leave.set()

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(owned), len(refused)) == (1, 7)
    assert not path.exists()


def test_one_that_joins_a_run_in_creation_waits_for_it(tmp_path: Path) -> None:
    path, waited = tmp_path / "run", list[str]()
    created = threading.Event()

    def joining() -> None:
        with writing(path, join=True, on_wait=waited.append):
            assert created.is_set()

    with writing(path):
        other = threading.Thread(target=joining)
        other.start()
        while not waited:
            time.sleep(0.01)
        created.set()
        stores.create(path, small_run.layout(), plan=small_run.PLAN, provenance={})
        other.join(10)
    assert waited == [waited[0]]
    assert f"process {os.getpid()}" in waited[0]


def test_claims_go_when_the_run_is_complete_and_stay_while_it_is_not(run: Path) -> None:
    plan = small_run.layout()
    with writing(run) as own:
        assert own.claim_block(0)
    assert (run / ownership.CLAIMS).is_dir()
    with writing(run) as own:
        writer = stores.Writer(run, plan, permission=own.check)
        for unit in ledger.missing(run, plan):
            writer.commit(unit, small_run.payload(plan, unit), report={})
    assert sorted(file.name for file in (run / "_ledger").iterdir()) == ["done", "plan.json", "zarr.json"]


def test_what_a_dead_process_left_in_a_complete_run_goes_and_what_a_live_one_holds_stays(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    small_run.make(whole, small_run.layout())
    before = set(whole.rglob("*"))
    with holding(whole) as holder:
        (writer,) = (whole / ownership.WRITERS).iterdir()
        begun = [each / f"c.0.{writer.stem}.partial" for each in (writer.parent, whole / "images")]
        for file in begun:
            file.touch()
        ownership.tidy(whole)
        assert set(whole.rglob("*")) >= {writer, *begun}
        holder.kill()
        holder.wait()
    ownership.tidy(whole)
    assert set(whole.rglob("*")) == before
    assert sorted(file.name for file in (whole / "_ledger").iterdir()) == ["done", "plan.json", "zarr.json"]


def test_claims_whose_numbers_began_anew_have_one_holder(run: Path) -> None:
    with writing(run, join=True) as one, writing(run, join=True) as two:
        assert one.claim_block(0)
        (run / ownership.CLAIMS / "b00000.1").rename(run / ownership.CLAIMS / "b00000.2")
        ownership._create(run / ownership.CLAIMS / "b00000.3", "gone")  # pyright: ignore[reportPrivateUsage]
        assert not two.claim_block(0)


def test_a_claim_that_was_not_yet_written_is_respected_for_a_while(run: Path) -> None:
    with writing(run) as own:
        claim = run / ownership.CLAIMS / "b00001.1"
        claim.touch()
        assert not own.claim_block(1)
        os.utime(claim, (0, 0))
        assert own.claim_block(1)


def test_where_files_cannot_be_linked_claims_work_too(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with writing(run, join=True) as one, writing(run, join=True) as two:
        assert (one.claim_block(0), two.claim_block(0), two.claim_block(1)) == (True, False, True)


def test_a_foreign_folder_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "main.tex").touch()
    (tmp_path / "file").touch()
    for name in ("thesis", "file"):
        with pytest.raises(FileExistsError, match="is no run of this project"):
            writing(tmp_path / name).__enter__()
    assert [file.name for file in (tmp_path / "thesis").iterdir()] == ["main.tex"]


@pytest.mark.parametrize("how", ["renamed", "deleted", "replaced"])
def test_a_run_that_is_renamed_or_deleted_stops_its_writer_and_is_not_made_again(run: Path, how: str) -> None:
    plan = small_run.layout()
    writer = stores.Writer(run, plan)
    away = run.with_name("away")
    run.rename(away)
    if how == "deleted":
        import shutil

        shutil.rmtree(away)
    if how == "replaced":
        small_run.make(run, plan, leave=frozenset({Unit(0, 1)}))
    before = sorted(run.rglob("*")) if run.exists() else []
    with pytest.raises(RunMoved, match="was renamed, replaced or deleted while units were written"):
        writer.commit(Unit(0, 1), small_run.payload(plan, Unit(0, 1)), report={})
    assert (sorted(run.rglob("*")) if run.exists() else []) == before
    if how == "renamed":
        assert ledger.missing(away, plan) == (Unit(0, 1), Unit(2, 2))
        away.rename(run)
        writer.commit(Unit(0, 1), small_run.payload(plan, Unit(0, 1)), report={})


def test_a_run_that_is_renamed_within_a_commit_is_not_marked(run: Path) -> None:
    plan = small_run.layout()
    writer, away = stores.Writer(run, plan), run.with_name("away")
    write = writer.folder.write

    def renaming(name: str, parts: list[memoryview], *, durable: bool = False) -> stores.files.Written:  # type: ignore[name-defined]
        if run.exists():
            run.rename(away)
        return write(name, parts, durable=durable)

    writer.folder.write = renaming  # type: ignore[method-assign]
    with pytest.raises(RunMoved):
        writer.commit(Unit(0, 1), small_run.payload(plan, Unit(0, 1)), report={})
    assert not run.exists()
    assert Unit(0, 1) not in ledger.done(away)


def test_a_writer_of_another_plan_is_refused(run: Path) -> None:
    with pytest.raises(ValueError, match="holds the run of another plan"):
        stores.Writer(run, small_run.layout(), plan_hash=stores.hashed({"model": "other"})["hash"])
