"""A model that reads pictures at their own size: on another grid of tokens there is no change of their spectrum."""

from pathlib import Path

import numpy as np
import picture_set
import pytest
import shared
import tiny

import probe
from analyses import statistics
from probe import analyze
from probe.results import Result
from stores import Run, open_run

SITE = "vision.layers[*]:patches"


def make(folder: Path) -> None:
    dataset = picture_set.write(folder / "set", images=4, size=(140, 168))
    probe.extract(
        tiny.checkpoint("qwen2_5_vl"), dataset, out=folder / "run",
        perturb=["scale", "translation", "pad_crop", "white"], sites=(SITE,), execution=probe.Execution(device="cpu"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def run() -> Run:
    return open_run(shared.folder("own grids", make) / "run")


@pytest.fixture(scope="module")
def spectrum(run: Run) -> Result:
    (result,) = analyze.of_run(run.path, names=["spectrum"])
    return result


def test_a_family_that_changes_the_grid_has_no_change_and_its_pairs_are_counted(run: Run, spectrum: Result) -> None:
    stored = run.site(SITE)
    grid, power = stored.grid.values, stored.spectrum.values
    families = run.conditions.family.values
    data = spectrum.data.isel(site_layer=-1)
    for family in ("scale", "translation", "pad_crop"):
        of_samples: list[np.ndarray] = []
        others = 0
        for image in range(len(grid)):  # two samples each, so that each image weighs the same
            own = [k for k in np.flatnonzero(families == family) if (grid[image, k] == grid[image, 0]).all()]
            others += 2 * ((families == family).sum() - len(own))
            before = power[image, 0, -1]
            if own:
                of_samples.append(np.mean([power[image, k, -1] / before - 1 for k in own], axis=0))
        assert data.other_grid.sel(family=family).values == others
        change = data.change.sel(family=family, bound="estimate").values
        expected = np.mean(of_samples, axis=0) if of_samples else np.full(3, np.nan)
        np.testing.assert_allclose(change, expected, rtol=1e-4)
    assert np.isnan(data.change.sel(family="scale")).all(), "10 x 12 tokens become 8 x 10"
    assert 0 < data.other_grid.sel(family="pad_crop").item() < 8 * 8
    assert data.other_grid.sel(family="translation").item() == 0
    counts = data.other_grid.sel(family=["scale", "translation", "pad_crop"]).sum().item()
    assert data.other_grid.sel(family=statistics.ALL).item() == counts


def test_the_table_shows_a_dash_and_how_many_pairs(spectrum: Result) -> None:
    cells = dict(spectrum.rows)["scale"]
    assert [cell.estimate for cell in cells] == ["–", "–", "–", "8"]


def test_energies_are_means_over_edges_and_compare_across_grids(run: Run) -> None:
    (result,) = analyze.of_run(run.path, names=["dirichlet"])
    assert np.isfinite(result.data.change.sel(family="scale", bound="estimate")).all()


def test_token_drift_is_undefined_on_the_same_pairs(run: Run) -> None:
    stored = run.site(SITE)
    other = (stored.grid != stored.grid.sel(condition="clean")).any("axis")
    lost = stored.token_drift.isnull().all(["layer", "token"])
    np.testing.assert_array_equal(lost, other)
