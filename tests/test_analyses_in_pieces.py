"""Analyses read a run in pieces: what they find does not depend on the pieces, what they hold not on the run."""

import importlib
import subprocess
import sys
from itertools import product
from pathlib import Path

import large_runs
import made_run
import pytest
import xarray as xr
from attack import memory
from click.testing import CliRunner

import analyses.instability.neighbours
import analyses.kernels.alignment
import analyses.kernels.neighbours
import stores.reader
from probe.cli import main
from probe.results import Evidence, analyze, states

OF_STATES = ("overview", "drift", "where_first", "instability", "priors", "alignment")
LIMIT = 2**30 + 2 * stores.lazy_arrays.CHUNK_BYTES

SCRIPT = """
import resource, sys
from probe.cli import main

try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


SIZES = {
    "small": large_runs.Size(4, conditions=12, language=(2, 8192), block=4),
    "large": large_runs.Size(16, conditions=12, language=(2, 8192), block=4),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two runs of each size, which differ in their seed."""
    paths = {f"{size} {seed}": tmp_path_factory.mktemp("runs") / "run" for size in SIZES for seed in (0, 1)}
    for name, path in paths.items():
        large_runs.write(path, SIZES[name[:-2]], seed=int(name[-1]))
    return paths


def found(path: Path) -> dict[str, xr.Dataset]:
    return {result.name: result.data for result in analyze(Evidence(stores.open_run(path)), OF_STATES)}


def test_what_is_found_does_not_depend_on_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_run.world(5, conditions=(*made_run.CONDITIONS[:4], made_run.CONDITIONS[11], made_run.CONTROLS[0]))
    made_run.write(tmp_path / "run", made, block_size=2)
    whole = found(tmp_path / "run")
    monkeypatch.setattr(
        stores.lazy_arrays, "CHUNK_BYTES", 1
    )  # one file, one row and condition, one layer, a few samples
    monkeypatch.setattr(states, "PIECE_BYTES", 100)
    monkeypatch.setattr(states, "HELD_BYTES", 1)
    monkeypatch.setattr(analyses.instability.neighbours, "CELLS", 1)
    for module, (name, least) in product(
        (analyses.kernels.alignment, analyses.kernels.neighbours), (("ROWS", 3), ("HELD", 0))
    ):
        monkeypatch.setattr(module, name, least)
    monkeypatch.setattr(importlib.import_module("analyses.statistics.by_family"), "CELLS", 1)  # also a function's name
    for name, data in found(tmp_path / "run").items():
        xr.testing.assert_allclose(data, whole[name], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:relative_ce is nan")  # of made answers
@pytest.mark.parametrize("verb", ["priors", "probing", "compare"])
def test_less_is_held_than_is_stored(verb: str, runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((stores.lazy_arrays, "CHUNK_BYTES"), (states, "PIECE_BYTES"), (states, "HELD_BYTES")):
        monkeypatch.setattr(module, name, 2**18)  # as small against these runs as they are against real ones
    assert taken(verb, runs, "small") is not None  # loads what is loaded once
    stored = large_runs.layout(SIZES["large"]).bytes_on_disk()
    assert taken(verb, runs, "large") <= 0.8 * stored  # read at once, they would take twice as much, and four times


def taken(verb: str, runs: dict[str, Path], size: str) -> int:
    """Bytes that an analysis of a run, or its comparison with another, takes beyond those of the process."""
    run, other = (str(runs[f"{size} {seed}"]) for seed in (0, 1))
    memory.give_back()
    if not (begun := memory.begin()):
        pytest.skip("this system does not tell how much memory a process took")
    told = CliRunner().invoke(main, ["compare", run, other] if verb == "compare" else ["analyze", run, verb])
    found = memory.taken_since(begun)
    assert told.exit_code == 0, told.output
    return found


@pytest.mark.slow
def test_states_of_any_size_are_analysed_within_the_limit(tmp_path: Path) -> None:
    size = large_runs.Size(12, conditions=20, language=(9, 16384))
    assert 7 * large_runs.write(tmp_path / "run", size) > LIMIT  # what is read at once takes seven times the run
    command = [sys.executable, "-c", SCRIPT, "analyze", str(tmp_path / "run"), "instability"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert 1024 * int(done.stderr.split()[-1]) <= LIMIT
