"""Samples about one, two and three pictures: extracted, resumed and analysed."""

import json
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import tiny
from PIL import Image
from tiny import picture

import probe
from hooks import Question, View, capture
from hooks.sites import parse_all
from probe.datasets.registry import open_dataset
from probe.errors import Interrupted
from probe.perturbations import catalogue, suites
from probe.prompts import render
from probe.report.explorer import explorer_data
from probe.results import Evidence, analyze
from stores import Writer

SIZES = {"a.png": (84, 112), "b.png": (84, 112), "c.png": (160, 84), "d.png": (40, 40)}
GROUPS = (["a.png"], ["a.png", "b.png"], ["c.png", "d.png"], ["d.png", "a.png", "c.png"])
PERTURB = ["gaussian_noise:sigma=0.18", "scale:factor=0.5"]
TOKENS = ("vision.layers[-1]:patches", "projector:patches", "language.layers[-1]:image")
SITES = (*TOKENS, "language.layers[-1]:context_last")
CASES = pytest.mark.parametrize("case", ["qwen2_vl", "internvl3", "llava_onevision"])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    for seed, (name, size) in enumerate(SIZES.items()):
        Image.fromarray(picture(seed, *size)).save(folder / name)
    lines = [
        {"images": names, "question": question, "options": choices, "answer": choices[0]}
        for names in GROUPS
        for question, choices in (("is there a bus?", ["yes", "no"]), ("what is it?", ["a car", "a long bus"]))
    ]
    (folder / "data.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return str(folder / "data.jsonl")


@pytest.fixture
def extract(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("probe.extraction.plan.LARGEST_BLOCK", 2)

    def call(case, out="run"):
        loaded = tiny.load(case)
        monkeypatch.setattr("probe.readers.local.load", lambda blueprint: replace(loaded, blueprint=blueprint))
        settings = {"perturb": PERTURB, "sites": SITES, "keep": "tokens", "execution": probe.Execution(device="cpu")}
        return probe.extract(str(tiny.checkpoint(case)), dataset, out=tmp_path / out, **settings)

    return call


@CASES
def test_a_run_holds_what_the_model_makes_of_each_view_with_each_picture_under_its_own_seed(case, extract, dataset):
    run, model, data = extract(case), tiny.load(case), open_dataset(dataset).dataset
    assert not run.failed
    assert run.images.image.values.tolist() == [" + ".join(names) for names in GROUPS]
    sites = parse_all(SITES, model.towers)
    for condition in suites.parse(PERTURB):
        for image in data.images:
            shown = tuple(catalogue.apply(condition, each.read(), image_id=each.id, seed=0) for each in image.pictures)
            samples = data.samples_of(image.id)
            asked = tuple(Question(render(sample), sample.options) for sample in samples)
            (reading,) = capture.read(model, [View(shown, asked)], sites, batch_size=1, keep_tokens=True)
            for sample, answer in zip(samples, reading.answers, strict=True):
                stored = run.answers.sel(sample=sample.id, condition=condition.id)
                np.testing.assert_allclose(stored.log_likelihood, answer.log_likelihood, atol=1e-4)
            for site in (site for site in sites if site.has_tokens):
                states, kept = reading.states[site.slug], run.site(site.canonical)
                kept = kept.sel(image=image.id, condition=condition.id)
                assert kept.grid.values.tolist() == list(states.grid or (-1, -1, -1))
                assert kept.n_tokens == states.n_tokens
                pooled, tokens = (np.atleast_2d(kept[name].values.squeeze()) for name in ("pooled", "tokens"))
                np.testing.assert_allclose(pooled, states.pooled, atol=1e-4, rtol=1e-4)
                np.testing.assert_allclose(tokens[: states.n_tokens], states.tokens[0], atol=1e-4, rtol=1e-4)
                assert np.isnan(tokens[states.n_tokens :]).all()


def test_what_needs_a_grid_is_undefined_where_pictures_have_no_common_one(extract):
    run = extract("qwen2_vl")
    site = run.site("language.layers[-1]:image")
    common = (site.grid >= 0).all("axis").sel(condition="clean")
    assert common.values.tolist() == [True, True, False, False]
    assert site.n_tokens.sel(condition="clean").values.tolist() == [12, 24, 22, 34]
    for name in ("dirichlet", "dirichlet_scale_free", "spectrum"):
        values = site[name].sel(condition="clean")
        defined = np.isfinite(values).all([axis for axis in values.dims if axis != "image"])
        assert (defined == common).all(), name


def test_tokens_drift_from_their_clean_selves_where_each_picture_has_its_clean_grid(extract):
    run = extract("qwen2_vl")
    drift = run.site("language.layers[-1]:image").token_drift
    conditions = [str(name) for name in drift.condition.values]
    (noisy,) = (name for name in conditions if name.startswith("gaussian_noise"))
    (scaled,) = (name for name in conditions if name.startswith("scale"))
    for tokens, image in zip((12, 24, 22, 34), drift.image.values, strict=True):
        assert np.isfinite(drift.sel(image=image, condition=noisy)[:tokens]).all()
        assert np.isnan(drift.sel(image=image, condition=noisy)[tokens:]).all()
        assert np.isnan(drift.sel(image=image, condition=scaled)).all(), "half as large, in other grids"


@CASES
def test_a_run_is_analysed_and_an_interrupted_one_is_finished_bit_for_bit(case, extract, tmp_path, monkeypatch):
    run = extract(case, "whole")
    assert {"overview", "flips", "margins", "drift"} <= {result.name for result in analyze(Evidence(run))}
    with monkeypatch.context() as patch:
        commit, commits = Writer.commit, count(1)

        def stop(self, *arguments, **named):
            commit(self, *arguments, **named)
            if next(commits) == 3:
                raise KeyboardInterrupt

        patch.setattr(Writer, "commit", stop)
        with pytest.raises(Interrupted):
            extract(case, "parts")
    assert extract(case, "parts").complete
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def files(path):
    """Every file of a run but the ledger and the provenance, which hold times."""
    found = {str(file.relative_to(path)): file for file in path.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for name, file in found.items() if name != "zarr.json" and "_ledger" not in name}


@pytest.mark.parametrize("case", ["llava", "clip"])
def test_where_a_view_has_one_picture_samples_of_several_fail_by_name_and_others_are_measured(case, dataset, tmp_path):
    execution = probe.Execution(device="cpu")
    model = str(tiny.checkpoint(case))
    run = probe.extract(model, dataset, out=tmp_path / "run", perturb=PERTURB[:1], execution=execution)
    assert list(run.failed) == [f"line{number}" for number in range(3, 9)]
    assert all(f"family '{case}' takes one picture a view, not" in reason for reason in run.failed.values())
    assert np.isfinite(run.answers.log_likelihood.sel(sample=["line1", "line2"])).all()


def test_the_explorer_shows_every_picture_of_an_image_and_the_drift_of_each(extract, dataset):
    run, opened = extract("qwen2_vl"), open_dataset(dataset).dataset
    shown = explorer_data(Evidence(run), samples=100).to_json()
    counts = {image.id: [picture.size() for picture in image.pictures] for image in opened.images}
    grids = run.site(shown["tokens"]).grid
    assert len(shown["pairs"]) == 16
    for pair in shown["pairs"]:
        sample, condition = shown["samples"][pair["sample"]], shown["conditions"][pair["condition"]]["id"]
        clean, view = (shown["views"][place] for place in (sample["view"], pair["view"]))
        sizes = [(one["height"], one["width"]) for one in clean["pictures"]]
        assert sizes == counts[sample["image"]]
        assert len(view["pictures"]) == len(sizes)
        grid = grids.sel(image=sample["image"], condition=condition).values.tolist()
        if "tokens" in view:
            assert view["tokens"]["shape"] == grid
            assert grid[0] == len(view["tokens"]["parts"]) == len(sizes)
    assert {len(view["pictures"]) for view in shown["views"] if "tokens" in view} == {1, 2}
