"""Commit: all files, then the marker; nothing twice; nothing half."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import small_run
import zarr
from small_run import PLAN, PROVENANCE, payload

import stores
from stores import Unit, files, ledger


def contents(root: Path) -> dict[str, bytes]:
    """Every file of a run that must not depend on when or where it was made."""
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and "_ledger/" not in str(file.relative_to(root)) and file != root / "zarr.json"
    }


@pytest.fixture
def fresh(tmp_path):
    plan = small_run.layout()
    stores.create(tmp_path / "run", plan, plan=PLAN, provenance=PROVENANCE)
    return tmp_path / "run", plan, stores.Writer(tmp_path / "run", plan)


def test_two_runs_of_one_plan_are_bit_identical_in_any_order(tmp_path):
    plan = small_run.layout()
    small_run.make(tmp_path / "a", plan)
    stores.create(tmp_path / "b", plan, plan=PLAN, provenance={"time": "later"})
    writers = [stores.Writer(tmp_path / "b", plan, durable=durable) for durable in (False, True)]
    for k, unit in enumerate(reversed(plan.units())):
        writers[k % 2].commit(unit, payload(plan, unit), report={})
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_direct_and_zarr_writers_give_the_same_values(tmp_path):
    small_run.make(tmp_path / "direct", small_run.layout())
    small_run.make(tmp_path / "zarr", small_run.layout(compress=True))
    direct, compressed = stores.open_run(tmp_path / "direct").tree, stores.open_run(tmp_path / "zarr").tree
    for node in direct.subtree:
        for name, variable in node.data_vars.items():
            np.testing.assert_array_equal(variable.values, compressed[node.path][name].values)


def test_the_marker_comes_last(fresh, monkeypatch):
    path, plan, writer = fresh
    targets: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b, **below: (targets.append(str(b)), replace(a, b, **below)))
    writer.commit(Unit(0, 1), payload(plan, Unit(0, 1)), report={})
    assert targets[-1] == ledger.marker_name(Unit(0, 1))
    assert ledger.marker(path, Unit(0, 1)).exists()
    assert sum("_ledger" in target for target in targets) == 1


def test_a_committed_unit_is_never_written_twice(fresh):
    _, plan, writer = fresh
    writer.commit(Unit(1, 0), payload(plan, Unit(1, 0)), report={})
    with pytest.raises(FileExistsError, match=r"b00001-c0000 .* is committed already"):
        writer.commit(Unit(1, 0), payload(plan, Unit(1, 0)), report={})


def test_the_marker_holds_files_counts_and_report(fresh):
    path, plan, writer = fresh
    unit = Unit(0, 2)  # n_tokens 0 and 64; samples s1, s2, s4 with 3, 2 and 2 options
    values = payload(plan, unit)
    values["answers/log_likelihood"][:] = np.nan
    values["sites/vision.layers-patches/tokens"][0] = 0x7FC0  # padding only: image 0 has no tokens
    values["sites/vision.layers-patches/tokens"][1, 1, 63, :2] = [0x7FC0, 0xFF80]
    values["sites/vision-pooled/pooled"][1, 0, 3] = -np.inf
    writer.commit(unit, values, report={"failed": {"s2": "unreadable image"}, "code": "deadbeef", "seconds": 0.5})
    entry = ledger.entry(path, unit)
    assert entry["nonfinite"] == {
        "answers/log_likelihood": {"nan": 7, "inf": 0},
        "sites/vision.layers-patches/tokens": {"nan": 1, "inf": 1},
        "sites/vision-pooled/pooled": {"nan": 0, "inf": 1},
    }
    assert entry["report"] == {"code": "deadbeef", "seconds": 0.5}
    assert entry["failed"] == {"s2": "unreadable image"}
    assert set(entry["files"]) == {name for array in plan.unit_arrays(unit).values() for name, _ in array.files(unit)}
    assert ledger.failed(path) == {"s2": "unreadable image"}


def test_non_finite_values_are_counted_by_row_and_once_where_the_caller_has_counted_them(fresh, monkeypatch):
    path, plan, writer = fresh
    unit = Unit(0, 1)
    values = payload(plan, unit)
    values["sites/vision-pooled/pooled"][1, 0, :3] = [np.nan, np.inf, -np.inf]
    values["answers/log_likelihood"][1, 2:] = np.nan  # s2 has two options: padding
    counted = stores.nonfinite(plan, unit, values)
    assert list(counted) == ["sites/vision-pooled/pooled"]
    pooled = counted["sites/vision-pooled/pooled"]
    assert (pooled.nan.tolist(), pooled.inf.tolist(), pooled.rows.tolist()) == ([0, 1], [0, 2], [False, True])
    monkeypatch.setattr("stores.writer.nonfinite", None)
    writer.commit(unit, values, report={}, counted=counted)
    assert ledger.entry(path, unit)["nonfinite"] == {"sites/vision-pooled/pooled": {"nan": 1, "inf": 2}}


@pytest.mark.parametrize(
    ("key", "change", "error", "message"),
    [
        ("sites/vision-pooled/pooled", lambda a: a[:1], ValueError, r"must be \(2, 1, 4\) \(image, layer, feature\)"),
        ("sites/vision-pooled/pooled", lambda a: a.astype("f8"), TypeError, "stored as float32, not float64"),
        ("sites/vision.layers-patches/tokens", lambda a: a.astype("f4"), TypeError, "view it as uint16"),
        ("answers/text", lambda a: np.array([1, 2, 3], object), TypeError, "takes strings"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused(fresh, key, change, error, message):
    path, plan, writer = fresh
    values = payload(plan, Unit(0, 1))
    values[key] = change(values[key])
    with pytest.raises(error, match=message):
        writer.commit(Unit(0, 1), values, report={})
    assert ledger.done(path) == frozenset()


def test_missing_and_unknown_arrays_and_units_are_refused(fresh):
    _, plan, writer = fresh
    values = payload(plan, Unit(0, 1))
    with pytest.raises(ValueError, match="does not take images/sha256"):
        writer.commit(Unit(0, 1), {**values, "images/sha256": np.array(["", ""], object)}, report={})
    del values["answers/text"]
    with pytest.raises(ValueError, match="lacks answers/text"):
        writer.commit(Unit(0, 1), values, report={})
    with pytest.raises(ValueError, match="3 blocks and 3 conditions"):
        writer.commit(Unit(3, 0), values, report={})


def test_a_blank_payload_fits_and_reads_as_undefined(fresh):
    path, plan, writer = fresh
    for unit in plan.units():
        writer.commit(unit, plan.blank(unit), report={})
    run = stores.open_run(path)
    assert np.isnan(run.answers["log_likelihood"].values).all()
    assert (run.answers["token_count"].values == -1).all()
    assert (run.answers["text"].values == "").all()
    assert np.isnan(run.embeddings("vision.layers[*]:patches").values).all()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("after", [0, 5, 6_000])
def test_a_full_disk_keeps_committed_units_and_can_be_resumed(fresh, monkeypatch, code, after):
    path, plan, writer = fresh
    writer.commit(Unit(0, 0), payload(plan, Unit(0, 0)), report={})
    before, left, writev = contents(path), after, os.writev

    def nearly_full(descriptor, parts):
        nonlocal left
        if left <= 0:
            raise OSError(code, os.strerror(code))
        data = b"".join(bytes(part) for part in parts)[:left]
        left -= len(data)
        return writev(descriptor, [data])

    monkeypatch.setattr(os, "writev", nearly_full)
    kind = stores.DiskFull if code == errno.ENOSPC else stores.WriteFailed
    with pytest.raises(kind, match=r"unit b00000-c0001.*All committed units are safe") as caught:
        writer.commit(Unit(0, 1), payload(plan, Unit(0, 1)), report={})
    assert caught.value.errno == code
    assert isinstance(caught.value, stores.DiskFull) == (code == errno.ENOSPC)
    assert contents(path) == before
    assert not list(path.rglob(f"*{files.PARTIAL}"))
    assert ledger.done(path) == {Unit(0, 0)}
    monkeypatch.undo()
    writer.commit(Unit(0, 1), payload(plan, Unit(0, 1)), report={})
    assert stores.verify(path) == []


def test_a_disk_that_is_full_when_the_marker_comes_leaves_nothing(fresh, monkeypatch):
    path, plan, writer = fresh
    before = contents(path)

    write = writer.folder.write

    def full(name, parts, **how):
        if name == ledger.marker_name(Unit(0, 1)):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(name, parts, **how)

    monkeypatch.setattr(writer.folder, "write", full)
    with pytest.raises(stores.DiskFull):
        writer.commit(Unit(0, 1), payload(plan, Unit(0, 1)), report={})
    assert contents(path) == before


def test_encoded_files_are_those_that_zarr_itself_writes(tmp_path):
    for compress in (False, True):
        plan = small_run.layout(compress=compress)
        path = tmp_path / f"{compress}"
        small_run.make(path, plan)
        for unit in plan.units():
            for name, array in plan.unit_arrays(unit).items():
                if array.is_text or compress:
                    opened = zarr.open_array(path / name, mode="r+").with_config({"write_empty_chunks": True})
                    ours = {file: (path / file).read_bytes() for file, _ in array.files(unit)}
                    start = unit.block * array.rows
                    rows = slice(start, start + array.block_rows(unit.block))
                    region = (rows, unit.condition) if array.per_condition else rows
                    opened[region] = opened[region]
                    assert {file: (path / file).read_bytes() for file in ours} == ours, name


def test_zarr_replaces_files_whole(tmp_path, monkeypatch):
    # zarr < 3.1.3 writes in place; a writer that dies then leaves half a chunk under its final name.
    from zarr.storage import _local

    array = zarr.create_array(tmp_path / "a", shape=(4,), chunks=(4,), dtype="int32", fill_value=0)
    seen: list[list[str]] = []
    replace = Path.replace

    def spying(self, target):
        seen.append([str(self.name), str(Path(target).name)])
        return replace(self, target)

    monkeypatch.setattr(_local.Path, "replace", spying)
    array[:] = np.arange(1, 5)
    ((partial, final),) = seen
    assert partial.endswith(files.PARTIAL)
    assert final == "0"


def test_writev_resumes_after_short_writes(tmp_path, monkeypatch):
    writev = os.writev
    monkeypatch.setattr(os, "writev", lambda fd, parts: writev(fd, [b"".join(map(bytes, parts))[:3]]))
    parts = [memoryview(b"abcd"), memoryview(b""), memoryview(b"efghij"), memoryview(b"k")]
    written = files.write_file(tmp_path / "deep" / "file", parts)
    assert (tmp_path / "deep" / "file").read_bytes() == b"abcdefghijk"
    assert written == files.checksum_file(tmp_path / "deep" / "file")


def test_more_parts_than_one_call_takes_are_all_written(tmp_path):
    parts = [memoryview(bytes([k % 251])) for k in range(5000)]
    files.write_file(tmp_path / "file", parts)
    assert (tmp_path / "file").read_bytes() == b"".join(parts)


def test_a_writer_refuses_another_layout_and_a_place_without_a_run(fresh, tmp_path):
    path, _, _ = fresh
    with pytest.raises(ValueError, match="created with another layout"):
        stores.Writer(path, small_run.layout(images=4))
    with pytest.raises(FileNotFoundError, match="contains no run"):
        stores.Writer(tmp_path / "nowhere", small_run.layout())
