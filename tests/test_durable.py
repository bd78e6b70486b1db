"""With `durable`, no power cut at any moment leaves a marker, or a plan, whose files are not whole on the disk."""

import json
from pathlib import Path

import numpy as np
import power_cut
import pytest
import small_run

import stores
from stores import Segmentation, Unit, segmentations


def unsafe(disk: power_cut.Disk) -> set[str]:
    """Files that a marker or plan vouches for after some call, and that a power cut would take."""
    found: set[str] = set()
    for until in range(1, len(disk.calls) + 1):
        if disk.calls[until - 1][0] != "name":
            continue
        name = disk.calls[until - 1][1]
        vouches = name.startswith("_ledger/") and name.endswith(".json") and "zarr.json" not in name
        if vouches and "partial" not in name:
            files = json.loads((disk.root / name).read_text())["files"]
            found |= {file for file in files if not disk.is_safe(file, until)}
    return found


def names_safe_at_the_end(disk: power_cut.Disk) -> bool:
    return all(
        disk.is_safe(name, len(disk.calls)) for name in disk.names(len(disk.calls)) if (disk.root / name).is_file()
    )


@pytest.mark.parametrize("compress", [False, True])
def test_no_power_cut_leaves_a_marker_without_its_files(tmp_path: Path, compress: bool) -> None:
    plan, root = small_run.layout(compress=compress), tmp_path / "run"
    with power_cut.recorded(root) as disk:
        stores.create(root, plan, plan=small_run.PLAN, provenance={}, durable=True)
        writer = stores.Writer(root, plan, durable=True)
        for unit in plan.units():
            writer.commit(unit, small_run.payload(plan, unit), report={})
    assert unsafe(disk) == set()
    assert names_safe_at_the_end(disk)
    assert len([name for name in disk.names(len(disk.calls)) if "_ledger/done/b" in name]) == len(plan.units())


def test_no_power_cut_leaves_a_marker_of_a_segmentation_without_its_files(tmp_path: Path) -> None:
    plan, root = small_run.layout(), tmp_path / "run"
    small_run.make(root, plan)
    with power_cut.recorded(root) as disk:
        added = segmentations.add(root, Segmentation("net", 3), model={"w": "a"}, provenance={}, durable=True)
        for unit in added.units[:3]:
            values = {
                array.path.rpartition("/")[2]: np.zeros(array.unit_shape(unit.block), np.int32)
                for array in added.arrays
            }
            added.commit(unit, values, report={}, durable=True)
    assert unsafe(disk) == set()
    assert names_safe_at_the_end(disk)


def test_the_model_of_the_disk_finds_what_is_not_waited_for(tmp_path: Path) -> None:
    plan, root = small_run.layout(), tmp_path / "run"
    with power_cut.recorded(root) as disk:
        stores.create(root, plan, plan=small_run.PLAN, provenance={})
        stores.Writer(root, plan).commit(Unit(0, 0), small_run.payload(plan, Unit(0, 0)), report={})
    assert {"zarr.json", "answers/text/c.0.0", "answers/log_likelihood/c.0.0.0"} <= unsafe(disk)


@pytest.mark.parametrize("what", ["bytes", "folders"])
def test_a_writer_that_leaves_out_one_wait_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    plan, root = small_run.layout(), tmp_path / "run"
    stores.create(root, plan, plan=small_run.PLAN, provenance={}, durable=True)
    writer = stores.Writer(root, plan, durable=True)
    if what == "folders":
        monkeypatch.setattr(writer.folder, "sync_folders", lambda names: None)
    else:
        write = writer.folder.write
        monkeypatch.setattr(
            writer.folder, "write", lambda name, parts, durable: write(name, parts, durable="_ledger" in name)
        )
    with power_cut.recorded(root) as disk:
        writer.commit(Unit(0, 1), small_run.payload(plan, Unit(0, 1)), report={})
    assert "answers/text/c.0.1" in unsafe(disk)
