"""An object store that several write into, or that fails: one owner, nothing lost, and clear words."""

import itertools
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

import object_run
import object_server
import pytest
import small_run
from click.testing import CliRunner
from object_run import LAST, PLAN, finish, key, register_far
from object_server import Wire, objects

import stores
from probe.cli import main
from stores import RunLost, StoreFailed, Unit, WriteFailed, heartbeats, ledger, object_store, ownership, sealed, writing
from stores.ownership import Ownership
from stores.paths import resolved


@pytest.fixture
def run(bucket: str, request: pytest.FixtureRequest) -> str:
    """The address of a run that has all units but the last."""
    return object_run.make(f"{bucket}/{request.node.name[:80]}")


def test_of_many_that_claim_one_block_at_a_time_one_has_it(run: str) -> None:
    owners = [Ownership(resolved(run), register_far(run, k)) for k in range(12)]
    start, won = threading.Barrier(len(owners)), list[bool]()

    def claim(owner: Ownership) -> None:
        start.wait()
        won.append(owner.claim_block(0))

    threads = [threading.Thread(target=claim, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 11 + [True]


def test_a_far_process_keeps_its_claim_while_it_beats_and_loses_it_for_good(
    run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Ownership(resolved(run), register_far(run, 1))
    assert far.claim(ownership.RUN)
    with pytest.raises(stores.RunInUse, match="process 7 on node7"), writing(run):
        pass
    monkeypatch.setattr(ownership, "LEASE_SECONDS", -1)  # whoever is not here is dead
    file = far.file
    with writing(run) as own:
        assert own.others() == ()
        with pytest.raises(RunLost, match="committed units are safe"):
            far.check()
        with pytest.raises(FileNotFoundError):
            heartbeats.beat(file)
        with pytest.raises(RunLost):
            stores.Writer(run, PLAN, permission=far.check).commit(LAST, small_run.payload(PLAN, LAST), report={})
    assert ledger.missing(run, PLAN) == (LAST,)
    assert [name for name in objects(key(run)) if "writers" in name] == []


def test_a_marker_of_another_process_is_not_replaced(run: str) -> None:
    marker = resolved(run) / ledger.marker_name(LAST)
    writer = stores.Writer(run, PLAN)
    held = writer.folder
    original = held.write_each

    def others_are_faster(*given: Any, **more: Any) -> Any:
        yield from original(*given, **more)
        marker.write(b"theirs")  # type: ignore[attr-defined]

    held.write_each = others_are_faster  # type: ignore[method-assign]
    with pytest.raises(RunLost):
        writer.commit(LAST, small_run.payload(PLAN, LAST), report={})
    assert marker.read() == b"theirs"  # type: ignore[attr-defined]


@pytest.mark.parametrize("retries", [0, 1])
@pytest.mark.parametrize("what", ["claims/b00000.1", f"done/{LAST.name}.json"])
def test_a_put_whose_answer_was_lost_is_ones_own(
    run: str, wire: Wire, what: str, retries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "RETRIES", retries)
    lost = list[str]()

    def once(method: str, path: str) -> str:
        if method == "PUT" and path.endswith(what) and not lost:
            lost.append(path)
            return "lose"
        return ""

    wire.fault = once
    with writing(run) as own:
        assert own.claim_block(0)
        finish(run)
    assert lost
    assert stores.open_run(run).complete


FAILURES = {
    "503": "is overloaded or not available now. Try again later.",
    "403": "does not allow it. Give these credentials the rights to list, read, write and delete below the run.",
    "hang": "did not answer in time. Check the network and AWS_ENDPOINT_URL.",
}


def test_a_put_that_fails_loses_nothing_and_says_so(run: str, wire: Wire) -> None:
    before = objects(key(run))
    for what, fault in itertools.product(("answers/text/c.0.2", "_ledger/done/"), FAILURES):
        wire.fault = lambda method, path, what=what, fault=fault: fault if method == "PUT" and what in path else ""
        with pytest.raises(WriteFailed) as caught:
            finish(run)
        assert str(caught.value).startswith(f"[Errno 121] {run}: writing unit b00000-c0002 failed: ")
        assert FAILURES[fault] + " All committed units are safe; rerun the same command" in str(caught.value)
        assert object_server.SECRET not in str(caught.value)
        assert ledger.missing(run, PLAN) == (LAST,)
    wire.fault = lambda method, path: ""
    assert stores.verify(run) == []
    assert before.items() <= objects(key(run)).items()
    finish(run)
    assert stores.open_run(run).complete


def test_a_store_without_conditional_puts_is_refused_before_anything_is_written(bucket: str, wire: Wire) -> None:
    wire.fault = lambda method, path: "anyhow"
    with pytest.raises(WriteFailed, match=r"has no conditional puts \(If-None-Match\), which keep two writers apart"):
        writing(f"{bucket}/apart").__enter__()
    assert objects("apart") == {}


def test_a_store_that_does_not_answer_is_no_damage(run: str, wire: Wire) -> None:
    record = ledger.read_record(run)
    assert record is not None
    wire.fault = lambda method, path: "503" if method == "GET" and ("text/c." in path or "/done/" in path) else ""
    for look in (
        lambda: stores.verify(run), lambda: stores.changed(resolved(run), record), lambda: stores.open_run(run),
        lambda: ledger.failed(run),
    ):  # fmt: skip
        with pytest.raises(StoreFailed, match="is overloaded"):
            look()
    wire.fault = lambda method, path: "503" if method == "GET" and "claims" in path else ""
    far = Ownership(resolved(run), register_far(run, 2))
    with pytest.raises(StoreFailed):
        far.claim_block(1)


@pytest.mark.parametrize(("address", "said"), [
    ("gs://bucket/run", "'gs://' is no home for a run. Give the path of a local folder, or s3://BUCKET/NAME"),
    ("https://bucket.example/run", "'https://' is no home for a run"),
    ("s3://bucket", "'s3://bucket' is no address of a run. Give s3://BUCKET/NAME."),
    ("s3://bucket/", "is no address of a run"),
    ("s3:///run", "is no address of a run"),
    ("s3://bucket/a/../b", "is no address of a run"),
    ("s3://KEY:word@bucket/run", "the address of a run holds no credentials: give s3://BUCKET/NAME, and set"),
])  # fmt: skip
def test_what_is_no_address_is_refused_and_repeats_no_secret(address: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        stores.open_run(address)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(("changes", "said"), [
    ({}, "s3://undertow/none is no run of this project|s3://undertow/none does not exist"),
    ({"AWS_ENDPOINT_URL": "http://me:word@127.0.0.1:9"}, "^.Errno 121. http://127.0.0.1:9 cannot be reached. Check"),
])  # fmt: skip
def test_what_is_not_there_is_said(bucket: str, changes: dict[str, str], said: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(object_store, "RETRIES", 0)
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OSError, match=said):
        stores.open_run(f"{bucket}/none")


def test_a_bucket_that_does_not_exist_is_said_by_those_that_read_and_write(bucket: str) -> None:
    for do in (stores.open_run, stores.summary, lambda path: writing(path).__enter__(), ledger.done):
        with pytest.raises(OSError, match=r"bucket 'no-such-bucket' at http://.* does not exist\. Make it, or"):
            do("s3://no-such-bucket/run")


@pytest.mark.parametrize(("text", "said"), [
    ("performing PUT http://169.254.169.254/latest/api/token", "there are no credentials for bucket 'b' at"),
    ("status code: 403 Forbidden: <Code>SignatureDoesNotMatch</Code>", "refuses the credentials. Check AWS_"),
    ("status code: 301 Moved: ", "lies in another region. Set AWS_REGION"),
    ("status code: 501: <Code>NotImplemented</Code>", "has no conditional puts"),
    ("status code: 418 Teapot", "answered with 418"),
    ("HTTP error: operation timed out", "did not answer in time"),
    ("HTTP error: error sending request\n\nDebug source: retry_timeout: 60s", "cannot be reached"),
])  # fmt: skip
def test_why_a_store_failed_is_said_in_our_words(text: str, said: str) -> None:
    assert said in object_store.reason(text, "b")


def test_an_address_is_a_path_that_no_function_of_the_system_takes() -> None:
    path = resolved("s3://bucket//runs/one/")
    assert (str(path), path.name, str(path.parent / "x")) == ("s3://bucket/runs/one", "one", "s3://bucket/runs/x")
    assert resolved(path) is path
    for act in (path.read_bytes, path.stat, lambda: os.listdir(path), lambda: path.write_bytes(b"")):
        with pytest.raises(TypeError, match="s3://bucket/runs/one is no path of the system"):
            act()


def test_what_other_processes_left_goes_with_the_last_unit_and_a_lost_plan_is_named(run: str) -> None:
    root = resolved(run)
    orphan = root / ownership.WRITERS / f"gone.json{heartbeats.BEAT}"
    orphan.touch()
    with writing(run) as own:
        assert own.claim_block(0)
        assert {"claims", "writers"} <= {name.split("/")[1] for name in objects(key(run)) if name.startswith("_ledger")}
        finish(run)
    assert not [name for name in objects(key(run)) if "claims" in name or "writers" in name]
    (root / "_ledger" / "plan.json").unlink()
    ledger.withdraw(run, PLAN.units())
    with pytest.raises(FileExistsError, match=r"plan\.json is missing\. Rerun the command that made the run with --re"):
        writing(run).__enter__()


def test_an_object_that_is_longer_than_any_ledger_is_not_read(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "LARGEST", 1000)
    with pytest.raises(ValueError, match=r"plan\.json is damaged: it has [\d,]+ bytes, more than 1,000"):
        stores.open_run(run)


@pytest.mark.parametrize("arguments", [
    ("report", "run", "-o", "s3://bucket/page.html"), ("analyze", "run", "--csv", "s3://bucket/csv"),
    ("demo", "-o", "s3://bucket/demo"), ("preview", "streets", "-o", "s3://bucket/sheet.png"),
    ("info", "gs://bucket/run"),
])  # fmt: skip
def test_what_is_no_place_for_it_is_refused_by_the_command_line(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert re.search(r"is no local path\. Give one, and copy from there|'gs://' is no home for a run", done.output)
    assert not Path("s3:").exists()


def test_an_installation_without_obstore_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    done = CliRunner().invoke(main, ["info", "s3://bucket/run"])
    assert done.output == "error: runs in an object store need obstore: pip install 'vlm-undertow[s3]'.\n"


def test_markers_are_asked_for_by_name_and_not_listed(run: str, wire: Wire) -> None:
    wire.seen.clear()
    assert ledger.committed(run, [Unit(0, 0), LAST, Unit(7, 1)]) == {Unit(0, 0)}
    assert [method for method, *_ in wire.seen] == ["HEAD"] * 3
