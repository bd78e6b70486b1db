"""What the head reads in every layer is read a few samples at a time, and what it cannot tell apart is counted."""

from pathlib import Path

import large_runs
import numpy as np
import picture_set
import pytest
import tiny
import xarray as xr

import probe
import stores
from analyses import lens as measures
from analyses import margins
from probe.results import lens, readings_by_layer, silent
from probe.results.evidence import Evidence

SIZE = large_runs.Size(images=6, questions=2, conditions=9, block=2, lens=5)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> stores.Run:
    path = tmp_path_factory.mktemp("lens") / "run"
    large_runs.write(path, SIZE)
    return stores.open_run(path)


def results(run: stores.Run) -> list[xr.Dataset]:
    found = [analysis.compute(Evidence(run)) for analysis in (lens, silent)]
    assert all(each is not None for each in found)
    return [each for each in found if each is not None]


def test_small_pieces_give_the_same_numbers_and_are_all_that_is_read(
    run: stores.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = results(run)
    largest: list[int] = []
    true = readings_by_layer.read

    def read(part: xr.DataArray) -> xr.DataArray:
        largest.append(part.nbytes if "layer" in part.dims else 0)
        return true(part)

    monkeypatch.setattr(readings_by_layer, "read", read)
    one_sample = 4 * 9 * 5 * 4
    monkeypatch.setattr(readings_by_layer, "PIECE_BYTES", 2 * one_sample)
    monkeypatch.setattr(readings_by_layer, "HELD_BYTES", 2 * 8 * 12 * 9)
    monkeypatch.setattr(silent, "PIECE_BYTES", 1)
    assert len(readings_by_layer.groups(Evidence(run))) == 3
    for mine, theirs in zip(results(run), whole, strict=True):
        xr.testing.assert_identical(mine, theirs)
    assert 0 < max(largest) <= 2 * one_sample


def test_pieces_are_what_the_run_holds(run: stores.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings_by_layer, "PIECE_BYTES", 1)
    evidence = Evidence(run)
    parts = [piece for _, piece in readings_by_layer.pieces(evidence)]
    assert len(parts) == 12
    stored = run.answers.lens.load().assign_coords(layer=range(5))
    xr.testing.assert_identical(xr.concat(parts, "sample"), stored)
    found = readings_by_layer.measured(evidence, lens._of_readings)
    last = margins.choice(stored).isel(layer=-1)
    np.testing.assert_array_equal(found["last"], last)
    own = margins.margin(stored, last.broadcast_like(margins.choice(stored)))
    np.testing.assert_array_equal(found["settled"], measures.decision_layer(own))


def test_questions_whose_options_begin_alike_are_counted_and_told(tmp_path: Path) -> None:
    """Of three options two begin with "a": one is left, with which nothing is compared."""
    lines = picture_set.lines(4)
    lines[0]["options"], lines[0]["answer"] = ["yes", "no", "a bus", "a car"], "yes"
    data = picture_set.write(tmp_path / "set", images=4, samples=lines)
    run = probe.extract(
        str(tiny.checkpoint("llava")), str(data), out=tmp_path / "run", perturb="low_light:3", readouts="lens",
        execution=probe.Execution(device="cpu"),
    )  # fmt: skip
    counted = readings_by_layer.first_tokens(Evidence(run))
    assert counted == {"asked": 8, "alike": 3, "alike_in_part": 1}
    (data_of_lens, data_of_silent) = results(run)
    for data_of, finding in ((data_of_lens, lens.finding), (data_of_silent, silent.finding)):
        told = str(finding(data_of)[-1])
        assert "3 of 8 questions are left out for it, and some options of 1 others" in told


def test_where_options_differ_nothing_is_said_of_it(run: stores.Run) -> None:
    assert readings_by_layer.first_tokens(Evidence(run))["alike"] == 0
    assert readings_by_layer.left_out(results(run)[0]) is None
