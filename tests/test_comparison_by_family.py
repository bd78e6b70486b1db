"""Flips, drift, margins and free answers of compared runs: against each run's own analyses, scipy and by hand."""

import shutil
from pathlib import Path

import made_answers
import made_run
import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from scipy.stats import false_discovery_control
from shared_run import Analysed

import stores
from analyses import statistics
from probe.cli import main
from probe.comparison import (
    Comparison,
    by_model,
    clean_accuracy,
    compare,
    drift_differences,
    effect_size_differences,
    ever_flip_differences,
    flip_differences,
    margin_differences,
    studies,
    transitions,
)
from probe.results import ANALYSES, Evidence

FAMILIES = ("translation", "low_light", "text_overlay.semantic", "all perturbations", "white")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two worlds with the same questions, whose scores and states are drawn apart."""
    folder = tmp_path_factory.mktemp("worlds")
    conditions = (*made_run.CONDITIONS, *made_run.CONTROLS)
    base = made_run.world(12, conditions=conditions)
    scores = {
        key: {option: 1.3 * score + 0.8 * made_run.value("aligned", *key, option) for option, score in row.items()}
        for key, row in base.scores.items()
    }
    other = made_run.Made(base.samples, base.images, base.conditions, scores, seed=1)
    for name, world in (("base", base), ("aligned", other)):
        made_run.write(folder / name, world)
    return [folder / "base", folder / "aligned"]


@pytest.fixture(scope="module")
def compared(paths: list[Path]) -> Comparison:
    return compare(paths)


def estimate(data: xr.Dataset, name: str, **at: object) -> float:
    return data[name].squeeze("pair").sel(bound="estimate", **at).item()


def overview(path: Path) -> xr.Dataset:
    data = ANALYSES["overview"].compute(Evidence(stores.open_run(path)))
    assert data is not None
    return data


def test_each_side_has_the_rates_and_drift_of_its_own_overview(paths: list[Path], compared: Comparison) -> None:
    flips, ever, drift = (
        study.compute(compared) for study in (flip_differences, ever_flip_differences, drift_differences)
    )
    assert flips is not None
    assert ever is not None
    assert drift is not None
    at = {"family": list(FAMILIES)}
    for role, path in zip(("base", "aligned"), paths, strict=True):
        own = overview(path).sel(at)
        for data, name in ((flips, "ifr"), (ever, "iv")):
            np.testing.assert_allclose(data[role].squeeze("pair").sel(at), own[name], atol=1e-12)  # and its interval
        shown = drift[role].squeeze("pair").sel(at)
        np.testing.assert_allclose(shown.sel(bound="estimate"), own.drift_percent.sel(bound="estimate"))


def test_differences_are_those_of_the_sides_and_intervals_are_paired(compared: Comparison) -> None:
    for study in (flip_differences, ever_flip_differences, drift_differences, effect_size_differences):
        data = study.compute(compared)
        assert data is not None
        values = data.sel(bound="estimate")
        np.testing.assert_allclose(values.difference, values.aligned - values.base, atol=1e-12)
        assert (data.difference.sel(bound="low") <= values.difference + 1e-12).all()
        assert (data.difference.sel(bound="high") >= values.difference - 1e-12).all()
    flips = flip_differences.compute(compared)
    assert flips is not None
    noise = [compared.evidence(name).flipped for name in compared.names]
    cases = [each.isel(condition=each.family.values == "gaussian_noise").sortby("sample") for each in noise]
    gap = (cases[1].values - cases[0].values).mean(axis=1)
    expected = statistics.bootstrap(statistics.mean, gap, cluster=cases[0].image.values)
    found = flips.difference.squeeze("pair").sel(family="gaussian_noise").values
    np.testing.assert_allclose(found, np.array(expected), atol=1e-12)
    _, p = statistics.paired_permutation(cases[1], cases[0], cluster=cases[0].image.values)
    assert flips.difference_p.squeeze("pair").sel(family="gaussian_noise").item() == pytest.approx(p)


def test_a_semantic_overlay_counts_where_it_contradicts_the_runs_own_choice(compared: Comparison) -> None:
    table = flip_differences.flipped(compared)
    overlays = table.isel(condition=table.family.values == "text_overlay.semantic")
    known = overlays.notnull().sum("condition")
    kinds = compared.evidence("base").run.samples.kind.sortby("sample").values
    assert set(known.values[:, kinds == "mcq"].ravel().tolist()) == {2.0}  # of A, B, C all but the own choice
    assert set(known.values[:, kinds == "yesno"].ravel().tolist()) == {1.0}


def test_cohens_d_and_its_p_do_not_depend_on_the_unit_of_a_models_states(compared: Comparison) -> None:
    data = effect_size_differences.compute(compared)
    assert data is not None
    drift, control = drift_differences.moved(compared, compared.evidence("base"))
    fog = drift.sel(family="low_light").values
    other = control.sel(family="low_light").values
    pooled = np.sqrt((fog.var(ddof=1) + other.var(ddof=1)) / 2)  # equally many
    assert estimate(data, "base", family="low_light") == pytest.approx((fog.mean() - other.mean()) / pooled)


def test_margins_are_told_by_their_quantiles_of_all_questions(compared: Comparison) -> None:
    data = margin_differences.compute(compared)
    assert data is not None
    for role in ("base", "aligned"):
        own = compared.evidence(role).margin.sel(condition="clean").values
        expected = [*np.quantile(own, [0.05, 0.25, 0.5, 0.75, 0.95]), own.mean()]
        np.testing.assert_allclose(data[role].squeeze("pair").sel(bound="estimate"), expected)
    assert data["quantile"].values.tolist() == ["5%", "25%", "50%", "75%", "95%", "mean"]
    p, adjusted = (data[name].squeeze("pair").values for name in ("margin_p", "margin_adjusted_p"))
    np.testing.assert_allclose(adjusted, false_discovery_control(p))
    # of the mean: the test of paired means that many images draw alike
    both = [compared.evidence(role).margin.sel(condition="clean") for role in ("base", "aligned")]
    one, other = (margin.sortby("sample") for margin in both)
    _, expected = statistics.paired_permutation(one.values, other.values, cluster=one.image.values, seed=compared.seed)
    assert p[-1] == pytest.approx(expected, abs=0.03)


def test_accuracy_has_the_interval_of_a_rate(paths: list[Path], compared: Comparison) -> None:
    data = clean_accuracy.compute(compared)
    assert data is not None
    for role, path in zip(("base", "aligned"), paths, strict=True):
        own = overview(path).accuracy.sel(family="clean")
        np.testing.assert_allclose(data[role].squeeze(("pair", "dataset")), own, atol=1e-12)


def test_a_run_without_states_is_compared_by_its_answers_alone(tmp_path: Path) -> None:
    rows = [stores.SampleRow(f"q{k}", k, "What?", "red", "open", (), ("red",), dataset="vqav2") for k in range(6)]
    conditions = [made_answers.condition(name) for name in ("clean", "fog:1")]
    said = {
        "base": ["Red.", "red", "red", "blue", "blue", "green"],
        "aligned": ["red", "red", "blue", "blue", "a red", "pink"],
    }
    for name, words in said.items():
        texts = {(row.sample_id, "fog:1"): word for row, word in zip(rows, words, strict=True)}
        texts |= {(row.sample_id, "clean"): "red" for row in rows}
        images = [f"i{k}" for k in range(6)]
        made_answers.evidence(tmp_path / name, rows, conditions, images, texts=texts)
    compared = compare([tmp_path / "base", tmp_path / "aligned"])
    made = transitions.compute(compared)
    assert made is not None
    fog = made.sel(family="fog", bound="estimate").squeeze("pair")
    # "Red." and "red", "a red" and "red" are one answer; right: three of the base, three of the aligned model
    shares = [fog[name].item() for name in ("both_right", "base_only", "aligned_only", "both_wrong", "agreement")]
    assert shares == pytest.approx([2 / 6, 1 / 6, 1 / 6, 2 / 6, 3 / 6])
    assert {"drift_differences", "margin_differences"}.isdisjoint(study.name for study in studies(compared))


@pytest.mark.filterwarnings("ignore::analyses.corruption.SmallDenominator")
def test_a_run_against_its_own_copy_differs_in_nothing(analysed: Analysed, tmp_path: Path) -> None:
    copy = shutil.copytree(analysed.path, tmp_path / "copy")
    compared = compare([analysed.path, copy])
    found = {study.name: study.data for study in studies(compared)}
    assert {"clean_accuracy", "flip_differences", "drift_differences", "transitions", "by_model"} <= set(found)
    for name in ("clean_accuracy", "flip_differences", "drift_differences", "effect_size_differences"):
        assert (found[name].difference.fillna(0) == 0).all()
        p = found[name].difference_p
        assert ((p == 1) | p.isnull()).all()
    assert found["transitions"].agreement.sel(family="all perturbations", bound="estimate").item() == 1
    sizes = found["by_model"].parameters
    assert (
        sizes.values.tolist()
        == [sum(Evidence(stores.open_run(copy)).run.provenance["model"]["parameters"].values())] * 2
    )
    shown = CliRunner().invoke(main, ["compare", str(analysed.path), str(copy)], env={"COLUMNS": "80"})
    assert shown.exit_code == 0
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "do not flip distinguishably more or less often" in " ".join(shown.stdout.split())


def test_runs_stand_by_model_without_pairs(paths: list[Path], tmp_path: Path) -> None:
    third = shutil.copytree(paths[0], tmp_path / "third")
    compared = compare([*paths, third])
    assert compared.pairs == ()
    assert [study.name for study in studies(compared)] == ["by_model", "margins_by_model"]
    data = by_model.compute(compared)
    assert data is not None
    assert sorted(data.run.values.tolist()) == ["aligned", "base", "third"]
    np.testing.assert_allclose(data.overall_ifr.sel(run="base"), data.overall_ifr.sel(run="third"))
