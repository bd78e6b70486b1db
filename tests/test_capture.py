"""States are exactly what the model computes, and every image is encoded once."""

from operator import attrgetter

import numpy as np
import pytest
import tiny
import torch
from readings import arrays, tokens
from tiny import picture
from tiny.llava import GRID, IMAGE_TOKENS, LANGUAGE_LAYERS, VISION_LAYERS, WIDTH

from hooks import Question, View, capture, load, options, sites
from hooks.check import counted_vision
from hooks.context import render
from hooks.encoding import process
from hooks.state_kinds import KINDS

QUESTIONS = (
    Question("is there a bus?", ("yes", "no")),
    Question("what is in the image, please tell me?", ("a car", "a long green bus", "no")),
    Question("where?", prompt="open"),
)
VIEWS = [
    View((picture(seed, height, width),), QUESTIONS)
    for seed, (height, width) in enumerate([(40, 48), (90, 30), (32, 32), (64, 64)])
]
EVERYWHERE = (
    "vision.layers[*]:patches",
    "vision.layers[*]:cls",
    "vision.layers[-1]:mean",
    "projector:patches",
    "language.layers[*]:image",
    "language.layers[*]:context_last",
    "language.layers[*]:context_last@open",
    "language.layers[*]:answer_mean",
)


@pytest.fixture(scope="module")
def model():
    return tiny.load("llava")


@pytest.fixture(scope="module")
def readings(model):
    return capture.read(model, VIEWS, sites.parse_all(EVERYWHERE, model.towers), batch_size=3, keep_tokens=True)


@pytest.fixture(scope="module")
def whole(model):
    """One plain forward per (view, question), with output_hidden_states."""

    def forward(view, question, answer=""):
        inputs = process(model.blueprint, view.pictures, render(model.blueprint, question.text) + answer)
        with torch.inference_mode():
            output = model.module(**inputs, output_hidden_states=True)
            vision = model.module.model.vision_tower(inputs["pixel_values"], output_hidden_states=True)
        return inputs["input_ids"][0], output, vision

    return forward


def language_states(model, output):
    """hidden_states without the final norm: the library applies it to the last, a site does not."""
    return [states[0] for states in output.hidden_states]


def worst(mine, theirs):
    return float(np.abs(mine - theirs.numpy()).max())


def test_every_kind_of_state_is_read_by_some_model(model):
    read = set()
    for each in (model, tiny.load("clip")):
        wanted = sites.parse_all(sites.available(each.towers), each.towers)
        questions = (Question("", ("a bus", "a car"), generate=each is model, force="a tree"),)
        reading = capture.read(each, [View((picture(0),), questions)], wanted, batch_size=1, max_new_tokens=2)[0]
        assert all(np.isfinite(reading.states[site.slug].pooled).all() for site in wanted)
        read |= {site.kind.name for site in wanted}
    assert read == KINDS.keys()


def test_vision_states_equal_output_hidden_states_at_every_layer(readings, whole):
    for view, reading in zip(VIEWS, readings, strict=True):
        _, _, vision = whole(view, QUESTIONS[0])
        patches, cls = reading.states["vision.layers-patches"].tokens, reading.states["vision.layers-cls"].pooled
        assert patches.shape == (VISION_LAYERS + 1, IMAGE_TOKENS, WIDTH)
        for layer, states in enumerate(vision.hidden_states):
            assert worst(patches[layer], states[0, 1:]) <= 1e-5
            assert worst(cls[layer], states[0, 0]) <= 1e-5
        assert worst(reading.states["vision.layers-mean"].pooled[0], vision.hidden_states[-1][0, 1:].mean(0)) <= 1e-5


def test_language_states_equal_output_hidden_states_at_every_layer(model, readings, whole):
    norm = attrgetter(model.family.modules.final_norm)(model.module)
    for view, reading in zip(VIEWS, readings, strict=True):
        for q, slug in (
            (0, "language.layers-context_last"),
            (1, "language.layers-context_last"),
            (2, "language.layers-context_last-open"),
        ):
            ids, output, _ = whole(view, QUESTIONS[q])
            image = ids == model.config.image_token_id
            for layer, states in enumerate(language_states(model, output)):
                mine_image = torch.from_numpy(reading.states["language.layers-image"].tokens[layer])
                mine_last = torch.from_numpy(reading.states[slug].pooled[q, layer])
                if layer == LANGUAGE_LAYERS:
                    mine_image, mine_last = norm(mine_image), norm(mine_last)
                assert worst(mine_image.numpy(), states[image]) <= 1e-5
                assert worst(mine_last.numpy(), states[-1]) <= 1e-5


def test_answer_states_are_the_mean_over_the_chosen_options_tokens(model, readings, whole):
    for view, reading in zip(VIEWS, readings, strict=True):
        for q in (0, 1):
            chosen, count = reading.answers[q].choice, reading.answers[q].token_count
            _, output, _ = whole(view, QUESTIONS[q], " " + QUESTIONS[q].options[chosen])
            for layer in range(LANGUAGE_LAYERS):
                theirs = output.hidden_states[layer][0, -count[chosen] :].mean(0)
                assert worst(reading.states["language.layers-answer_mean"].pooled[q, layer], theirs) <= 1e-5


def test_projected_tokens_are_what_enters_the_language_model(readings):
    for reading in readings:
        entering = reading.states["language.layers-image"].tokens[0]
        assert np.array_equal(reading.states["projector-patches"].tokens[0], entering)
        assert reading.states["projector-patches"].grid == reading.states["language.layers-image"].grid == GRID


def test_vision_runs_once_per_image_whatever_hangs_on_it(model):
    many = tuple(Question(f"number {i}?", ("yes", "no", "a long answer indeed"), generate=True) for i in range(7))
    with counted_vision(model) as seen:
        capture.read(model, [View(view.pictures, many) for view in VIEWS], (), batch_size=2, max_new_tokens=4)
    assert seen == [2 * (IMAGE_TOKENS + 1)] * 2


@pytest.mark.parametrize("batch_size", [1, 2, 8])
@pytest.mark.parametrize("padding_side", ["left", "right"])
def test_states_do_not_depend_on_neighbours_or_padding(model, readings, batch_size, padding_side):
    wanted = sites.parse_all(EVERYWHERE, model.towers)
    others = capture.read(model, VIEWS, wanted, batch_size=batch_size, keep_tokens=True, padding_side=padding_side)
    for mine, theirs in zip(readings, others, strict=True):
        other = arrays(theirs)
        assert arrays(mine).keys() == other.keys()
        for key, array in arrays(mine).items():
            assert np.allclose(array, other[key], atol=1e-5, equal_nan=True), key


def test_a_prompts_site_is_read_for_that_prompts_questions_alone(readings):
    default = readings[0].states["language.layers-context_last"].pooled
    opened = readings[0].states["language.layers-context_last-open"].pooled
    assert default.shape == opened.shape == (3, LANGUAGE_LAYERS + 1, 64)
    assert [bool(np.isnan(rows).all()) for rows in default] == [False, False, True]
    assert [bool(np.isnan(rows).all()) for rows in opened] == [True, True, False]


def test_raw_tokens_are_kept_only_where_asked(model):
    wanted = sites.parse_all(["vision.layers[0]:patches", "projector:patches"], model.towers)
    some = capture.read(model, VIEWS[:1], wanted, batch_size=1, keep_tokens=frozenset({"projector-patches"}))[0]
    none = capture.read(model, VIEWS[:1], wanted, batch_size=1)[0]
    assert list(tokens(some)) == ["projector-patches"]
    assert tokens(none) == {}
    assert set(none.states) == {"vision.layers-patches", "projector-patches"}
    assert np.allclose(
        none.states["projector-patches"].pooled, some.states["projector-patches"].tokens.mean(1), atol=1e-6
    )


def test_reductions_see_each_views_tokens_on_the_device(model, readings):
    seen = []

    def spread(views, site, tokens, grids):
        seen.extend((view, site.slug) for view in views)
        return {"spread": tokens.float().std(dim=2), "cells": torch.tensor(grids[0]).expand(len(views), 3)}

    wanted = sites.parse_all(["vision.layers[*]:patches", "vision.layers[*]:cls"], model.towers)
    made = capture.read(model, VIEWS, wanted, batch_size=3, reduce=spread)
    assert seen == [(index, "vision.layers-patches") for index in range(4)]
    for reading, kept in zip(made, readings, strict=True):
        mine = reading.states["vision.layers-patches"].reduced
        assert np.allclose(mine["spread"], kept.states["vision.layers-patches"].tokens.std(1, ddof=1), atol=1e-4)
        assert tuple(mine["cells"]) == GRID


def test_a_view_without_questions_still_has_states(model):
    wanted = sites.parse_all(["language.layers[-1]:image", "language.layers[-1]:context_last"], model.towers)
    reading = capture.read(model, [View((picture(1),))], wanted, batch_size=4)[0]
    assert reading.answers == ()
    assert reading.states["language.layers-image"].pooled.shape == (1, 64)
    assert reading.states["language.layers-context_last"].pooled.shape == (0, 1, 64)


def test_non_finite_states_pass_through_and_stay_with_their_image(model):
    def poison(module, args, output):
        return torch.where(torch.arange(len(output))[:, None, None] == 1, torch.nan, output)

    hook = model.module.model.multi_modal_projector.linear_2.register_forward_hook(poison)
    try:
        wanted = sites.parse_all(["projector:patches", "language.layers[-1]:answer_mean"], model.towers)
        made = capture.read(model, VIEWS[:3], wanted, batch_size=3)
    finally:
        hook.remove()
    assert [bool(np.isfinite(reading.states["projector-patches"].pooled).all()) for reading in made] == [
        True,
        False,
        True,
    ]
    assert [reading.answers[0].choice is None for reading in made] == [False, True, False]
    assert np.isnan(made[1].answers[0].log_likelihood).all()
    assert np.isnan(made[1].states["language.layers-answer_mean"].pooled).all()


def test_questions_share_one_processing_of_their_image(model, monkeypatch):
    calls = []
    images = type(model.processor.image_processor)
    real = images.__call__
    monkeypatch.setattr(images, "__call__", lambda *args, **kwargs: calls.append(1) or real(*args, **kwargs))
    capture.read(model, VIEWS[:2], (), batch_size=2)
    assert len(calls) == 2


def test_prompts_that_differ_before_the_image_are_encoded_apart_and_right(model, monkeypatch):
    template = (
        "{% for m in messages %}{% for c in m['content'] %}{% if c['type'] == 'text' %}{{ c['text'] }}{% endif %}"
        "{% endfor %}<image>\nASSISTANT:{% endfor %}"
    )
    monkeypatch.setattr(model.processor, "chat_template", template)
    with counted_vision(model) as seen:
        made = capture.read(model, VIEWS[:1], (), batch_size=2)[0]
    assert sum(seen) == 3 * (IMAGE_TOKENS + 1)
    for q in (0, 1):
        alone = capture.read(model, [View(VIEWS[0].pictures, (QUESTIONS[q],))], (), batch_size=1)[0]
        assert np.allclose(made.answers[q].log_likelihood, alone.answers[0].log_likelihood, atol=1e-4)


def test_repeated_sites_and_malformed_pixels_are_refused(model):
    site = sites.parse("projector:patches", model.towers)
    with pytest.raises(ValueError, match="more than once"):
        capture.read(model, VIEWS, [site, site], batch_size=1)
    with pytest.raises(ValueError, match=r"not \(4, 4\) uint8"):
        capture.read(model, [View((np.zeros((4, 4), np.uint8),))], (), batch_size=1)
    with pytest.raises(ValueError, match="at least 1"):
        capture.read(model, VIEWS, (), batch_size=0)


def test_reading_twice_gives_the_same_bits(model, readings):
    wanted = sites.parse_all(EVERYWHERE, model.towers)
    again = capture.read(model, VIEWS, wanted, batch_size=3, keep_tokens=True)
    for mine, theirs in zip(readings, again, strict=True):
        other = arrays(theirs)
        assert arrays(mine).keys() == other.keys()
        for key, array in arrays(mine).items():
            assert array.tobytes() == other[key].tobytes(), key
        for answer, other in zip(mine.answers, theirs.answers, strict=True):
            assert answer.log_likelihood.tobytes() == other.log_likelihood.tobytes()


def test_a_question_that_holds_an_image_placeholder_is_refused(model):
    with pytest.raises(ValueError, match="contains the image placeholder '<image>'"):
        capture.check_question(model, Question("what is <image> here?"))


def test_prompts_are_rendered_once_for_all_views(monkeypatch):
    model = load(str(tiny.checkpoint("llava")), tiny.ON_CPU)  # of its own: others have rendered already
    rendered = []
    apply = model.processor.apply_chat_template
    monkeypatch.setattr(
        model.processor, "apply_chat_template", lambda *args, **kwargs: rendered.append(args) or apply(*args, **kwargs)
    )
    questions = (Question("is there a bus?", ("yes", "no")), Question("what is it?", ("a car", "a bus")))
    for seed in range(3):  # as many conditions
        capture.read(model, [View((picture(seed),), questions)], (), batch_size=1)
    assert len(rendered) == 2


def test_without_a_chat_template_the_prompt_is_the_image_and_the_text(model, monkeypatch):
    monkeypatch.setattr(model.processor, "chat_template", None)
    monkeypatch.setattr(model.processor.tokenizer, "chat_template", None)
    assert render(model.blueprint, "is there a bus?") == "<image>is there a bus?"
    view = View((picture(0),), QUESTIONS[:2])
    made = capture.read(model, [view], (), batch_size=1)[0]
    for mine, exact in zip(made.answers, options.score_reference(model, view), strict=True):
        assert np.abs(mine.log_likelihood - exact.log_likelihood).max() <= 1e-4
