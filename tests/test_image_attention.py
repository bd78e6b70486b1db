"""Where the last token before the answer looks, against `output_attentions` of a plain eager forward."""

from dataclasses import fields, replace

import numpy as np
import picture_set
import pytest
import tiny
import torch
import xarray as xr
from scipy.spatial.distance import jensenshannon
from tiny import picture

import probe
from hooks import Question, View, attention_sums, capture
from hooks.attention import other_kernel
from hooks.context import render
from hooks.encoding import process, stack
from probe import prompts
from probe.datasets.registry import open_dataset
from probe.errors import Interrupted
from probe.perturbations import catalogue, suites
from stores import Writer

ASKED = Question("is there a bus?", ("yes", "no"), attention=True)
LONGER = Question("and what else is there, please?", ("a car", "nothing at all", "two"), attention=True)
SIZES = ((84, 112), (160, 84), (40, 40))

FAMILIES = ("llava", "qwen2_vl", "gemma3", "paligemma2", "cohere2_vision", "lfm3_vl", "llava_next", "blip-2")
"""With a prefix that is encoded once or without one, with windows, a soft cap, layers without attention, grids of
several tiles, and a question that the image's own tokens depend on."""

MASSES = ("image", "question", "first")


def views(*questions):
    return [View((picture(seed, *size),), questions) for seed, size in enumerate(SIZES)]


def read(model, shown, **settings):
    return [reading.answers for reading in capture.read(model, shown, (), **{"batch_size": 2, **settings})]


def plain(model, view, question):
    """Inputs, the last token's attention by block (head, key) and states by layer, of a plain eager forward."""
    text = render(model.blueprint, question.text, pictures=len(view.pictures))
    inputs = stack(model, [process(model.blueprint, view.pictures, text)])
    with torch.inference_mode(), eager(model):
        output = model.module(**inputs, output_attentions=True, output_hidden_states=True)
    output = getattr(output, "language_model_outputs", output)
    weights = [None if each is None or each.ndim != 4 else each[0, :, -1].float().numpy() for each in output.attentions]
    return inputs, weights, [state[0].float() for state in output.hidden_states]


def eager(model):
    kernel = getattr(model.module.config.get_text_config(), "_attn_implementation", None)
    return torch.inference_mode() if kernel == "eager" else other_kernel(model)


@pytest.mark.parametrize("case", FAMILIES)
def test_sums_are_those_of_the_weights_of_a_plain_eager_forward(case):
    model = tiny.load(case)
    view = views(LONGER)[0]
    made = read(model, [view])[0][0].attention
    inputs, weights, _ = plain(model, view, LONGER)
    image = model.family.tokens.at_image(model.config, inputs)[0].nonzero()[:, 0].numpy()
    layers = model.towers["language"].layers
    attending = iter(weights)  # models that skip attention in some layers list the others, or put nothing there
    blocks = [None if np.isnan(made.question[k + 1]).all() else k for k in range(layers)]
    seen = weights if len(weights) == layers else [None if k is None else next(attending) for k in blocks]
    assert sum(k is not None for k in blocks) == sum(each is not None for each in seen) > 0
    for k, own in enumerate(seen):
        if own is None:
            continue
        np.testing.assert_allclose(made.image[k + 1], own[:, image].sum(-1), atol=1e-4)
        np.testing.assert_allclose(made.question[k + 1], own[:, image[-1] + 1 :].sum(-1), atol=1e-4)
        np.testing.assert_allclose(made.first[k + 1], np.nan if image[0] == 0 else own[:, 0], atol=1e-4)
        if made.places.shape[1] == len(image):
            np.testing.assert_allclose(made.places[k + 1], own[:, image].mean(0), atol=1e-4)
            total = own[:, image].sum(-1, keepdims=True)  # 0 where a window has left the image behind
            shares = own[:, image] / np.where(total > 0, total, np.nan)
            entropy = -(shares * np.log(np.where(shares == 0, 1, shares))).sum(-1) / np.log(len(image))
            np.testing.assert_allclose(made.entropy[k + 1], entropy, atol=1e-4)
    assert np.isnan(made.image[0]).all()
    np.testing.assert_allclose(made.even, len(image) / inputs["input_ids"].shape[1])


@pytest.mark.parametrize("case", ["mllama", "mllama_base"])
def test_layers_that_attend_across_look_at_the_image_alone_and_all_others_at_the_text(case):
    model = tiny.load(case)
    view = views(LONGER)[0]
    made = read(model, [view])[0][0].attention
    inputs, weights, _ = plain(model, view, LONGER)
    crossing = model.config.get_text_config().cross_attention_layers
    place = int((inputs["input_ids"][0] == model.blueprint.image_token).nonzero()[0, 0])
    tiles, rows, cols = made.grid
    keys = [tile * (1 + rows * cols) + 1 + patch for tile in range(tiles) for patch in range(rows * cols)]
    for k, own in enumerate(weights):
        if k in crossing:
            np.testing.assert_allclose(made.image[k + 1], 1, atol=1e-4)
            np.testing.assert_allclose(made.places[k + 1], own[:, keys].mean(0), atol=1e-4)
            assert np.isnan([made.question[k + 1], made.first[k + 1]]).all()
        else:
            np.testing.assert_allclose(made.first[k + 1], own[:, 0], atol=1e-4)
            np.testing.assert_allclose(made.question[k + 1], own[:, place + 1 :].sum(-1), atol=1e-4)
            assert np.isnan([made.image[k + 1], made.entropy[k + 1]]).all()
            assert np.isnan(made.places[k + 1]).all()


@pytest.mark.parametrize("case", ["llava", "qwen2_vl", "gemma3", "mllama"])
def test_batches_padding_and_other_questions_change_no_attention(case):
    model = tiny.load(case)
    alone = [read(model, [view], batch_size=1)[0][0].attention for view in views(ASKED)]
    for settings in ({"batch_size": 3}, {"batch_size": 2, "padding_side": "left"}):
        together = read(model, views(ASKED, LONGER), **settings)
        for mine, answers in zip(alone, together, strict=True):
            for field in fields(mine):
                own, other = getattr(mine, field.name), getattr(answers[0].attention, field.name)
                np.testing.assert_allclose(np.array(other, float), np.array(own, float), atol=1e-4)


@pytest.mark.parametrize("case", ["llava", "gemma3", "paligemma2", "mllama"])
def test_answers_are_the_same_to_the_bit_and_kernels_stay_as_they_were(case):
    model = tiny.load(case)
    kernels = [part.config._attn_implementation for part in model.module.modules() if hasattr(part, "config")]
    seen, unseen = (read(model, views(one)) for one in (ASKED, replace(ASKED, attention=False)))
    for (one,), (other,) in zip(seen, unseen, strict=True):
        np.testing.assert_array_equal(one.log_likelihood, other.log_likelihood)
        assert other.attention is None
    assert kernels == [part.config._attn_implementation for part in model.module.modules() if hasattr(part, "config")]


@pytest.mark.parametrize("case", ["llava", "gemma3"])
def test_sinks_are_the_places_whose_entering_states_have_a_massive_feature(case, monkeypatch):
    model = tiny.load(case)
    view = views(ASKED)[0]
    before = read(model, [view])[0][0].attention
    assert np.isnan(before.sinks).all()  # of so few features none can be massive
    assert np.isnan(before.entropy_without_sinks).all()
    monkeypatch.setattr(attention_sums, "MASSIVE", 2.5)
    made = read(model, [view])[0][0].attention
    inputs, weights, states = plain(model, view, ASKED)
    image = model.family.tokens.at_image(model.config, inputs)[0].nonzero()[:, 0].numpy()
    found = 0
    for k, own in enumerate(weights):
        entering = states[k][image]
        sink = (entering.abs().amax(-1) / entering.square().mean(-1).sqrt() >= 2.5).numpy()
        np.testing.assert_array_equal(made.sink_places[k + 1], sink)
        np.testing.assert_allclose(made.sinks[k + 1], own[:, image[sink]].sum(-1), atol=1e-4)
        rest = own[:, image[~sink]] / own[:, image[~sink]].sum(-1, keepdims=True)
        spread = -(rest * np.log(rest)).sum(-1) / np.log(len(rest.T)) if len(rest.T) > 1 else np.nan
        np.testing.assert_allclose(made.entropy_without_sinks[k + 1], spread, atol=1e-4)
        found += 0 < sink.sum() < len(sink)
    assert found


def test_without_a_picture_there_is_text_alone():
    model = tiny.load("llava")
    made = read(model, [View((), (ASKED,))])[0][0].attention
    np.testing.assert_allclose(made.question[1:] + made.first[1:], 1, atol=1e-5)
    assert np.isnan(made.image).all()
    assert np.isnan(made.entropy).all()
    assert made.places.shape[1] == 0
    assert made.grid is None
    assert np.isnan(made.even)


def test_of_several_pictures_all_places_are_read():
    model = tiny.load("gemma3")
    view = View((picture(0, 84, 112), picture(1, 40, 40)), (ASKED,))
    made = read(model, [view])[0][0].attention
    inputs, weights, _ = plain(model, view, ASKED)
    image = (inputs["input_ids"][0] == model.blueprint.image_token).nonzero()[:, 0].numpy()
    assert made.grid == (2, 4, 4)
    np.testing.assert_allclose(made.places[-1], weights[-1][:, image].mean(0), atol=1e-4)


@pytest.mark.parametrize("case", ["florence2", "blip-2_t5", "git"])
def test_models_without_such_attention_say_so(case):
    with pytest.raises(ValueError, match=r"no attention to the image: .* Leave --readouts attention out"):
        read(tiny.load(case), views(ASKED)[:1])


def test_a_run_holds_attention_beside_its_scores_and_the_map_where_it_is_asked_for(tmp_path):
    data = picture_set.write(tmp_path / "set", images=3)
    source, execution = str(tiny.checkpoint("llava")), probe.Execution(device="cpu", batch_size=2)
    made = {
        name: probe.extract(
            source,
            str(data),
            out=tmp_path / name,
            perturb=("low_light:3", "no_image"),
            readouts=asked,
            execution=execution,
        )
        for name, asked in {"both": ("attention", "attention_map"), "sums": "attention", "neither": ()}.items()
    }
    answers = made["both"].answers
    assert answers.attention_image.dims == ("sample", "condition", "layer", "head")
    assert answers.attention_places.dims == ("sample", "condition", "layer", "place")
    attending = answers.isel(layer=slice(1, None)).sel(condition=["clean", "low_light:3"])
    xr.testing.assert_allclose(
        attending.attention_places.sum("place"), attending.attention_image.mean("head"), atol=1e-4
    )
    assert (attending.attention_grid == [1, 4, 4]).all()
    assert answers.sel(condition="no_image").attention_image.isnull().all()
    assert "attention_places" not in made["sums"].answers
    xr.testing.assert_identical(made["sums"].answers.attention_image.load(), answers.attention_image.load())
    assert not [name for name in made["neither"].answers if name.startswith("attention")]
    np.testing.assert_array_equal(made["neither"].answers.log_likelihood, answers.log_likelihood)


@pytest.mark.parametrize("case", ["clip", "florence2", "git"])
def test_a_run_of_a_model_without_such_attention_is_refused_before_weights_are_read(case, tmp_path):
    data = picture_set.write(tmp_path / "set", images=1)
    with pytest.raises(ValueError, match="Leave out --readouts attention"):
        probe.extract(str(tiny.checkpoint(case)), str(data), out=tmp_path / "run", readouts="attention_map")


@pytest.mark.parametrize("case", ["llava", "qwen2_vl", "mllama"])
def test_a_run_holds_how_far_each_head_diverges_from_the_clean_image_as_plain_eager_forwards_do(case, tmp_path):
    data = picture_set.write(tmp_path / "set", images=2)
    run = probe.extract(
        str(tiny.checkpoint(case)),
        str(data),
        out=tmp_path / "run",
        perturb=("low_light:3", "no_image"),
        dtype="float32",
        readouts="attention",
        execution=probe.Execution(device="cpu", batch_size=2),
    )
    stored, model, compared = run.answers.attention_divergence.load(), tiny.load(case), 0
    _, condition = suites.parse(["low_light:3"])
    images = open_dataset(str(data)).dataset
    image = images.pictures[1]
    sample = images.samples_of(image.id)[0]
    shown = (image.read(), catalogue.apply(condition, image.read(), image_id=image.id, seed=0))
    (before, after) = (by_head(model, View((each,)), Question(prompts.render(sample))) for each in shown)
    for k, (clean, perturbed) in enumerate(zip(before, after, strict=True)):
        made = stored.sel(sample=sample.id).isel(layer=k + 1)
        if clean is None:
            assert made.isnull().all()
            continue
        wanted = [jensenshannon(p, q, base=2) ** 2 for p, q in zip(clean, perturbed, strict=True)]
        np.testing.assert_allclose(made.sel(condition="low_light:3"), wanted, atol=1e-4)
        assert (made.sel(condition="clean") == 0).all()
        compared += max(wanted) > 1e-6
    assert compared
    assert stored.isel(layer=0).isnull().all()
    assert stored.sel(condition="no_image").isnull().all()


def by_head(model, view, question):
    """The attention of the last token to the places of the image, by block (head, place); None in other blocks."""
    inputs, weights, _ = plain(model, view, question)
    crossing = getattr(model.config.get_text_config(), "cross_attention_layers", None)
    if crossing is None:
        image = model.family.tokens.at_image(model.config, inputs)[0].nonzero()[:, 0].numpy()
        return [own[:, image] for own in weights]
    made = read(model, [replace(view, questions=(replace(question, attention=True),))])[0][0].attention
    tiles, rows, cols = made.grid
    keys = [tile * (1 + rows * cols) + 1 + patch for tile in range(tiles) for patch in range(rows * cols)]
    return [own[:, keys] if k in crossing else None for k, own in enumerate(weights)]


def test_divergences_are_the_same_bit_for_bit_after_an_interruption_in_the_middle_of_a_block(tmp_path, monkeypatch):
    data = picture_set.write(tmp_path / "set", images=3)

    def extract(name, batch_size=2):
        made = probe.extract(
            str(tiny.checkpoint("qwen2_vl")),
            str(data),
            out=tmp_path / name,
            perturb=("low_light:3", "pad_crop", "another_image"),
            readouts="attention",
            keep="answers",
            execution=probe.Execution(device="cpu", batch_size=batch_size),
        )
        return made.answers.attention_divergence.load()

    whole, commit, units = extract("whole"), Writer.commit, []

    def stop(self, unit, *arguments, **named):
        commit(self, unit, *arguments, **named)
        units.append(unit)
        if len(units) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "commit", stop)
        with pytest.raises(Interrupted, match="2 of"):
            extract("parts")
    xr.testing.assert_identical(extract("parts"), whole)
    xr.testing.assert_allclose(extract("one by one", batch_size=1), whole, atol=1e-5)
    moved = whole.isel(layer=slice(1, None))
    assert (moved.sel(condition="low_light:3") > 0).any()
    lost = moved.isnull().all(["layer", "head"])
    assert lost.any()  # another grid
    assert not lost.sel(condition=["clean", "low_light:3"]).any()
