"""What is special to Gemma 3 and PaliGemma: who sees whom, windows, averaged patches, vision that is not run again."""

from math import inf

import numpy as np
import pytest
import tiny
import torch
from readings import grids
from tiny import picture

import hooks
from hooks import Question, View, capture, generative, options, sites, trace
from hooks.check import counted_vision
from hooks.context import render
from hooks.encoding import process, rows, stack
from hooks.named_tensors import joined, of_images
from hooks.prefill import prefill

ASKED = ("is there a bus?", "and what else is there, please?")
QUESTIONS = (
    Question(ASKED[0], ("yes", "a red car and a tree"), generate=True),
    Question(ASKED[1], ("a car", "nothing at all", "a bus")),
)
VIEWS = [View((picture(seed, *size),), QUESTIONS) for seed, size in enumerate([(84, 112), (160, 84), (40, 40)])]

gemma3 = pytest.mark.parametrize("case", ["gemma3", "gemma3_base"])
paligemma = pytest.mark.parametrize("case", ["paligemma", "paligemma2"])
both = pytest.mark.parametrize("case", ["gemma3", "gemma3_base", "paligemma", "paligemma2"])


def whole(model, pixels, text):
    """One prompt as the processor makes it, on the device."""
    return stack(model, [process(model.blueprint, (pixels,), render(model.blueprint, text))])


def own_states(model, inputs):
    """What the model reports at the image's positions, (layer, token, feature), the normed last layer left out."""
    with torch.inference_mode():
        reported = model.module(**inputs, output_hidden_states=True).hidden_states[:-1]
    return torch.stack([state[inputs["input_ids"] == model.blueprint.image_token] for state in reported]).numpy()


def read(model, texts, views, **settings):
    wanted = sites.parse_all(texts, model.towers)
    return capture.read(model, views, wanted, batch_size=len(views), keep_tokens=True, **settings)


@both
def test_vision_states_are_the_towers_own(case):
    model = tiny.load(case)
    for view, reading in zip(VIEWS, read(model, ["vision.layers[*]:patches"], VIEWS), strict=True):
        pixels = whole(model, view.pictures[0], "")["pixel_values"]
        with torch.inference_mode():
            theirs = model.module.model.vision_tower(pixels, output_hidden_states=True).hidden_states
        mine = reading.states["vision.layers-patches"].tokens
        np.testing.assert_allclose(mine, torch.cat(theirs).numpy(), atol=1e-5)
        assert mine.shape[1] == 64


@both
def test_projected_tokens_are_the_models_image_features(case):
    model = tiny.load(case)
    for view, reading in zip(VIEWS, read(model, ["projector:patches"], VIEWS), strict=True):
        with torch.inference_mode():
            theirs = model.module.get_image_features(whole(model, view.pictures[0], "")["pixel_values"]).pooler_output
        np.testing.assert_allclose(reading.states["projector-patches"].tokens, theirs.numpy(), atol=1e-5)


def test_gemma3_averages_squares_of_patches_in_reading_order():
    model = tiny.load("gemma3")
    reading = read(model, ["vision.layers[-1]:patches", "projector:patches"], VIEWS[:1])[0]
    module = model.module.model
    with torch.inference_mode():
        patches = module.vision_tower.post_layernorm(
            torch.from_numpy(reading.states["vision.layers-patches"].tokens[0])
        )
        # row = 2 i + k, column = 2 j + l: token (i, j) is the mean over k and l
        squares = patches.view(4, 2, 4, 2, -1).mean((1, 3)).flatten(0, 1)
        normed = module.multi_modal_projector.mm_soft_emb_norm(squares)
        expected = normed @ module.multi_modal_projector.mm_input_projection_weight
    assert grids(reading) == {"vision.layers-patches": (1, 8, 8), "projector-patches": (1, 4, 4)}
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], expected.numpy(), atol=1e-5)


@gemma3
def test_no_question_moves_a_gemma3_image(case):
    model = tiny.load(case)
    slug = "language.layers-image"
    for view, reading in zip(VIEWS, read(model, ["language.layers[*]:image"], VIEWS), strict=True):
        for text in ASKED:
            theirs = own_states(model, whole(model, view.pictures[0], text))
            np.testing.assert_allclose(reading.states[slug].tokens[:-1], theirs, atol=1e-4)


@gemma3
def test_gemma3_image_tokens_see_each_other_both_ways(case):
    model = tiny.load(case)
    inputs = whole(model, VIEWS[0].pictures[0], ASKED[0])
    types = inputs.pop("token_type_ids")
    assert torch.equal(types == 1, inputs["input_ids"] == model.blueprint.image_token)
    blind = own_states(model, inputs)
    mine = read(model, ["language.layers[*]:image"], VIEWS[:1])[0].states["language.layers-image"].tokens[:-1]
    np.testing.assert_allclose(mine[0], blind[0], atol=1e-5)
    assert np.abs(mine[1:] - blind[1:]).max() > 1e-2  # causal alone would be something else


@paligemma
def test_a_paligemma_image_depends_on_its_question_and_is_read_under_none(case):
    model = tiny.load(case)
    view = VIEWS[0]
    mine = read(model, ["language.layers[*]:image"], [view])[0].states["language.layers-image"].tokens[:-1]
    np.testing.assert_allclose(mine, own_states(model, whole(model, view.pictures[0], "")), atol=1e-4)
    assert np.abs(mine[1:] - own_states(model, whole(model, view.pictures[0], ASKED[0]))[1:]).max() > 1e-2


def test_a_paligemma_prompt_is_image_bos_question_newline():
    model = tiny.load("paligemma")
    tokenizer = model.processor.tokenizer
    inputs = process(model.blueprint, VIEWS[0].pictures, render(model.blueprint, ASKED[0]))
    question = tokenizer(f"answer en {ASKED[0]}", add_special_tokens=False)["input_ids"]
    expected = [model.blueprint.image_token] * 64 + [tokenizer.bos_token_id, *question]
    assert inputs["input_ids"][0].tolist() == [*expected, tokenizer.convert_tokens_to_ids("\n")]
    assert inputs["token_type_ids"].sum() == 0
    assert set(inputs) == {"input_ids", "attention_mask", "token_type_ids", "pixel_values"}


def test_a_gemma3_prompt_without_chat_template_starts_with_bos_and_wraps_the_image():
    model = tiny.load("gemma3_base")
    ids = process(model.blueprint, VIEWS[0].pictures, render(model.blueprint, "a"))["input_ids"][0].tolist()
    before = ["<bos>", "\n\n", "<start_of_image>"]
    after = ["<end_of_image>", "\n\n", "a"]
    assert model.processor.tokenizer.convert_ids_to_tokens(ids) == [*before, *["<image_soft_token>"] * 16, *after]


def test_a_gemma3_turn_ends_with_its_marker():
    model = tiny.load("gemma3")
    assert model.stop_ids == (1, model.processor.tokenizer.convert_tokens_to_ids("<end_of_turn>"))


@pytest.mark.parametrize("wanted", [False, True])
def test_gemma3_never_pans_and_scans(wanted, monkeypatch):
    model = tiny.load("gemma3")
    monkeypatch.setattr(model.processor.image_processor, "do_pan_and_scan", wanted)
    inputs = whole(model, picture(0, 300, 1200), "")
    assert inputs["pixel_values"].shape == (1, 3, 64, 64)
    assert hooks.image_grids(model.blueprint, 300, 1200)["language"] == (1, 4, 4)


@paligemma
def test_vision_runs_once_however_many_whole_prompts_there_are(case):
    model = tiny.load(case)
    with counted_vision(model) as seen:
        read(model, ["vision.layers[*]:patches", "language.layers[*]:context_last"], VIEWS, max_new_tokens=3)
    assert seen == [len(VIEWS) * 64]


@paligemma
def test_a_vision_tower_that_is_passed_by_leaves_every_bit_as_it_is(case):
    model = tiny.load(case)
    made = [row for place, view in enumerate(VIEWS) for row in rows(model.blueprint, place, view)]
    images = [row for row in made if not row.questions]
    asked = [row for row in made if row.questions == (0,)]
    reads = [("language", layer) for layer in range(5)]
    with torch.inference_mode():
        vision = prefill(model, images).vision
        ran = prefill(model, asked, reads=reads)
        with counted_vision(model) as calls:
            order = [2, 0, 1]
            seen = joined([of_images(vision, place) for place in order])
            passed = prefill(model, [asked[place] for place in order], reads=reads, vision=seen)
    assert calls == []
    assert torch.equal(passed.sequences.logits, ran.sequences.logits[order])
    for point, state in ran.last.items():
        assert torch.equal(passed.last[point], state[order])
    for point, state in ran.states.items():
        assert torch.equal(passed.states[point], state.view(3, 64, -1)[order].flatten(0, 1))


@paligemma
def test_whole_prompts_read_what_comes_after_vision_at_once(case):
    model = tiny.load(case)
    row = rows(model.blueprint, 0, VIEWS[0])[0]
    reads = [("vision", 0), ("vision", 3), ("projector", 0), ("language", 0)]
    with torch.inference_mode():
        encoded = prefill(model, [row], reads=reads)
        _, states = trace.run(model, stack(model, [row.inputs]), reads=reads)
    assert list(encoded.states) == reads
    for point in reads[:3]:
        assert torch.equal(encoded.states[point], states[point])


@pytest.mark.parametrize("case", ["gemma3_base", "paligemma2"])
@pytest.mark.parametrize("padding_side", ["left", "right"])
def test_padding_pushes_nothing_out_of_a_short_window(case, padding_side, monkeypatch):
    model = tiny.load(case)
    exact = [options.score_reference(model, view) for view in VIEWS]

    def apart():
        made = capture.read(model, VIEWS, (), batch_size=3, padding_side=padding_side, max_new_tokens=3)
        return max(
            float(np.abs(mine.log_likelihood - theirs.log_likelihood).max())
            for reading, answers in zip(made, exact, strict=True)
            for mine, theirs in zip(reading.answers, answers, strict=True)
        )

    assert apart() <= 1e-4
    for module in (generative, options):
        monkeypatch.setattr(module, "smallest_window", lambda cache: inf)
    if case == "gemma3_base" or padding_side == "left":  # whole prompts are not padded, and right padding is not seen
        assert apart() > 1e-2


@gemma3
def test_only_a_window_that_binds_keeps_lengths_apart(case, monkeypatch):
    model = tiny.load(case)
    lengths = []

    def watched(module):
        original = module.extend

        def extend(model, before, rows, tokens, **settings):
            lengths.append({len(ids) for ids in tokens})
            return original(model, before, rows, tokens, **settings)

        monkeypatch.setattr(module, "extend", extend)

    watched(generative)
    watched(options)
    read(model, [], VIEWS, max_new_tokens=3)
    assert any(len(together) > 1 for together in lengths) == (case == "gemma3")


def test_a_long_answer_to_come_already_keeps_questions_apart(monkeypatch):
    model = tiny.load("gemma3")
    together = []
    original = generative.extend

    def extend(model, before, rows, tokens, **settings):
        together.append({len(ids) for ids in tokens})
        return original(model, before, rows, tokens, **settings)

    monkeypatch.setattr(generative, "extend", extend)
    monkeypatch.setattr(generative, "smallest_window", lambda cache: 60)
    short = [View(view.pictures, tuple(Question(text, ("yes", "no")) for text in ASKED)) for view in VIEWS]
    capture.read(model, short, (), batch_size=3)
    assert max(map(len, together)) == 2
    together.clear()
    long = [
        View(view.pictures, (Question(ASKED[0], ("yes", ("a " * 40).strip())), Question(ASKED[1]))) for view in VIEWS
    ]
    capture.read(model, long, (), batch_size=3)
    assert max(map(len, together)) == 1
