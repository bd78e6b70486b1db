"""What `probe analyze` makes of a run: the numbers of `analyses`, shown, written out and kept."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import picture_set
import pytest
import scipy.stats
import tiny
import xarray as xr
from click.testing import CliRunner
from rich.console import Console
from shared_run import SEED, Analysed

import probe
import stores
from analyses import drift, flips, instability, priors, statistics
from probe import analyze as analyze_verb
from probe.cli import main
from probe.results import ANALYSES, Evidence, Result, analyze
from probe.results.analysis import Analysis
from probe.results.overlays import OWN_ANSWER

CPU = probe.Execution(device="cpu")


@pytest.fixture(scope="module")
def run(analysed: Analysed) -> stores.Run:
    return stores.open_run(analysed.path)


@pytest.fixture(scope="module")
def evidence(run: stores.Run) -> Evidence:
    return Evidence(run, seed=SEED)


@pytest.fixture(scope="module")
def results(run: stores.Run) -> dict[str, Result]:
    """What the command kept in the run, as it is read again."""
    return {name: Result(analysis, run.result(name)) for name, analysis in ANALYSES.items() if name in run.results}


@pytest.fixture(scope="module")
def found(results: dict[str, Result]) -> dict[str, xr.Dataset]:
    return {name: result.data for name, result in results.items()}


def command(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_everything_that_the_run_allows_is_there(found: dict[str, xr.Dataset]) -> None:
    assert {"flips", "drift", "dirichlet", "spectrum", "frequency", "priors", "alignment", "corruption"} <= set(found)
    for name in ("drift", "dirichlet", "spectrum", "alignment", "corruption"):
        for variable in found[name].data_vars.values():
            assert np.isfinite(variable.values.astype(float)).any(), f"{name}.{variable.name} is nan throughout"


def test_rates_are_those_of_the_analyses(evidence: Evidence, found: dict[str, xr.Dataset]) -> None:
    families = evidence.unions[statistics.ALL]
    assert "white" not in families, "a prior is a control"
    rates = flips.rates(evidence.flipped, family="family", any_of=families)
    kept = found["flips"].ifr.sel(bound="estimate")
    for family in ("low_light", "gaussian_noise", "text_overlay.semantic"):
        assert kept.sel(family=family).item() == pytest.approx(rates.ifr.sel(family=family).item())
    assert kept.sel(family=statistics.ALL).item() == pytest.approx(float(rates.any_ifr))
    change = flips.transitions(evidence.choice, evidence.clean_choice, evidence.answer)
    whole = flips.transition_rates(change.where(change.family == "gaussian_noise"), dim=["sample", "condition"])
    assert found["flips"].right_to_wrong.sel(family="gaussian_noise", bound="estimate").item() == pytest.approx(
        whole.right_to_wrong.item(), nan_ok=True
    )


def test_drift_on_its_control_is_that_of_the_analyses(run: stores.Run, found: dict[str, xr.Dataset]) -> None:
    states = run.embeddings("language.layers[2]:context_last").load()
    clean = states.sel(condition="clean", drop=True)
    moved = statistics.per_sample(drift.cosine(clean, states)).sel(family="gaussian_noise")
    at = found["drift"].sel(site_layer="language.layers[2]:context_last", family="gaussian_noise", bound="estimate")
    assert at.drift.item() == pytest.approx(moved.mean().item(), rel=1e-5)
    scale = drift.relative(moved, drift.control(clean, seed=SEED))
    assert at.percent.sel(control="other_sample").item() == pytest.approx(scale.percent.item(), rel=1e-5)
    assert at.cohen_d.sel(control="other_sample").item() == pytest.approx(scale.cohen_d.item(), rel=1e-5)


def test_a_site_per_image_weighs_each_image_by_its_samples(run: stores.Run, found: dict[str, xr.Dataset]) -> None:
    energy = run.site("vision.layers[*]:patches").dirichlet.isel(layer=0).load()
    lost = (energy - energy.sel(condition="clean", drop=True)).sel(condition="white")
    weighed = lost.sel(image=run.answers.image.values).mean().item()
    change = found["dirichlet"].change.sel(site_layer="vision.layers[0]:patches", family="white", bound="estimate")
    assert change.item() == pytest.approx(weighed, rel=1e-5)


def test_drift_to_prior_is_one_at_the_prior(evidence: Evidence, found: dict[str, xr.Dataset]) -> None:
    assert found["priors"].state.sel(family="white", bound="estimate").item() == pytest.approx(1, abs=1e-5)
    assert found["priors"].margin.sel(family="white", bound="estimate").item() == pytest.approx(1, abs=1e-5)
    prior = evidence.choice.sel(condition="white", drop=True)
    options = (evidence.run.samples.option_text != "").sum("option").reset_coords(drop=True)
    landing = priors.flip_to_prior_rate(evidence.choice, evidence.clean_choice, prior, options)
    at = {"family": "gaussian_noise"}
    own = landing.isel(condition=np.flatnonzero(landing.family == "gaussian_noise"))
    assert found["priors"].flip_to_prior_flips.sel(at).item() == own.flips.sum().item()
    expected = (own.fillna(0) * own.flips).sum().item() / max(own.flips.sum().item(), 1)
    if own.flips.sum():
        assert found["priors"].flip_to_prior.sel(at, bound="estimate").item() == pytest.approx(expected)


def test_accuracy_under_each_normalisation_is_that_of_its_choice(
    run: stores.Run, evidence: Evidence, found: dict[str, xr.Dataset]
) -> None:
    clean = run.answers.sel(condition="clean")
    per_token = (clean.log_likelihood / clean.token_count.where(clean.token_count > 0)).values
    choice = np.nanargmax(per_token, axis=1)
    right = np.mean(choice == evidence.answer.values)
    table = found["margins"].accuracy.sel(family="clean", bound="estimate")
    assert table.sel(normalisation="token").item() == pytest.approx(right)
    assert table.sel(normalisation="sum").item() == pytest.approx(evidence.correct.sel(condition="clean").mean().item())
    lead = found["margins"].margin.sel(family="clean", bound="estimate")
    assert lead.sel(reference="clean_choice").item() == pytest.approx(lead.sel(reference="top2").item())


def test_the_change_of_energy_is_correlated_with_drift_over_samples(
    evidence: Evidence, found: dict[str, xr.Dataset]
) -> None:
    energy = evidence.stored("vision.layers[*]:patches").dirichlet.load()
    change = evidence.split(evidence.to_samples(energy - energy.sel(condition="clean", drop=True)))
    named = change.family.isin(evidence.unions[statistics.ALL]).values
    x = change.isel(condition=named, layer=0).mean("condition").values
    y = evidence.primary_drift.isel(condition=named).mean("condition").values
    r = found["dirichlet"].change_correlation.sel(
        site_layer="vision.layers[0]:patches", covariate="drift", bound="estimate"
    )
    assert r.item() == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-5)


def test_hidden_instability_is_that_of_the_analyses(evidence: Evidence, found: dict[str, xr.Dataset]) -> None:
    states = evidence.primary_states.load()
    clean = states.sel(condition="clean", drop=True)
    data = found["instability"].sel(site_layer=evidence.primary)
    named = evidence.flipped.family.isin(evidence.unions[statistics.ALL])
    assert OWN_ANSWER in evidence.flipped.family.values, "which is a control"
    kept = instability.hidden(
        evidence.primary_drift.isel(condition=named.values),
        drift.control_pairs(clean, sampling=evidence.sampling, seed=SEED),
        evidence.flipped.isel(condition=named.values),
    )
    hidden = data.hidden.sel(family=statistics.ALL, quantile=0.05, answers="any", bound="estimate")
    assert hidden.item() == pytest.approx(kept.item())
    of_all = named.values
    predicted = instability.predicts_flip(
        evidence.primary_drift.isel(condition=of_all),
        evidence.flipped.isel(condition=of_all),
        cluster="image",
        seed=SEED,
    )
    assert data.drift_auroc.item() == pytest.approx(predicted.auroc.item(), nan_ok=True)
    energy = found["instability"].sel(site_layer="vision.layers[0]:patches")
    assert energy.energy_change_pairs.item() == data.drift_pairs.item()


def test_errors_by_severity_are_one_minus_accuracy(evidence: Evidence, found: dict[str, xr.Dataset]) -> None:
    wrong = 1 - evidence.correct.sel(condition="gaussian_noise:5").mean().item()
    table = found["corruption"].error
    assert table.sel(corruption="gaussian_noise", severity=5, bound="estimate").item() == pytest.approx(wrong)
    clean = 1 - evidence.correct.sel(condition="clean").mean().item()
    assert table.sel(corruption="occlusion", severity=0, bound="estimate").item() == pytest.approx(clean)
    assert np.isnan(table.sel(corruption="occlusion", severity=5)).all(), "there is no such severity"


def test_the_heat_map_holds_each_wave_at_its_place_and_at_its_twin(
    evidence: Evidence, found: dict[str, xr.Dataset]
) -> None:
    value = evidence.primary_drift.sel(condition="fourier_basis:i=2,j=-1").mean().item()
    grid = found["frequency"].map_drift.sel(bound="estimate")
    assert grid.sel(i=2, j=-1).item() == pytest.approx(value)
    assert grid.sel(i=-2, j=1).item() == pytest.approx(value)
    assert np.isnan(grid.sel(i=2, j=1))


def test_intervals_are_those_of_the_bootstrap_by_image(evidence: Evidence, found: dict[str, xr.Dataset]) -> None:
    pairs = evidence.primary_drift
    mine = pairs.isel(condition=pairs.family.values == "low_light").mean("condition").values
    _, low, high = statistics.bootstrap(statistics.mean, mine, cluster=evidence.run.answers.image.values, seed=SEED)
    at = found["drift"].drift.sel(site_layer=evidence.primary, family="low_light")
    np.testing.assert_allclose(at.values[1:], [low, high], rtol=1e-5)


def test_results_are_kept_in_the_run_with_their_origin(
    run: stores.Run, results: dict[str, Result], tmp_path: Path
) -> None:
    assert run.result("flips").attrs["seed"] == SEED
    assert run.result("flips").ifr.sizes["bound"] == 3
    shutil.copytree(run.path, tmp_path / "run")
    command("analyze", str(tmp_path / "run"), "flips", "--seed", "3")
    opened = stores.open_run(tmp_path / "run")
    assert opened.results == run.results
    assert opened.result("flips").attrs["seed"] == 3
    assert opened.result("drift").attrs["seed"] == SEED, "what was not asked for is left alone"
    assert stores.verify(tmp_path / "run") == []


def test_a_run_that_cannot_be_written_to_is_still_analysed(run: stores.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr("stores.results.write", refuse)
    shown = command("analyze", str(run.path), "flips")
    assert "right → wrong" in shown
    assert "could not be kept in the run" in shown


def test_csv_files_are_tidy_and_hold_the_same_numbers(run: stores.Run, tmp_path: Path) -> None:
    found = analyze_verb.of_run(run.path, names=["flips", "overview"])
    written = analyze_verb.write_csv(tmp_path / "csv", found)
    assert {"flips_by_family_bound.csv", "overview_by_family_bound.csv"} <= {path.name for path in written}
    table = pd.read_csv(tmp_path / "csv" / "flips_by_family_bound.csv").set_index(["family", "bound"])
    data = {result.name: result.data for result in found}["flips"]
    assert table.ifr["low_light", "low"] == pytest.approx(data.ifr.sel(family="low_light", bound="low").item())
    overview = pd.read_csv(tmp_path / "csv" / "overview_by_family_bound.csv")
    assert set(overview.columns) >= {"family", "bound", "ifr", "iv", "drift_percent"}


def test_json_holds_every_result_and_null_where_undefined(run: stores.Run, results: dict[str, Result]) -> None:
    shown = analyze_verb.to_json(run.path, list(results.values()))
    assert "NaN" not in json.dumps(shown)
    shown = json.loads(json.dumps(shown))["results"]
    assert {"overview", "flips", "drift", "frequency"} <= set(shown)
    assert shown["drift"]["data"]["coords"]["family"]["data"][0] == "clean"
    (row,) = (row for row in shown["overview"]["rows"] if row["family"] == "low_light")
    assert row["IFR %"]["estimate"] == dict(results["overview"].rows)["low_light"][0].estimate


def test_tables_have_intervals_meanings_and_findings(results: dict[str, Result]) -> None:
    console = Console(width=100, file=io.StringIO(), record=True)
    analyze_verb.show(list(results.values()), console)
    text = console.export_text()
    for words in (
        "Drift at language.layers[4]:context_last",
        "right → wrong",
        "Smoothness",
        "half have changed",
        "…",
        "•",
    ):
        assert words in text


def test_every_analysis_is_shown_by_its_columns_alone(results: dict[str, Result]) -> None:
    for name, result in results.items():
        assert result.title
        assert "{" not in result.title + result.meaning + str(result.legend) + str(result.headings)
        assert result.rows, name
        assert all(len(cells) == len(result.headings) - 1 for _, cells in result.rows), name
        assert any(cell.estimate != "–" for _, cells in result.rows for cell in cells), name


def test_the_first_layer_beyond_control_is_that_of_the_analyses(run: stores.Run, found: dict[str, xr.Dataset]) -> None:
    assert list(found["where_first"].site.values) == list(run.sites)
    evidence = Evidence(run, seed=SEED)
    for site in run.sites:
        control = drift.control_pairs(evidence.clean_states(site), sampling=evidence.sampling, seed=SEED)
        table = instability.where_first(evidence.drift(site), control, seed=SEED)
        mine = found["where_first"].sel(site=site)
        np.testing.assert_array_equal(
            mine.first_layer.sel(family="gaussian_noise"), table.first_layer.sel(family="gaussian_noise")
        )


def test_unknown_and_unfit_names_are_refused_with_the_cure(run: stores.Run) -> None:
    with pytest.raises(
        ValueError, match=r"'drfit' is unknown. Did you mean 'drift'.* Choose from: overview, scores, benchmark, flips"
    ):
        analyze_verb.of_run(run.path, names=["drfit"])
    with pytest.raises(ValueError, match=r"'misalignment' needs descriptions or safety questions.*Ask for"):
        analyze_verb.of_run(run.path, names=["misalignment"])


def test_a_file_is_named_as_its_analysis() -> None:
    for name, analysis in ANALYSES.items():
        assert analysis.compute.__module__ == f"probe.results.{name}"


def test_the_example_of_contributing_is_an_analysis_of_twenty_lines(evidence: Evidence) -> None:
    text = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text("utf-8")
    example = next(block.split("```")[0] for block in text.split("```python\n")[1:] if "ANALYSIS = Analysis(" in block)
    assert len([line for line in example.splitlines() if line.strip()]) <= 20
    imports = """
from collections.abc import Sequence
import xarray as xr
from analyses import statistics
from probe.results.analysis import Analysis, percent
from probe.results.evidence import Evidence
from probe.results.sentences import Sentence, highest, said, say
"""
    scope: dict[str, object] = {}
    exec(compile(imports + example, "CONTRIBUTING.md", "exec"), scope)
    analysis = scope["ANALYSIS"]
    assert isinstance(analysis, Analysis)
    result = Result(analysis, analysis.compute(evidence).assign_attrs(unions=evidence.unions, images=6))
    assert result.headings == ("family", "flipped %")
    ever = flips.rates(evidence.flipped, family="family").iv.sel(family="low_light").item()
    assert dict(result.rows)["low_light"][0].estimate == f"{100 * ever:.1f}"
    assert "of the questions, the highest share, not distinguishable from" in result.findings[0]
    assert result.findings[0].endswith("(of 6 images only).")


def test_a_run_of_descriptions_says_what_is_invented_and_left_out(tmp_path: Path) -> None:
    settings = {"perturb": ["low_light:3", "white"], "limit": 4, "execution": CPU, "dtype": "float32"}
    run = probe.extract("pocket-vlm", "streets-describe", out=tmp_path / "run", **settings)
    results = {result.name: result for result in analyze(Evidence(run))}
    assert "flips" not in results, "nothing was to be chosen"
    table = results["misalignment"].data
    assert table.hallucination.sel(family="white", bound="estimate") > table.hallucination.sel(
        family="clean", bound="estimate"
    )
    texts = run.answers.text.sel(condition="white").values
    from analyses.misalignment import mentioned

    invented = [
        len(mentioned(said) - mentioned(true)) / max(1, len(mentioned(said)))
        for said, true in zip(texts, run.samples.answer.values, strict=True)
    ]
    assert table.hallucination.sel(family="white", bound="estimate").item() == pytest.approx(
        np.mean(invented), abs=1e-6
    )


def test_a_contrastive_run_and_one_of_answers_only_are_analysed(tmp_path: Path) -> None:
    dataset = str(picture_set.write(tmp_path / "set", images=4))
    settings = {"perturb": ["low_light"], "execution": CPU, "dtype": "float32"}
    run = probe.extract(str(tiny.checkpoint("clip")), dataset, out=tmp_path / "clip", **settings)
    assert {"flips", "drift", "alignment"} <= {result.name for result in analyze(Evidence(run))}
    run = probe.extract(str(tiny.checkpoint("llava")), dataset, out=tmp_path / "answers", keep="answers", **settings)
    assert {"flips", "corruption", "calibration"} <= {result.name for result in analyze(Evidence(run))}
    assert "drift" not in {result.name for result in analyze(Evidence(run))}


def test_a_run_with_segmentations_correlates_them_with_what_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    texts = ["a car and a road", "a road"]
    samples = tuple(stores.SampleRow(f"s{k}", k, "Describe.", texts[k % 2], "describe") for k in range(8))
    names = ("clean", "fog:1", "fog:3", "fog:5", "low_light:1", "low_light:3", "low_light:5", "white")
    conditions = tuple(stores.ConditionRow(n, n.partition(":")[0], k) for k, n in enumerate(names))
    images = tuple(f"i{k}" for k in range(8))
    layout = stores.Layout(8, images, samples, conditions, segmentations=(stores.Segmentation("segformer", 3),))
    stores.create(tmp_path / "run", layout, plan=stores.hashed({"settings": {}}), provenance={})
    writer = stores.Writer(tmp_path / "run", layout)
    confusions = []
    for condition in range(8):
        unit = stores.Unit(0, condition)
        arrays = layout.blank(unit)
        wrong = rng.integers(0, 4, (8, 3, 3)) + 6 * condition
        counts = np.where(np.eye(3, dtype=bool), 50, wrong)
        arrays["segmentation/segformer/confusion"][:] = counts
        confusions.append(counts.sum(axis=0))
        arrays["answers/text"][:] = ["a car and a bus" if k < 2 * condition else texts[k % 2] for k in range(8)]
        writer.commit(unit, arrays, report={})
    results = {result.name: result for result in analyze(Evidence(stores.open_run(tmp_path / "run")))}
    data = results["segmentation"].data.isel(segmenter=0)
    by_hand = [np.mean(np.diag(c) / (c.sum(axis=0) + c.sum(axis=1) - np.diag(c))) for c in confusions]
    np.testing.assert_allclose(data.miou.sel(bound="estimate"), by_hand)
    np.testing.assert_allclose(data.miou_drop.sel(bound="estimate"), by_hand[0] - np.array(by_hand))
    rates = results["misalignment"].data.hallucination_by_condition.sel(bound="estimate")
    # neither clean, which has no drop by construction, nor the control `white`, which is far from all others
    r = scipy.stats.pearsonr((by_hand[0] - np.array(by_hand))[1:7], (rates - rates[0])[1:7])[0]
    correlated = data.sel(measure="hallucination")
    assert correlated.pearson.sel(bound="estimate").item() == pytest.approx(r)
    assert correlated.pairs.item() == 6
    assert correlated.pearson.sel(bound="low") < r < correlated.pearson.sel(bound="high")
    assert data.is_perturbation.values.tolist() == [False, *[True] * 6, False]
    worst, correlated = results["segmentation"].findings[:2]
    # of the control `white` the drop is larger still
    assert by_hand[7] < by_hand[6]
    assert worst.startswith("segformer loses most under low_light:5: ")
    assert correlated.startswith("Across 6 perturbations HR and the drop of mIoU correlate with r = ")


def test_probes_are_made_on_request_alone(tmp_path: Path) -> None:
    settings = {"perturb": ["low_light:3", "white"], "limit": 24, "execution": CPU, "dtype": "float32"}
    settings["max_new_tokens"] = 1
    run = probe.extract("pocket-vlm", "streets-describe", sites=["projector:patches"], out=tmp_path / "run", **settings)
    assert "probing" not in {result.name for result in analyze(Evidence(run))}
    (made,) = analyze(Evidence(run), ["probing"])
    table = made.data.sel(site_layer="projector:patches")
    auroc = table.auroc.sel(bound="estimate")
    assert auroc.sel({"class": "car"}) > 0.75, "cars can be read from the tokens"
    np.testing.assert_allclose(table.transfer_auroc.sel(condition="clean"), auroc)
    assert np.isnan(auroc.sel({"class": "sky"})), "every scene has a sky: nothing to learn"
    np.testing.assert_allclose(table.mean_auroc.sel(bound="estimate"), auroc.mean("class"))
    # clean and the control `white` are no perturbations
    np.testing.assert_allclose(
        table.perturbed_auroc.sel(bound="estimate"), table.transfer_auroc.sel(condition="low_light:3")
    )
    (sentence,) = made.findings
    assert sentence.startswith("Classes are read with the highest AUROC from projector:patches: mean AUROC 0.")
    with pytest.raises(ValueError, match="'probing' needs descriptions with a reference"):
        analyze(Evidence(small_run(tmp_path)), ["probing"])


def small_run(folder: Path) -> stores.Run:
    dataset = str(picture_set.write(folder / "set", images=2))
    return probe.extract(str(tiny.checkpoint("llava")), dataset, perturb=["white"], out=folder / "small", execution=CPU)
