"""What the explorer shows of a run is what the run holds: pairs, probabilities, pictures, token drift, density."""

import json
from pathlib import Path
from typing import Any

import large_runs
import made_run
import numpy as np
import pytest
import scipy.special
import shared

import stores
from probe.report import population, selection
from probe.report.explorer import embedded, explorer_data
from probe.report.population import Population
from probe.results import Evidence
from probe.results.instability import UNKNOWN
from stores import SampleRow


def made(folder: Path) -> None:
    made_run.write(folder / "run", made_run.world(images=8))


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Evidence(stores.open_run(shared.folder("explored", made) / "run"))


def drawn(samples: int = 50, conditions: int = 20, seed: int = 0) -> Population:
    """A population drawn at random: a tenth flips, a tenth of the others dangerous, some unknown."""
    rng = np.random.default_rng(seed)
    shape = (samples, conditions)
    flipped = (rng.random(shape) < 0.1).astype(float)
    verdict = np.where(flipped == 1, UNKNOWN, np.where(rng.random(shape) < 0.1, 2, 0)).astype(np.int8)
    drift, margin = rng.random(shape), rng.normal(size=shape)
    drift[0], margin[1] = np.nan, np.nan
    return Population(
        conditions=np.arange(1, conditions + 1),
        known=rng.random(shape) < 0.9,
        flipped=flipped,
        drift=drift,
        margin=margin,
        clean_margin=margin[:, 0],
        verdict=verdict,
        judged=np.ones(samples, bool),
    )


def keys(chosen: selection.Selection) -> set[tuple[int, int]]:
    return set(zip(chosen.samples.tolist(), chosen.conditions.tolist(), strict=True))


def test_all_flips_and_dangerous_pairs_are_shown_where_there_is_room() -> None:
    every = drawn()
    chosen = selection.choose(every, samples=400, seed=0)
    flips, dangerous = (every.known & (every.flipped == 1)), (every.known & (every.verdict == 2))
    assert (int(flips.sum()), int(dangerous.sum())) < (160, 100)
    assert keys(chosen) >= {tuple(each) for each in np.argwhere(flips | dangerous).tolist()}
    assert len(keys(chosen)) == len(chosen.samples) == 400
    assert chosen.shown == {
        "flips": flips.sum(),
        "dangerous": dangerous.sum(),
        "others": 400 - (flips | dangerous).sum(),
    }
    assert chosen.there["others"] == (every.known & ~flips & ~dangerous).sum()
    assert all(every.known[pair] for pair in keys(chosen))


def test_of_the_others_those_that_moved_farthest_are_shown() -> None:
    every = drawn()
    chosen = selection.choose(every, samples=400, seed=0)
    others = every.known & (every.flipped == 0) & (every.verdict != 2)
    order = np.sort(every.drift[others & np.isfinite(every.drift)])[::-1]
    far = {tuple(each) for each in np.argwhere(others & (every.drift >= order[chosen.farthest - 1])).tolist()}
    assert chosen.farthest == int(0.6 * chosen.shown["others"])
    assert far <= keys(chosen)


def test_each_group_has_its_share_where_there_are_too_many_of_all() -> None:
    chosen = selection.choose(drawn(200, 30), samples=100, seed=0)
    assert chosen.shown == {"flips": 40, "dangerous": 25, "others": 35}
    assert f"40 of {chosen.there['flips']:,} flips" in chosen.sentence


def test_what_is_drawn_depends_on_the_seed_alone() -> None:
    every = drawn(200, 30)
    one, again, other = (keys(selection.choose(every, samples=100, seed=seed)) for seed in (0, 0, 1))
    assert one == again != other


def test_a_small_run_is_shown_whole() -> None:
    every = drawn(5, 4)
    chosen = selection.choose(every, samples=400, seed=0)
    assert keys(chosen) == {tuple(each) for each in np.argwhere(every.known).tolist()}
    assert chosen.sentence == f"Shown: all {every.known.sum()} pairs of a sample and a condition."


@pytest.mark.parametrize("samples", [0, 1, 2, 3, 7])
def test_no_more_are_shown_than_were_asked_for(samples: int) -> None:
    assert len(selection.choose(drawn(), samples=samples, seed=0).samples) == samples


def test_a_number_of_samples_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="samples"):
        selection.choose(drawn(), samples=-1, seed=0)


def test_the_density_counts_every_pair_of_the_plane(evidence: Evidence) -> None:
    every = population.of_run(evidence)
    found = population.density(every)
    assert found is not None
    there = np.isfinite(every.drift) & np.isfinite(every.margin) & np.isfinite(every.flipped) & every.known
    margin, drift = every.margin[there], every.drift[there]
    counts, across, up = np.histogram2d(margin, drift, population.BINS)
    np.testing.assert_array_equal(found.kept + found.flipped, counts)
    np.testing.assert_allclose(found.margin_edges, across)
    np.testing.assert_allclose(found.drift_edges, up)
    assert found.flipped.sum() == (every.flipped[there] == 1).sum() > 0


def test_mean_drift_of_a_family_is_the_number_of_its_table(evidence: Evidence) -> None:
    from analyses import statistics

    every = population.of_run(evidence)
    family = evidence.run.conditions.family.values[every.conditions]
    table = evidence.values(statistics.PERCENT, evidence.primary_drift, evidence.primary_control)
    expected = float(table.sel(family="low_light", bound="estimate"))
    assert every.drift[:, family == "low_light"].mean() == pytest.approx(expected, rel=1e-5)


def test_pairs_are_those_of_perturbations_alone(evidence: Evidence) -> None:
    shown = explorer_data(evidence, samples=10_000).to_json()
    families = {each["family"] for each in shown["conditions"]}
    assert families == {"translation", "scale", "low_light", "gaussian_noise", "text_overlay.semantic", "low_pass"}
    overlays = [pair for pair in shown["pairs"] if shown["conditions"][pair["condition"]]["id"].endswith(":Yes")]
    for pair in overlays:  # an overlay contradicts the clean choice, or it is no perturbation
        sample = shown["samples"][pair["sample"]]
        assert sample["options"][sample["clean"]["choice"]] == "no"


def test_a_pair_holds_the_numbers_of_its_run(evidence: Evidence) -> None:
    shown = explorer_data(evidence, samples=10_000).to_json()
    answers = evidence.run.answers
    for pair in shown["pairs"][::37]:
        sample, condition = shown["samples"][pair["sample"]], shown["conditions"][pair["condition"]]
        here = answers.log_likelihood.sel(sample=sample["id"], condition=condition["id"]).values
        clean = answers.log_likelihood.sel(sample=sample["id"], condition="clean").values
        count = len(sample["options"])
        np.testing.assert_allclose(pair["probabilities"], scipy.special.softmax(here[:count]), rtol=1e-4)
        np.testing.assert_allclose(sample["clean"]["probabilities"], scipy.special.softmax(clean[:count]), rtol=1e-4)
        chosen = int(np.argmax(clean[:count]))
        assert sample["clean"]["choice"] == chosen
        rivals = np.delete(here[:count], chosen)
        assert pair["margin"] == pytest.approx(here[chosen] - rivals.max(), rel=1e-4)
        assert pair["flipped"] == (int(np.argmax(here[:count])) != chosen)
        right, now = sample["options"].index(sample["answer"]), pair["choice"]
        before, after = ("right" if place == right else "wrong" for place in (chosen, now))
        assert (
            pair["transition"]
            == f"{before}_to_{'other_wrong' if before == after == 'wrong' and now != chosen else after}"
        )


def test_dangerous_and_harmless_are_the_verdicts_of_instability(evidence: Evidence) -> None:
    shown = explorer_data(evidence, samples=10_000).to_json()
    found = [pair["verdict"] for pair in shown["pairs"]]
    states = evidence.primary_states.load()
    asked, images = evidence.asked, evidence.run.answers.image.values
    given = evidence.given_text.sel(condition="clean").values
    unit = states / np.sqrt((states**2).sum("feature"))
    clean = unit.sel(condition="clean").values
    ids = states["sample"].values.tolist()
    for pair in shown["pairs"][::23]:
        row = ids.index(shown["samples"][pair["sample"]]["id"])
        here = unit.sel(condition=shown["conditions"][pair["condition"]]["id"]).values[row]
        near = clean @ here
        others = (asked == asked[row]) & (images != images[row])
        best = np.flatnonzero(others)[np.argmax(near[others])]
        expected = "harmless" if given[best] == given[row] else "dangerous"
        expected = None if pair["flipped"] else expected if near[best] > near[row] else "own"
        assert pair["verdict"] == expected
    assert {"dangerous", "harmless", "own", None} == set(found)


def test_of_a_large_run_some_samples_are_judged_against_all_and_it_is_said(evidence: Evidence) -> None:
    whole, some = (population.of_run(evidence, most=most, seed=1) for most in (1000, 7))
    assert whole.judged.all()
    assert some.judged.sum() == 7
    np.testing.assert_array_equal(some.verdict[some.judged], whole.verdict[some.judged])
    assert (some.verdict[~some.judged] == UNKNOWN).all()
    sentence = selection.choose(some, samples=10, seed=0).sentence
    assert sentence.endswith("Dangerous ones were looked for in 7 of 40 samples, drawn at random.")


def test_every_key_is_unique_and_names_run_sample_and_condition(evidence: Evidence) -> None:
    shown = explorer_data(evidence, samples=60, run=3).to_json()
    assert len({pair["key"] for pair in shown["pairs"]}) == 60
    for pair in shown["pairs"]:
        run, row, condition = map(int, pair["key"].split("."))
        assert run == 3
        assert evidence.run.samples.sample.values[row] == shown["samples"][pair["sample"]]["id"]
        assert evidence.run.conditions.condition.values[condition] == shown["conditions"][pair["condition"]]["id"]


def test_a_run_whose_dataset_is_gone_shows_no_pictures_and_says_why(evidence: Evidence) -> None:
    shown = explorer_data(evidence, samples=5)
    assert shown.sentences[1].startswith("There are no pictures: the dataset or its conditions cannot be made again")
    assert all(view["pictures"] == [] for view in shown.to_json()["views"])


def test_without_thumbnails_no_dataset_is_opened(evidence: Evidence) -> None:
    assert len(explorer_data(evidence, samples=5, thumbnails=False).sentences) == 1


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img onerror=alert(1) src=x>',
    "left\u202eright",
    "a" * 10_050,
    "[red]x[/red]\x1b[31m",
)


def hostile(folder: Path) -> None:
    conditions = (made_run.CLEAN, stores.ConditionRow("low_light:1", "low_light", 1, "{}"))
    rows = tuple(
        SampleRow(f"{k} {each[:60]}", k, each, each, "mcq", (each, f"other {each}")) for k, each in enumerate(HOSTILE)
    )
    scores = {
        (row.sample_id, condition.condition_id): {row.options[0]: -1.0, row.options[1]: -2.0 + condition.severity}
        for row in rows
        for condition in conditions
    }
    images = tuple(f"{k}{each[:40]}" for k, each in enumerate(HOSTILE))
    made_run.write(folder / "run", made_run.Made(rows, images, conditions, scores))


def test_hostile_texts_are_written_out_and_end_no_script() -> None:
    run = stores.open_run(shared.folder("hostile-explorer", hostile) / "run")
    shown = explorer_data(Evidence(run), samples=50)
    assert len(shown.to_json()["pairs"]) == len(HOSTILE)
    page = embedded(shown.to_json())
    assert page.isascii()
    assert "<" not in page
    assert json.loads(page) == shown.to_json()
    questions = [sample["question"] for sample in shown.to_json()["samples"]]
    assert questions[0] == HOSTILE[0]
    assert questions[2] == "left\\u202eright"
    assert questions[3] == "a" * 10_000 + "… (cut, of 10,050 characters)"
    assert questions[4] == "[red]x[/red]\\x1b[31m"


def test_undefined_is_null_and_nothing_else(evidence: Evidence) -> None:
    assert "NaN" not in embedded(explorer_data(evidence, samples=10_000).to_json())


def test_a_run_without_states_is_shown_with_its_texts(tmp_path: Path) -> None:
    large_runs.write(tmp_path / "run", large_runs.Size(images=4, questions=4, conditions=20))
    run = stores.open_run(tmp_path / "run")
    shown = explorer_data(Evidence(run), samples=1000)
    data = shown.to_json()
    assert {pair["drift"] for pair in data["pairs"]} == {None}
    assert shown.plane is None
    described = [pair for pair in data["pairs"] if data["samples"][pair["sample"]]["kind"] == "describe"]
    assert described
    for pair in described:
        sample, condition = data["samples"][pair["sample"]], data["conditions"][pair["condition"]]["id"]
        assert "probabilities" not in pair
        assert pair["text"] == run.answers.text.sel(sample=sample["id"], condition=condition).item()
        assert sample["clean"]["text"] == run.answers.text.sel(sample=sample["id"], condition="clean").item()


def pictures_alone(path: Path) -> None:
    layout = stores.Layout(4, ("a", "b"), (), (made_run.CLEAN, made_run.CONDITIONS[1]))
    stores.create(path, layout, plan=stores.hashed({"settings": {}}), provenance={"model": None})
    writer = stores.Writer(path, layout)
    for unit in layout.units():
        writer.commit(unit, layout.blank(unit), report={})


@pytest.mark.parametrize("kind", ["clean alone", "pictures alone"])
def test_a_run_without_anything_perturbed_has_nothing_to_explore(tmp_path: Path, kind: str) -> None:
    if kind == "clean alone":
        made_run.write(tmp_path / "run", made_run.world(images=2, conditions=(made_run.CLEAN,)))
    else:
        pictures_alone(tmp_path / "run")
    shown = explorer_data(Evidence(stores.open_run(tmp_path / "run")))
    assert shown.plane is None
    assert shown.sentences == ("There is no sample under a perturbation to show.",)
    assert shown.to_json()["pairs"] == shown.to_json()["samples"] == shown.to_json()["views"] == []


def named(spec: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [layer for layer in spec["layer"] if layer.get("name") == name]


def test_the_plane_has_a_point_for_each_pair_with_drift_and_margin_and_its_key(evidence: Evidence) -> None:
    shown = explorer_data(evidence, samples=60)
    assert shown.plane is not None
    spec = shown.plane.to_dict()
    values, densities = (
        spec["datasets"][layer["data"]["name"]] for name in ("pairs", "all_pairs") for layer in named(spec, name)
    )
    by_key = {pair["key"]: pair for pair in shown.to_json()["pairs"]}
    assert {point["key"] for point in values} == set(by_key)
    for point in values:
        pair = by_key[point["key"]]
        assert (point["margin"], point["drift"], point["answer"] == "flipped") == tuple(
            pair[name] for name in ("margin", "drift", "flipped")
        )
    assert sum(cell["pairs"] for cell in densities) == population.of_run(evidence).on_plane.sum() > 60


def test_the_plane_of_a_run_that_is_shown_whole_has_no_density(evidence: Evidence) -> None:
    shown = explorer_data(evidence, samples=10_000)
    assert shown.plane is not None
    assert named(shown.plane.to_dict(), "pairs")
    assert not named(shown.plane.to_dict(), "all_pairs")
