"""A run in an object store: the same bytes and the same protocol as in a folder, and clear words where it fails."""

import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import object_server
import pytest
import small_run
import xarray as xr
from object_server import BUCKET, Wire, objects

import stores
from stores import RunLost, StoreFailed, Unit, WriteFailed, heartbeats, ledger, object_store, ownership, sealed, writing
from stores.each import each
from stores.object_paths import ObjectPath
from stores.ownership import Ownership
from stores.paths import names_in, resolved, zarr_store
from stores.process import Process

PLAN = small_run.layout(images=2)
LAST = Unit(0, 2)
KILLED = """
import sys, small_run, stores
from stores import Unit
path = sys.argv[1]
with stores.writing(path):
    small_run.make(path, small_run.layout(images=2))
"""

JOINED = """
import sys, small_run, stores
plan, path = small_run.layout(), sys.argv[1]
with stores.writing(path, join=True) as own:
    writer = stores.Writer(path, plan, permission=own.check)
    for block in range(plan.blocks):
        if own.claim_block(block):
            print(block)
            for unit in plan.units():
                if unit.block == block:
                    writer.commit(unit, small_run.payload(plan, unit), report={"code": "deadbeef"})
"""


@pytest.fixture
def run(bucket: str, request: pytest.FixtureRequest) -> str:
    """The address of a run that has all units but the last."""
    path = f"{bucket}/{request.node.name[:80]}"
    small_run.make(path, PLAN, leave=frozenset({LAST}))  # type: ignore[arg-type]
    return path


@pytest.fixture
def wire(object_server: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """The wire between this process and the store, which is quick to give up."""
    with wire_to(object_server) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        monkeypatch.setattr(object_store, "RETRIES", 0)
        monkeypatch.setattr(object_store, "ANSWER_SECONDS", 1)
        yield made


wire_to = object_server.wire


def key(path: str) -> str:
    """The key of an address."""
    return path.removeprefix(f"s3://{BUCKET}/")


def without_time(files: dict[str, bytes]) -> dict[str, Any]:
    """Files of a run, of the markers their content without the time."""
    return {
        name: {**sealed.unseal(data), "time": ""} if "_ledger/done" in name else data for name, data in files.items()
    }


def finish(path: str | Path) -> None:
    """Commit the last unit."""
    stores.Writer(path, PLAN).commit(LAST, small_run.payload(PLAN, LAST), report={"code": "deadbeef"})


def files(path: Path) -> dict[str, bytes]:
    """Every file of a run in a folder."""
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


@pytest.mark.parametrize("compress", [False, True])
def test_objects_are_the_files_of_a_run_in_a_folder_and_read_as_they_do(
    bucket: str, tmp_path: Path, compress: bool
) -> None:
    there, here, plan = f"{bucket}/same-{compress}", tmp_path / "run", small_run.layout(compress=compress, images=3)
    table = xr.Dataset({"mean": ("site", np.arange(3.0)), "name": ("site", np.array(["a", "ü", ""], object))})
    added = stores.Segmentation("more", 3)
    for path in (there, here):
        small_run.make(path, plan)  # type: ignore[arg-type]
        for _ in range(2):  # the second replaces the first
            stores.results.write(path, "table", table, attrs={"seed": 0})
        model = stores.segmentations.add(path, added, model={"name": "m"}, provenance={})
        shape = (len(plan.image_ids[plan.rows(1)]), 3, 3)
        values = {"confusion": np.ones(shape, np.int32), "unassigned": np.ones(shape[:2], np.int32)}
        model.commit(Unit(1, 0), values, report={})
    local = files(here)
    marked = "_ledger/segmentations/more/done/b00001-c0000.json"
    in_store = objects(key(there))
    assert without_time(in_store).keys() == local.keys()
    assert sealed.unseal(in_store.pop(marked))["files"] == sealed.unseal(local.pop(marked))["files"]
    assert without_time(in_store) == without_time(local)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stores.IncompleteRun)
        one, other = stores.open_run(there), stores.open_run(here)
    assert [str(one.path), one.sites, one.results] == [there, other.sites, other.results]
    for site in one.sites:
        assert one.site(site).load().identical(other.site(site).load())
        name = site.replace("*", "-1").replace("[0,2]", "[2]")
        assert one.embeddings(name)[1:, 1].identical(other.embeddings(name)[1:, 1])
    for group in ("answers", "images", "samples", "conditions", "pictures"):
        assert getattr(one, group).load().identical(getattr(other, group).load())
    assert one.result("table").identical(other.result("table"))
    assert one.segmentation("more").load().identical(other.segmentation("more").load())
    assert stores.verify(there) == []
    summary = stores.summary(there)
    assert summary["committed"] == summary["units"] == 6
    assert summary | {"path": ""} == stores.summary(here) | {"path": ""}


def test_plain_zarr_and_xarray_open_the_run(run: str, tmp_path: Path) -> None:
    import zarr

    finish(run)
    small_run.make(tmp_path / "run", PLAN)
    there, here = (zarr.open_group(zarr_store(path), mode="r") for path in (resolved(run), tmp_path / "run"))
    names = sorted(name for name, _ in here.members(max_depth=None))
    assert sorted(name for name, _ in there.members(max_depth=None)) == names
    for name in names:
        if isinstance(array := here[name], zarr.Array):
            assert np.array_equal(np.asarray(there[name]), np.asarray(array), equal_nan=array.dtype.kind == "f"), name
    tree = xr.open_datatree(zarr_store(resolved(run)), engine="zarr", consolidated=False)  # type: ignore[arg-type]
    assert tree["answers"]["text"].shape[0] == PLAN.sizes.samples


def test_one_layer_of_one_image_is_read_without_the_rest_of_its_object(run: str, wire: Wire) -> None:
    opened = small_run.open_quietly(run)  # type: ignore[arg-type]
    tokens = opened.embeddings("vision.layers[2]:patches")
    wire.seen.clear()
    assert np.isfinite(tokens[0, 1, :3].values).all()
    asked = [(path, size) for method, path, size in wire.seen if method == "GET"]
    whole = object_store.head(BUCKET, f"{key(run)}/sites/vision.layers-patches/tokens/c.0.1.0.0.0")[0]
    assert {path.rpartition("/")[2] for path, _ in asked} == {"c.0.1.0.0.0"}
    assert sum(size for _, size in asked) < whole / 4


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


def register_far(path: str, number: int) -> str:
    """A process of another machine; its token."""
    token = f"{Process('00000000', 7, number).mark}-0"
    known = {"host": "node7", "pid": 7, "since": "2026-01-01T00:00:00+00:00", "command": "probe extract"}
    ledger.write_json(resolved(path) / ownership.WRITERS / f"{token}.json", known)
    return token


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


def test_two_processes_that_joined_do_each_block_once(bucket: str, tmp_path: Path) -> None:
    path, plan = f"{bucket}/joined", small_run.layout()
    stores.create(path, plan, plan=small_run.PLAN, provenance=small_run.PROVENANCE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", JOINED, path]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    blocks = [process.communicate(timeout=60)[0].split() for process in both]
    assert sorted(blocks[0] + blocks[1]) == ["0", "1", "2"]
    small_run.make(tmp_path / "run", plan)
    assert without_time(objects("joined")) == without_time(files(tmp_path / "run"))


def test_a_process_killed_in_the_midst_of_a_unit_is_resumed(bucket: str, object_server: str, tmp_path: Path) -> None:
    path, reached = f"{bucket}/killed", threading.Event()
    with wire_to(object_server) as between:

        def fault(method: str, name: str) -> str:
            if method == "PUT" and "answers/text/c.0.1" in name:
                reached.set()
                return "hang"
            return ""

        between.fault = fault
        environment = {**os.environ, "AWS_ENDPOINT_URL": between.url, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen([sys.executable, "-c", KILLED, path], env=environment) as killed:
            assert reached.wait(60)
            killed.send_signal(signal.SIGKILL)
    left = ledger.missing(path, PLAN)
    assert left == (Unit(0, 1), LAST)
    assert stores.verify(path) == []
    with writing(path):  # the dead one is of this machine: nobody waits for it
        for unit in left:
            stores.Writer(path, PLAN).commit(unit, small_run.payload(PLAN, unit), report={"code": "deadbeef"})
    small_run.make(tmp_path / "run", PLAN)
    assert without_time(objects("killed")) == without_time(files(tmp_path / "run"))


def test_a_creation_that_was_interrupted_is_done_again(bucket: str, wire: Wire, tmp_path: Path) -> None:
    path = f"{bucket}/begun"
    wire.fault = lambda method, name: "503" if method == "PUT" and name.endswith("plan.json") else ""
    with pytest.raises(WriteFailed, match="writing the empty run failed"):
        small_run.make(path, PLAN)  # type: ignore[arg-type]
    assert "_ledger/creating" in objects("begun")
    wire.fault = lambda method, name: ""
    object_store.put(BUCKET, "begun/answers/leftover", b"")
    small_run.make(path, PLAN)  # type: ignore[arg-type]
    small_run.make(tmp_path / "run", PLAN)
    assert objects("begun").keys() == files(tmp_path / "run").keys()
    with pytest.raises(FileExistsError, match="already contains a run"):
        small_run.make(path, PLAN)  # type: ignore[arg-type]
    object_store.put(BUCKET, "foreign/file", b"")
    with pytest.raises(FileExistsError, match="is no run of this project"):
        small_run.make(f"{bucket}/foreign", PLAN)  # type: ignore[arg-type]


def test_changed_and_lost_objects_are_found_and_made_again(run: str) -> None:
    finish(run)
    before = objects(key(run))
    text, table, lost = "answers/text/c.0.1", "samples/question/c.0", "images/width/c.0"
    object_store.put(BUCKET, f"{key(run)}/{text}", before[text][:-1] + b"?")
    object_store.put(BUCKET, f"{key(run)}/{table}", b"")
    object_store.delete(BUCKET, [f"{key(run)}/{lost}"])
    found = "\n".join(stores.verify(run))
    assert re.search(r"answers/text/c.0.1 has CRC-32C \w{8} instead of \w{8}. Rerun .*: unit b00000-c0001", found)
    assert "samples/question/c.0 has 0 bytes instead of" in found
    assert "images/width/c.0 is missing" in found
    record = ledger.read_record(run)
    assert record is not None
    with writing(run):
        assert stores.mend(run, PLAN, plan=small_run.PLAN, provenance=dict) == (table,)
        damaged = stores.changed(resolved(run), record)
        ledger.withdraw(run, damaged)
        for unit in damaged:
            stores.Writer(run, PLAN).commit(unit, small_run.payload(PLAN, unit), report={"code": "deadbeef"})
    assert set(damaged) == {Unit(0, 0), Unit(0, 1)}
    assert without_time(objects(key(run))) == without_time(before)
    object_store.delete(BUCKET, [f"{key(run)}/{text}"])
    opened = small_run.open_quietly(run)  # type: ignore[arg-type]
    assert opened.damaged == {Unit(0, 1): ("answers/text/c.0.1 is missing",)}


def test_an_object_lost_or_cut_off_after_opening_is_named(run: str) -> None:
    opened = small_run.open_quietly(run)  # type: ignore[arg-type]
    width, tokens = "images/width/c.0", "sites/vision.layers-patches/tokens/c.0.1.0.0.0"
    object_store.delete(BUCKET, [f"{key(run)}/{width}"])
    with pytest.raises(stores.DamagedRun, match=r"images/width/c\.0 is missing"):
        _ = opened.images
    for data in (b"", b"short", object_store.get(BUCKET, f"{key(run)}/{tokens}")[-196:]):
        object_store.put(BUCKET, f"{key(run)}/{tokens}", data)
        with pytest.raises(stores.DamagedRun, match=r"tokens/c\.0\.1\.0\.0\.0"):
            _ = opened.embeddings("vision.layers[0]:patches")[:, 1].values


def test_a_prefix_of_more_objects_than_one_answer_lists_is_listed_whole(bucket: str) -> None:
    folder = ObjectPath(f"{bucket}/many")
    for _ in each(folder, lambda k: (folder / f"b{k:05d}-c0000.json").write(b""), range(1005)):
        pass
    assert len(names_in(folder)) == len(ledger.units_in(folder)) == 1005
    folder.remove(folder.below())
    assert not folder.exists()


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
