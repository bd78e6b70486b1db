"""Segmentations that are added to a run: their own record, markers and checksums beside the run's."""

from pathlib import Path

import numpy as np
import pytest
import small_run

import stores
from stores import Segmentation, Unit, segmentations


def values(added: segmentations.Added, unit: Unit) -> dict[str, np.ndarray]:
    random = np.random.default_rng([unit.block, unit.condition])
    shapes = {array.path.rpartition("/")[2]: array.unit_shape(unit.block) for array in added.arrays}
    return {name: random.integers(0, 99, shape).astype(np.int32) for name, shape in shapes.items()}


def add(path: Path, slug: str = "net") -> segmentations.Added:
    return segmentations.add(path, Segmentation(slug, 3), model={"weights": "abc"}, provenance={"seed": 0})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    small_run.make(tmp_path / "run", small_run.layout())
    return tmp_path / "run"


def test_what_was_committed_is_read_and_the_rest_is_undefined(run: Path) -> None:
    added = add(run)
    for unit in (Unit(0, 0), Unit(2, 1)):
        added.commit(unit, values(added, unit), report={"failed": {}, "undefined": {}})
    with pytest.warns(stores.IncompleteRun, match=r"the segmentation 'net' of .* is incomplete: 7 of 9 units"):
        opened = stores.open_run(run)
    assert opened.complete
    assert opened.segmentations == ("seg", "net")
    found = opened.segmentation("net")
    np.testing.assert_array_equal(found.confusion[:2, 0], values(added, Unit(0, 0))["confusion"])
    np.testing.assert_array_equal(found.unassigned[4:, 1], values(added, Unit(2, 1))["unassigned"])
    assert int((found.confusion >= 0).all(("true", "predicted")).sum()) == 3  # two images, and the fifth under another
    assert found.condition.values.tolist()[1] == "translation(dx=-8)"
    assert "unassigned" not in opened.segmentation("seg")  # of the layout that the run was created with
    assert segmentations.provenance(run, "net") == {"seed": 0}


def test_the_runs_own_files_and_hash_stay(run: Path) -> None:
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    added = add(run)
    added.commit(Unit(1, 2), values(added, Unit(1, 2)), report={})
    assert {file: file.read_bytes() for file in before} == before
    assert stores.ledger.remove_unfinished(run) == []
    assert stores.verify(run) == []
    assert not stores.presence.damage(run)
    stores.Writer(run, small_run.layout())  # the layout is still that of the run
    told = stores.summary(run)
    assert (told["segmentations"], told["segmented"]["net"]["committed"]) == (["seg", "net"], 1)


def test_a_changed_file_is_found_and_a_short_one_is_pending(run: Path) -> None:
    added = add(run)
    for unit in added.units:
        added.commit(unit, values(added, unit), report={})
    assert added.pending() == ()
    file = run / "segmentation/net/confusion/c.1.2.0.0"
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(content)
    (problem,) = stores.verify(run)
    assert "segmentation/net/confusion/c.1.2.0.0 has CRC-32" in problem
    assert "b00001-c0002.json and rerun the same `probe segment`" in problem
    file.write_bytes(content[:7])
    assert added.pending() == (Unit(1, 2),)
    added.commit(Unit(1, 2), values(added, Unit(1, 2)), report={})
    assert (added.pending(), stores.verify(run)) == ((), [])


def test_an_addition_that_was_interrupted_is_done_again(run: Path) -> None:
    added = add(run)
    record = run / "_ledger/segmentations/net/record.json"
    added.commit(Unit(0, 0), values(added, Unit(0, 0)), report={})
    record.unlink()
    assert segmentations.added(run) == ()
    assert stores.open_run(run).segmentations == ("seg",)
    assert add(run).done() == frozenset()


def test_names_and_values_that_do_not_fit_are_refused(run: Path, tmp_path: Path) -> None:
    added = add(run)
    with pytest.raises(ValueError, match="has a segmentation 'net' already"):
        add(run)
    with pytest.raises(ValueError, match="has a segmentation 'seg' already"):
        add(run, "seg")
    with pytest.raises(FileNotFoundError, match="contains no run"):
        add(tmp_path / "nowhere")
    wrong = values(added, Unit(0, 0))
    with pytest.raises(ValueError, match=r"segmentation/net/confusion is int32 \(2, 3, 3\); came int64 \(2, 3, 3\)"):
        added.commit(Unit(0, 0), wrong | {"confusion": wrong["confusion"].astype(np.int64)}, report={})
    with pytest.raises(ValueError, match=r"is int32 \(1, 3, 3\); came int32 \(2, 3, 3\)"):
        added.commit(Unit(2, 0), wrong, report={})
    assert added.done() == frozenset()
