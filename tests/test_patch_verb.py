"""`probe patch`: pairs of a run are chosen, patched and kept, and what they say of where answers are lost."""

import json
import shutil
from dataclasses import replace

import answered_run
import numpy as np
import picture_set
import pytest
import tiny
import xarray as xr
from click.testing import CliRunner

import stores
from probe import analyze, code, kept_results
from probe.cli import main
from probe.datasets.registry import open_dataset
from probe.errors import PlanError
from probe.intervening import asked as asking
from probe.intervening import choice, session
from probe.patching import command, forwards
from probe.perturbations import suites
from probe.report.pictures import Source
from probe.results import Evidence
from probe.results.patching import ANOTHER, INTO_CLEAN, INTO_PERTURBED, PAIRS, handover

LAYERS = (0, 1, 2)
"""Those of the model with which a question is asked here."""


@pytest.fixture(scope="module")
def patched(analysed, tmp_path_factory):
    """A copy of the shared run, with patched pairs, and what was printed."""
    path = tmp_path_factory.mktemp("patched") / "run"
    shutil.copytree(analysed.path, path)
    result = CliRunner().invoke(main, ["patch", str(path), "--pairs", "12", "--device", "cpu", "--seed", "1"])
    assert result.exit_code == 0, result.output
    return path, result.output


def test_every_pair_is_kept_with_its_numerator_and_denominator(patched):
    pairs = stores.open_run(patched[0]).result(PAIRS)
    assert pairs.moved.dims == ("pair", "direction", "layer", "group")
    assert pairs.sizes["pair"] + sum(json.loads(pairs.attrs["left_out"]).values()) == pairs.attrs["chosen"] == 12
    there, back = (pairs.sel(direction=each) for each in (INTO_CLEAN, INTO_PERTURBED))
    np.testing.assert_allclose(there.gap, -back.gap, atol=1e-5)
    whole = pairs.moved.isel(layer=-1).sel(group="last")
    np.testing.assert_allclose(whole, pairs.gap, atol=1e-4)
    pictured = pairs.moved.isel(layer=0).sel(group="image")  # the pictures are all that differs
    np.testing.assert_allclose(pictured, pairs.gap, atol=1e-4)
    assert (abs(pairs.gap.sel(direction=ANOTHER)) > 1e-3).any()


def test_margins_are_those_of_the_extraction_where_options_have_one_token(patched):
    run = stores.open_run(patched[0])
    evidence, pairs = Evidence(run), run.result(PAIRS)
    single = (run.answers.token_count.values <= 1).reshape(len(run.answers.sample), -1).all(axis=1)
    names = set(run.answers.sample.values[single].tolist())
    own = [place for place, sample in enumerate(pairs.sample.values.tolist()) if sample in names]
    assert own
    for pair in (pairs.isel(pair=place) for place in own):
        margin = evidence.margin.sel(sample=pair["sample"].item())
        gap = margin.sel(condition=pair["condition"].item()) - margin.sel(condition="clean")
        np.testing.assert_allclose(pair.gap.sel(direction=INTO_CLEAN), gap, atol=1e-3)


def test_the_table_and_the_kept_analysis_say_where_answers_are_lost(patched):
    path, printed = patched
    assert "Where the answer is lost" in printed
    assert "image," in printed
    run = stores.open_run(path)
    assert {"patching", PAIRS} <= set(run.results)
    (result,) = analyze.of_run(path, names=["patching"])
    effect = result.data.effect.sel(family="all perturbations", bound="estimate")
    np.testing.assert_allclose(effect.isel(layer=-1).sel(group="last", kind="random"), 1, atol=1e-4)
    assert result.rows[0][0] == "image, layer 0"
    assert result.figure is not None
    assert "patching" in {each.name for each in analyze.of_run(path, names=["patching", "flips"])}
    weights = abs(run.result(PAIRS).gap.sel(direction=INTO_CLEAN))
    moved = run.result(PAIRS).moved.sel(direction=INTO_CLEAN, group="last")
    drawn = run.result(PAIRS).kind.values == "random"
    signs = np.sign(run.result(PAIRS).gap.sel(direction=INTO_CLEAN))
    by_hand = (moved * signs).values[drawn].sum(axis=0) / weights.values[drawn].sum()
    found = effect.sel(kind="random", group="last", direction=INTO_CLEAN)
    np.testing.assert_allclose(found, by_hand, atol=1e-5)


def test_the_same_seed_measures_the_same_pairs_whatever_the_batch(patched, tmp_path):
    shutil.copytree(patched[0], tmp_path / "run")
    wanted = command.Patching(pairs=2, seed=3, device="cpu")
    found = []
    for batch in (64, 5):
        command.patch(tmp_path / "run", replace(wanted, batch=batch), lambda done, total: None)
        found.append(stores.open_run(tmp_path / "run").result(PAIRS))
    np.testing.assert_array_equal(found[0]["condition"].values, found[1]["condition"].values)
    np.testing.assert_allclose(found[0].moved, found[1].moved, atol=1e-4)


def test_an_interrupted_call_is_gone_on_with_where_it_was(patched, tmp_path, monkeypatch):
    path, wanted = tmp_path / "run", command.Patching(pairs=9, layers=(0, 2), device="cpu")
    shutil.copytree(patched[0], path)
    times: list[int] = []
    true = command.of_sample
    monkeypatch.setattr(command, "of_sample", lambda *given: (times.append(1) or each for each in true(*given)))

    def stop(done, total):
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        command.patch(path, wanted, stop)
    pairs = stores.open_run(path).result(PAIRS)
    assert 0 < pairs.sizes["pair"] < pairs.attrs["chosen"] == 9
    before = len(times)
    command.patch(path, wanted, lambda done, total: None)
    resumed, again = stores.open_run(path).result(PAIRS), len(times) - before
    command.patch(path, wanted, lambda done, total: None)  # what is complete is measured again
    whole, all_of_them = stores.open_run(path).result(PAIRS), len(times) - before - again
    assert 0 < again < all_of_them
    xr.testing.assert_allclose(resumed, whole, atol=1e-4)
    with pytest.raises(KeyboardInterrupt):
        command.patch(path, wanted, stop)
    before = len(times)
    command.patch(path, replace(wanted, layers=(1, 2)), lambda done, total: None)
    assert len(times) - before == all_of_them, "another question is begun anew"


def test_what_is_patched_is_kept_meanwhile(patched, tmp_path, monkeypatch):
    shutil.copytree(patched[0], tmp_path / "run")
    monkeypatch.setattr(session, "SECONDS", -1)
    seen: list[int] = []

    def look(done, total):
        if len(seen) < 3:
            pairs = stores.open_run(tmp_path / "run").result(PAIRS)
            seen.append(pairs.sizes["pair"] if pairs.attrs["chosen"] == total else 0)

    command.patch(tmp_path / "run", command.Patching(pairs=5, layers=(2,), device="cpu"), look)
    assert seen == sorted(seen)
    assert seen[0] < seen[-1]
    assert stores.open_run(tmp_path / "run").result(PAIRS).attrs[session.COMPLETE] is True


def test_chosen_layers_are_patched_as_among_all(patched, tmp_path):
    shutil.copytree(patched[0], tmp_path / "run")
    options = ["--pairs", "12", "--device", "cpu", "--seed", "1", "--layers", "1"]
    result = CliRunner().invoke(main, ["patch", str(tmp_path / "run"), *options])
    assert result.exit_code == 0, result.output
    some, whole = (stores.open_run(path).result(PAIRS) for path in (tmp_path / "run", patched[0]))
    assert some.layer.values.tolist() == [1]
    np.testing.assert_allclose(some.moved.sel(layer=1), whole.moved.sel(layer=1), atol=1e-4)
    assert some.attrs["deepest"] == whole.layer.values[-1]
    with pytest.raises(PlanError, match="layer 77: the language model"):
        command.patch(tmp_path / "run", command.Patching(pairs=5, layers=(77,)), lambda done, total: None)


def test_flips_have_kept_pairs_of_their_condition_and_no_control_is_drawn(tmp_path):
    random = np.random.default_rng(0)
    choices = {"clean": np.zeros(40, int), "white": np.ones(40, int)}
    choices |= {name: random.integers(0, 2, 40) for name in ("fog:severity=1", "fog:severity=3", "scale:factor=0.9")}
    choices["fog:severity=3"][:5] = -1
    evidence = Evidence(answered_run.make(tmp_path / "run", choices))
    pairs = choice.choose(evidence, 30, seed=0)
    assert pairs == choice.choose(evidence, 30, seed=0) != choice.choose(evidence, 30, seed=1)
    by_kind = {kind: [pair for pair in pairs if pair.kind == kind] for kind in ("flip", "kept", "random")}
    assert {kind: len(own) for kind, own in by_kind.items()} == {"flip": 10, "kept": 10, "random": 10}
    table = list(choices.values())
    assert all(table[pair.condition][pair.sample] == 1 for pair in by_kind["flip"])
    assert all(table[pair.condition][pair.sample] == 0 for pair in by_kind["kept"])
    assert sorted(p.condition for p in by_kind["flip"]) == sorted(p.condition for p in by_kind["kept"])
    assert len(set(by_kind["kept"])) == 10
    assert all(pair.condition >= 2 and table[pair.condition][pair.sample] >= 0 for pair in pairs)


@pytest.fixture
def asked(tmp_path):
    """A question about a picture, whose conditions are two, in a model whose grid follows the picture's size."""
    dataset, _ = open_dataset(str(picture_set.write(tmp_path / "set", images=3)))
    conditions = {each.id: each for each in suites.parse(("low_light:3", "fog:3"))}
    images = {image.id: image for image in dataset.images}
    source = Source(dataset, images, conditions, "none", 0)
    setup = asking.Setup(tiny.load("qwen2_vl"), None, source, {}, None, 16, 0)
    return asking.Asked(setup, dataset.samples[1], "Is there a bus?", ("yes", "no"), 0)


def test_pictures_of_another_grid_are_left_out_with_the_reason(asked, monkeypatch):
    names = [name for name in asked.setup.source.conditions if name != "clean"]
    true = asking.shown

    def cropped(loaded, condition, **settings):
        made = true(loaded, condition, **settings)
        return replace(made, pictures=tuple(p[:, :20] for p in made.pictures)) if condition.id == names[0] else made

    monkeypatch.setattr(asking, "shown", cropped)
    found = dict(forwards.of_sample(asked, names, LAYERS))
    assert found[names[0]] == forwards.OTHER_GRID
    assert isinstance(found[names[1]], forwards.Patched)


def test_options_that_begin_as_the_choice_does_are_left_out(asked):
    name = next(name for name in asked.setup.source.conditions if name != "clean")
    alike = replace(asked, options=("a car", "a bus", "no"))
    assert dict(forwards.of_sample(alike, [name], LAYERS)) == {name: asking.ALIKE}
    assert isinstance(dict(forwards.of_sample(replace(alike, choice=2), [name], LAYERS))[name], forwards.Patched)


def test_the_control_is_another_image_under_the_same_question(asked):
    moved, gap = forwards.control(asked, range(asked.setup.model.towers["language"].layers + 1))
    others = [image for image in asked.setup.source.images if image != asked.sample.image_id]
    gaps = []
    for image in others:
        other = replace(asked, sample=replace(asked.sample, image_id=image))
        gaps.append(asked.margin(other.clean.logits[list(asked.tokens)].numpy()))
    start = asked.margin(asked.clean.logits[list(asked.tokens)].numpy())
    assert min(abs(gap - (end - start)) for end in gaps) < 1e-5
    np.testing.assert_allclose(moved[-1, -1], gap, atol=1e-4)


def test_runs_that_cannot_be_patched_are_refused_in_a_sentence(tmp_path, patched):
    clean = answered_run.make(tmp_path / "clean", {"clean": [0, 1]})
    with pytest.raises(PlanError, match="no perturbation under which"):
        command.patch(clean.path, command.Patching(pairs=5), lambda done, total: None)
    result = CliRunner().invoke(main, ["analyze", str(clean.path), "patching"])
    assert result.exit_code != 0
    assert "Run `probe patch`" in result.output
    elsewhere = answered_run.make(tmp_path / "run", {"clean": [0, 1], "fog:severity=3": [1, 1]})
    with pytest.raises(PlanError, match="cannot be shown the pictures"):
        command.patch(elsewhere.path, command.Patching(pairs=5), lambda done, total: None)


def test_another_model_than_that_of_the_run_is_refused(patched, tmp_path, monkeypatch):
    other = replace(command.Patching(pairs=3), device="cpu")
    run = stores.open_run(patched[0])
    changed = {**run.plan, "model": {**run.plan["model"], "dtype": "bfloat16"}}
    monkeypatch.setattr(stores.Run, "plan", changed)
    with pytest.raises(PlanError, match=r"dtype: the run has \"bfloat16\", here it has \"float32\""):
        command.patch(patched[0], other, lambda done, total: None)


def test_the_answer_is_handed_over_where_the_interval_stays_above_zero():
    lows = xr.DataArray([[0.1], [-0.2], [0.3], [0.5]], dims=("layer", "bound"), coords={"layer": [0, 4, 8, 12]})
    assert handover(lows.assign_coords(bound=["low"])) == 8
    assert handover(-abs(lows).assign_coords(bound=["low"])) is None
    assert handover((lows * np.nan).assign_coords(bound=["low"])) is None


def test_results_that_were_made_of_other_pairs_are_made_again(patched, tmp_path, monkeypatch):
    monkeypatch.setattr(code, "revision", lambda: {"commit": "c0ffee", "dirty": False})
    shutil.copytree(patched[0], tmp_path / "run")
    before = kept_results.origin(stores.open_run(tmp_path / "run"), 0)
    pairs = stores.open_run(tmp_path / "run").result(PAIRS)
    stores.results.write(tmp_path / "run", PAIRS, pairs, attrs={"utc": "another time"})
    after = kept_results.origin(stores.open_run(tmp_path / "run"), 0)
    assert before
    assert before != after
