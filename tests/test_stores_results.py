"""What analyses write into a run: beside the data, complete or not at all, and as often as they like."""

from pathlib import Path

import numpy as np
import pytest
import small_run
import xarray as xr

import stores
from stores import ledger, results
from stores.files import partial_name


@pytest.fixture
def run(tmp_path: Path) -> Path:
    small_run.make(tmp_path / "run", small_run.layout())
    return tmp_path / "run"


def table(scale: float = 1.0) -> xr.Dataset:
    families = np.array(["blur", "noise"], object)
    values = scale * np.array([[0.5, 0.25, 0.75], [np.nan, np.nan, np.nan]])
    return xr.Dataset(
        {"rate": (("family", "bound"), values), "note": ("family", np.array(["ü", ""], object))},
        coords={"family": families, "bound": ["estimate", "low", "high"]},
        attrs={"images": 2},
    )


def test_a_result_comes_back_as_it_was_with_its_origin(run: Path) -> None:
    results.write(run, "flips", table(), attrs={"seed": 3})
    opened = stores.open_run(run)
    assert opened.results == ("flips",)
    xr.testing.assert_equal(opened.result("flips"), table())
    assert opened.result("flips").attrs == {"images": 2, "seed": 3}


def test_a_result_takes_the_place_of_the_one_before(run: Path) -> None:
    results.write(run, "flips", table(), attrs={})
    results.write(run, "drift", table(2), attrs={})
    results.write(run, "flips", table(3).drop_vars("note"), attrs={})
    assert results.names(run) == ("drift", "flips")
    xr.testing.assert_equal(results.read(run, "flips"), table(3).drop_vars("note"))


def test_plain_xarray_reads_it_and_the_ledger_still_verifies(run: Path) -> None:
    results.write(run, "flips", table(), attrs={})
    tree = xr.open_datatree(run, engine="zarr", consolidated=False)
    assert tree["analyses/flips"].rate.values[0, 0] == 0.5
    assert stores.verify(run) == []
    assert stores.open_run(run).complete


def test_a_write_that_fails_leaves_what_was_there(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results.write(run, "flips", table(), attrs={})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_zarr", full)
    with pytest.raises(stores.DiskFull, match="result 'flips'"):
        results.write(run, "flips", table(2), attrs={})
    xr.testing.assert_equal(results.read(run, "flips"), table())


def test_leftovers_of_a_killed_write_are_removed(run: Path) -> None:
    leftover = run / ledger.FOLDER / "0123.partial"
    leftover.mkdir()
    (leftover / "zarr.json").touch()
    live = run / ledger.FOLDER / partial_name("flips")
    live.mkdir()
    assert ledger.remove_unfinished(run) == ["_ledger/0123.partial"]
    assert (leftover.exists(), live.exists()) == (False, True)


def test_what_is_not_there_is_named(run: Path, tmp_path: Path) -> None:
    results.write(run, "flips", table(), attrs={})
    with pytest.raises(KeyError, match=r"result 'drift' is not in .*there are: flips"):
        results.read(run, "drift")
    with pytest.raises(FileNotFoundError, match="contains no run"):
        results.write(tmp_path, "flips", table(), attrs={})
    with pytest.raises(ValueError, match="lower-case letters"):
        results.write(run, "../flips", table(), attrs={})


def test_a_damaged_result_names_the_command_that_makes_it_again(run: Path) -> None:
    results.write(run, "flips", table(), attrs={})
    results.write(run, "pairs", table(), attrs={}, made_by="probe patch")
    for name, command in (("flips", "probe analyze"), ("pairs", "probe patch")):
        next(
            file
            for file in (run / "analyses" / name / "rate").rglob("*")
            if file.is_file() and file.name != "zarr.json"
        ).unlink()
        with pytest.raises(stores.DamagedRun, match=f"is missing.* Run `{command}` on"):
            results.read(run, name)
    (run / ledger.FOLDER / "results" / "pairs.json").write_text("{")
    with pytest.raises(stores.DamagedRun, match="Make it again: `probe analyze`, or the command that it comes from"):
        results.read(run, "pairs")
