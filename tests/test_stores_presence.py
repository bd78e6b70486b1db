"""A committed unit is there when all its files are, with their sizes; what is lost is named and never read as nan."""

import os
import shutil
import warnings

import numpy as np
import pytest
import small_run
import xarray as xr

import stores
from stores import DamagedRun, IncompleteRun, RunInUse, Unit, ledger, presence

NUMBERS = "answers/log_likelihood/c.0.1.0"
TEXT = "answers/text/c.0.1"
TOKENS = "sites/vision.layers-patches/tokens/c.1.2.0.0.0"


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "compressed"])
def made(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("presence") / "run"
    small_run.make(path, small_run.layout(compress=request.param))
    return path


@pytest.fixture
def run(made, tmp_path):
    return shutil.copytree(made, tmp_path / "run")


def test_a_whole_run_has_no_damage(made):
    assert presence.damage(made) == presence.damage(made, exact=True) == {}


@pytest.mark.parametrize("few", [presence.FEW, 0])
def test_every_lost_file_of_every_unit_is_named_with_its_unit(run, monkeypatch, few):
    monkeypatch.setattr(presence, "FEW", few)
    for unit, entry in list(ledger.entries(run)):
        for name in entry["files"]:
            (run / name).rename(run / "away")
            assert presence.damage(run) == {unit: (f"{name} is missing",)}
            (run / "away").rename(run / name)


def test_every_short_file_is_named_with_both_sizes(run):
    for unit, entry in list(ledger.entries(run)):
        for name, written in entry["files"].items():
            whole = (run / name).read_bytes()
            (run / name).write_bytes(whole[:-1])
            said = f"{name} has {written['size'] - 1:,} bytes instead of {written['size']:,}"
            assert presence.damage(run) == {unit: (said,)}
            (run / name).write_bytes(whole)


def test_of_many_units_texts_must_not_be_empty_and_are_measured_on_request(made, tmp_path, monkeypatch):
    monkeypatch.setattr(presence, "FEW", 0)
    run = shutil.copytree(made, tmp_path / "run")
    whole = (run / TEXT).read_bytes()
    (run / TEXT).write_bytes(whole[:-1])
    assert presence.damage(run) == {}
    said = f"{TEXT} has {len(whole) - 1} bytes instead of {len(whole)}"
    assert presence.damage(run, exact=True) == {Unit(0, 1): (said,)}
    (run / TEXT).write_bytes(b"")
    assert presence.damage(run) == {Unit(0, 1): (f"{TEXT} has 0 bytes",)}


def test_an_array_knows_the_size_of_its_files(tmp_path):
    plan = small_run.layout()
    small_run.make(tmp_path / "run", plan)
    for unit in plan.units():
        for path, array in plan.unit_arrays(unit).items():
            names = [name for name, _ in array.files(unit)]
            assert [f"{path}/{name}" for _, name in array.names([unit])] == names
            sizes = {(tmp_path / "run" / name).stat().st_size for name in names}
            assert array.file_bytes is None or sizes == {array.file_bytes}
    assert presence.arrays_in(ledger.read_record(tmp_path / "run")["layout"]) == list(plan.arrays.values())


@pytest.mark.parametrize("name", [NUMBERS, TEXT, TOKENS])
def test_an_opened_run_says_what_is_lost_and_hides_the_unit(run, name):
    (run / name).unlink()
    with pytest.warns(IncompleteRun, match=f"files of 1 unit are missing or short: {name} is missing. Copy the run"):
        opened = stores.open_run(run)
    (unit,) = opened.damaged
    assert (opened.complete, opened.missing) == (False, (unit,))
    scores = opened.answers.log_likelihood.isel(condition=unit.condition)
    others = opened.answers.log_likelihood.drop_isel(condition=unit.condition)
    assert scores.isnull().any()
    assert np.isfinite(others.isel(option=0)).all()
    told = stores.summary(run)
    assert told["damaged"] == {unit.name: [f"{name} is missing"]}
    assert (told["complete"], told["committed"]) == (False, told["units"] - 1)


def test_a_cut_marker_is_damage_of_its_unit(run):
    ledger.marker(run, Unit(1, 1)).write_text('{"unit": "b000')
    said = "_ledger/done/b00001-c0001.json is damaged (it is cut off, or not of this version)"
    assert presence.damage(run) == {Unit(1, 1): (said,)}
    assert stores.summary(run)["damaged"]
    with pytest.raises(ValueError, match=r"b00001-c0001\.json is damaged: it is cut off"):
        ledger.entry(run, Unit(1, 1))


def test_what_was_made_with_the_run_cannot_be_done_without(run):
    for name in ledger.read_record(run)["files"]:
        (run / name).rename(run / "away")
        for read in (stores.open_run, stores.summary, presence.damage):
            with pytest.raises(
                DamagedRun, match=f"{name} is missing. Rerun the command that made the run with --repair"
            ):
                read(run)
        (run / "away").rename(run / name)


def test_a_link_to_nothing_is_a_missing_file(run):
    (run / NUMBERS).unlink()
    (run / NUMBERS).symlink_to(run / "nowhere")
    assert presence.damage(run) == {Unit(0, 1): (f"{NUMBERS} is missing",)}


def test_two_writers_cannot_work_on_one_run(tmp_path):
    path = tmp_path / "new" / "run"
    said = rf"is being written by process {os.getpid()} on .* \(since 20.*\)\. Wait until that has ended"
    with stores.writing(path), pytest.raises(RunInUse, match=said), stores.writing(path):
        pass
    with stores.writing(path):
        stores.create(path, small_run.layout(), plan=small_run.PLAN, provenance={})
    assert ledger.read_plan(path)


def test_a_folder_that_nothing_came_into_goes_away(tmp_path):
    with stores.writing(tmp_path / "run"):
        pass
    with pytest.raises(KeyError), stores.writing(tmp_path / "deep" / "run"):
        raise KeyError
    assert not any(tmp_path.iterdir())


def test_files_that_another_process_removes_before_the_marker_are_noticed(tmp_path, monkeypatch):
    plan = small_run.layout()
    writer = small_run.make(tmp_path / "run", plan, leave=frozenset({Unit(0, 1)}))
    write = writer.folder.write

    def after_another_process(name, parts, **how):
        if "_ledger" in name:
            (tmp_path / "run" / NUMBERS).unlink()
        return write(name, parts, **how)

    monkeypatch.setattr(writer.folder, "write", after_another_process)
    with pytest.raises(stores.WriteFailed, match=r"another process removed .*only one may write into a run"):
        writer.commit(Unit(0, 1), small_run.payload(plan, Unit(0, 1)), report={})
    assert Unit(0, 1) not in ledger.done(tmp_path / "run")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteRun)
        assert stores.open_run(tmp_path / "run").damaged == {}


def test_a_cut_plan_is_said_to_be_damaged(run):
    plan = ledger.plan_file(run)
    plan.write_bytes(plan.read_bytes()[:99])
    for read in (stores.open_run, stores.summary, presence.damage, ledger.read_plan):
        with pytest.raises(ValueError, match=r"plan\.json is damaged: it is cut off.*with --repair"):
            read(run)


def test_a_lost_file_of_a_result_is_named_and_never_read_as_undefined(run):
    result = xr.Dataset({"rate": ("family", np.array([0.5, 0.25])), "name": ("family", ["a", "b"])})
    stores.results.write(run, "rates", result, attrs={"seed": 0})
    assert stores.open_run(run).result("rates").rate.values.tolist() == [0.5, 0.25]
    for file in (run / "analyses" / "rates").rglob("c*"):
        if file.is_file():
            whole = file.read_bytes()
            file.write_bytes(whole[:-1])
            with pytest.raises(DamagedRun, match=f"result 'rates' .*{file.name} has .* instead of .* Run `probe"):
                stores.open_run(run).result("rates")
            file.write_bytes(whole)
    stores.results.write(run, "rates", result.assign(rate=result.rate + 1), attrs={"seed": 0})
    assert stores.open_run(run).result("rates").rate.values.tolist() == [1.5, 1.25]
