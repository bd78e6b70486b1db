"""A run that others write into, that is of another plan, or that lost more than units: what the command line does."""

import shutil
from pathlib import Path
from typing import Any

import extracted_run
import pytest
import tiny
from click.testing import CliRunner
from extracted_run import PERTURB, SITES, contents, extract
from test_stores_ownership import register_far

import probe
import stores
from probe.cli import main
from probe.errors import PlanMismatch
from probe.extraction import execution, run
from probe.extraction.plan import Plan
from probe.extraction.settings import Settings
from probe.readers import local
from stores import Unit, ledger, ownership, writing


@pytest.fixture
def whole() -> Path:
    return extracted_run.whole()


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole / "run", tmp_path / "run")


def test_a_block_of_another_process_is_left_to_it_and_taken_when_it_has_died(whole: Path, copy: Path) -> None:
    ledger.marker(copy, Unit(0, 2)).unlink()
    other = ownership.Ownership(copy, register_far(copy, seconds_ago=0))
    assert other.claim(ownership.RUN)
    assert other.claim_block(0)
    dataset = whole / "set" / "set.jsonl"
    refused = extract(dataset, copy)
    assert refused.exit_code == 2
    assert "is being written by process 7 on node7" in refused.output.splitlines()[-1]
    assert "--join takes blocks beside it" in refused.output.splitlines()[-1]
    joined = extract(dataset, copy, "--join")
    assert joined.exit_code == 0, joined.output
    assert "1 of 4 units are left to other processes" in joined.output
    other.file.unlink()
    assert extract(dataset, copy, "--join").exit_code == 0
    assert probe.open_run(copy).complete
    assert contents(copy) == contents(whole / "run")


def test_a_run_that_another_plan_has_made_meanwhile_is_not_written_into(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, dataset = tmp_path / "run", str(whole / "set" / "set.jsonl")
    prepared = local.load

    def loading_for_long(blueprint: object) -> object:
        shutil.copytree(whole / "run", path, dirs_exist_ok=True)  # whoever does not ask for the lock
        return prepared(blueprint)  # type: ignore[arg-type]

    monkeypatch.setattr(local, "load", loading_for_long)
    with pytest.raises(FileExistsError, match="already contains a run"):
        probe.extract(
            str(tiny.checkpoint("llava")), dataset, out=path, perturb=PERTURB, sites=SITES, seed=1,
            execution=probe.Execution(device="cpu"),
        )  # fmt: skip
    assert contents(path) == contents(whole / "run")


def test_a_second_plan_that_waited_for_the_first_is_refused_with_the_difference(whole: Path, tmp_path: Path) -> None:
    dataset, used = str(whole / "set" / "set.jsonl"), execution.Execution(device="cpu")
    settings = Settings(str(tiny.checkpoint("llava")), dataset, perturb=PERTURB, sites=SITES, seed=1)
    plan, reader = run.prepare(settings, used)
    target = run.find_target(plan, tmp_path / "run")
    assert not target.created
    shutil.copytree(whole / "run", tmp_path / "run")
    with pytest.raises(PlanMismatch, match=r"settings\.seed: the run has 0, you asked for 1"):
        run.run_plan(plan, target, reader, used)


def test_a_run_that_is_renamed_after_its_last_unit_is_not_called_finished_or_left_to_others(
    whole: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.marker(copy, Unit(0, 2)).unlink()
    commit = stores.Writer.commit

    def then_rename(self: stores.Writer, *arguments: Any, **named: Any) -> None:
        commit(self, *arguments, **named)
        copy.rename(copy.with_name("away"))

    monkeypatch.setattr(stores.Writer, "commit", then_rename)
    told = extract(whole / "set" / "set.jsonl", copy)
    assert told.exit_code == 2
    assert f"error: {copy} was renamed, replaced or deleted" in told.stderr
    assert "other processes" not in told.output
    copy.with_name("away").rename(copy)
    again = extract(whole / "set" / "set.jsonl", copy)
    assert (again.exit_code, "nothing to do" in again.output) == (0, True)


def test_a_block_that_is_done_a_second_time_takes_what_is_still_missing(whole: Path, copy: Path) -> None:
    ledger.marker(copy, Unit(0, 3)).unlink()
    plan, used = planned(whole), execution.Execution(device="cpu")
    model = tiny.load("llava")
    opened = local.OpenLocalReader(local.LocalReader(model.blueprint), model)
    stale = execution.Target(copy, created=True, pending=plan.units, plan_hash=plan.hash)  # as a dead worker had it
    written: list[Unit] = []
    with writing(copy) as own:
        execution.run_blocks(plan, stale, own, opened, used, written.append)
    assert written == [Unit(0, 3)]
    assert contents(copy) == contents(whole / "run")


def planned(whole: Path) -> Plan:
    used = execution.Execution(device="cpu")
    settings = Settings(str(tiny.checkpoint("llava")), str(whole / "set" / "set.jsonl"), perturb=PERTURB, sites=SITES)
    return run.prepare(settings, used)[0]


@pytest.mark.parametrize(
    "name", ["answers/log_likelihood/c.0.1.0", "samples/question/c.0", "zarr.json", "_ledger/plan.json"]
)
@pytest.mark.parametrize("how", ["flipped", "deleted"])
def test_repair_makes_again_just_what_changed(whole: Path, copy: Path, name: str, how: str) -> None:
    file = copy / name
    if how == "deleted":
        file.unlink()
    else:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 4
        file.write_bytes(data)
    told = CliRunner().invoke(main, ["info", str(copy), "--verify"])
    assert told.exit_code != 0
    assert (
        Path(name).name in told.output or "is no run of this project" in told.output or "contains no run" in told.output
    )
    before = {unit: ledger.marker(copy, unit).stat().st_mtime_ns for unit in ledger.done(copy)}
    result = extract(whole / "set" / "set.jsonl", copy, "--repair")
    assert result.exit_code == 0, result.output
    assert stores.verify(copy) == []
    assert contents(copy) == contents(whole / "run")
    assert probe.open_run(copy).complete
    again = {unit for unit in before if ledger.marker(copy, unit).stat().st_mtime_ns != before[unit]}
    assert again == ({Unit(0, 1)} if "c.0.1.0" in name else set())


def test_repair_of_another_plan_is_refused_and_changes_nothing(whole: Path, copy: Path) -> None:
    (copy / "samples" / "question" / "c.0").unlink()
    before = contents(copy)
    result = extract(whole / "set" / "set.jsonl", copy, "--repair", "--seed", "1")
    assert result.exit_code == 2
    assert "this command does not make the same run" in result.output
    assert contents(copy) == before


def test_a_run_without_its_plan_is_not_taken_for_a_foreign_folder(whole: Path, copy: Path) -> None:
    (copy / "_ledger" / "plan.json").unlink()
    result = extract(whole / "set" / "set.jsonl", copy)
    assert result.exit_code == 2
    assert "plan.json is missing. Rerun the command that made the run with --repair" in result.output.replace("\n", " ")
