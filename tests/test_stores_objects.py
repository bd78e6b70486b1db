"""A run in an object store: the same bytes, reads and protocol as in a folder."""

import os
import re
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import object_run
import pytest
import small_run
import xarray as xr
from object_run import LAST, PLAN, files, finish, key, without_time
from object_server import BUCKET, Wire, objects

import stores
from stores import Unit, WriteFailed, ledger, object_store, sealed, writing
from stores.each import each
from stores.object_paths import ObjectPath
from stores.paths import names_in, resolved, zarr_store

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
    return object_run.make(f"{bucket}/{request.node.name[:80]}")


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


def test_a_process_killed_in_the_midst_of_a_unit_is_resumed(bucket: str, wire: Wire, tmp_path: Path) -> None:
    path, reached = f"{bucket}/killed", threading.Event()

    def fault(method: str, name: str) -> str:
        if method == "PUT" and "answers/text/c.0.1" in name:
            reached.set()
            return "hang"
        return ""

    wire.fault = fault
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", KILLED, path], env=environment) as killed:
        assert reached.wait(60)
        killed.send_signal(signal.SIGKILL)
    wire.fault = lambda method, name: ""
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
