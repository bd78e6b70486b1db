"""Creation: all or nothing, never over something else."""

import pytest
import small_run
from small_run import PLAN, PROVENANCE

import stores
from stores import creation, ledger, record


def test_create_refuses_to_touch_a_run_or_foreign_files(tmp_path):
    plan = small_run.layout()
    stores.create(tmp_path / "run", plan, plan=PLAN, provenance=PROVENANCE)
    with pytest.raises(FileExistsError, match="already contains a run"):
        stores.create(tmp_path / "run", plan, plan=PLAN, provenance=PROVENANCE)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("precious")
    with pytest.raises(FileExistsError, match="no run of this project"):
        stores.create(tmp_path / "home", plan, plan=PLAN, provenance=PROVENANCE)
    assert (tmp_path / "home" / "thesis.tex").read_text() == "precious"


def test_an_empty_folder_may_become_a_run(tmp_path):
    stores.create(tmp_path, small_run.layout(), plan=PLAN, provenance=PROVENANCE)
    assert ledger.read_plan(tmp_path) == PLAN


@pytest.mark.parametrize("step", ["_create_groups", "create_array", "_write_tables"])
def test_an_interrupted_creation_is_no_run_and_is_done_again(tmp_path, monkeypatch, step):
    plan, real = small_run.layout(), getattr(creation, step)

    def interrupted(*args, **kwargs):
        real(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(creation, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        stores.create(tmp_path / "run", plan, plan=PLAN, provenance=PROVENANCE)
    assert ledger.read_plan(tmp_path / "run") is None
    with pytest.raises(FileNotFoundError, match="is no run of this project"):
        stores.open_run(tmp_path / "run")
    monkeypatch.undo()
    stores.create(tmp_path / "run", plan, plan=PLAN, provenance=PROVENANCE)
    assert stores.verify(tmp_path / "run") == []


def test_the_plan_lists_just_the_files_that_a_layout_has(tmp_path):
    for number, layout in enumerate(
        (small_run.layout(), stores.Layout(2, ("a", "b"), (), small_run.layout().conditions))
    ):
        path = tmp_path / f"{number}"
        stores.create(path, layout, plan=PLAN, provenance=PROVENANCE)
        there = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
        assert (
            there - {"_ledger/plan.json"} == record.files_of(layout.summary()) == set(ledger.read_record(path)["files"])
        )


def test_a_plan_without_its_own_hash_is_refused(tmp_path):
    for plan in ({}, {**PLAN, "seed": 1}):
        with pytest.raises(ValueError, match="no 'hash', or not that of its values"):
            stores.create(tmp_path / "run", small_run.layout(), plan=plan, provenance={})
