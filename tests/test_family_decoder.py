"""Models whose decoder answers what an encoder has read, against their own losses and states in whole forwards."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

from hooks import Question, View, capture, options, sites
from hooks.context import render
from hooks.encoding import process, process_image, stack

PIXELS = picture(1, 84, 112)
OTHER = picture(2, 40, 40)
ASKED = (
    Question("is there a bus?", ("yes", "no")),
    Question("and what else is there?", ("a car", "nothing at all", "a bus"), generate=True),
)


@dataclass(frozen=True)
class Plain:
    """How a model is used without hooks: `begin` and `end` of a decoder's text, `output` that has its states.

    `encoder`: the module that reads the prompt.
    """

    begin: tuple[int, ...]
    end: int
    encoder: str
    output: Callable[[Any], Any] = attrgetter("decoder_hidden_states")


T5 = Plain((0,), 1, "language_model.encoder", attrgetter("language_model_outputs.decoder_hidden_states"))
LABELLED = {
    "blip-2_t5": T5,
    "instructblip_t5": T5,
    "florence2": Plain((2, 1), 2, "model.language_model.encoder"),
}
"""Models with labels: their loss is that of the labels behind the first of `begin`."""

labelled = pytest.mark.parametrize("case", LABELLED)


def inputs_of(model, question, pixels=PIXELS):
    prompt = render(model.blueprint, question.text)
    return stack(model, [process(model.blueprint, (pixels,), prompt)])


def answer_of(model, option):
    return model.processor.tokenizer(option, add_special_tokens=False)["input_ids"]


def read(model, *wanted, views=None, **settings):
    views = views or [View((PIXELS,), ASKED)]
    parsed = sites.parse_all(wanted, model.towers)
    return capture.read(model, views, parsed, **{"batch_size": 1, "keep_tokens": True, **settings})


def counted(module):
    calls = []
    return calls, module.register_forward_hook(lambda *args: calls.append(1))


@labelled
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_scores_and_ends_add_up_to_the_models_own_loss_of_labels(case, side, batch_size):
    model, plain = tiny.load(case), LABELLED[case]
    views = [View((PIXELS,), ASKED), View((OTHER,), ASKED[1:]), View((OTHER,), ASKED[::-1])]
    for view, reading in zip(views, read(model, views=views, batch_size=batch_size, padding_side=side), strict=True):
        for question, answer in zip(view.questions, reading.answers, strict=True):
            for k, option in enumerate(question.options):
                ids = answer_of(model, option)
                ignored = [-100] * (len(plain.begin) - 1)
                fed = inputs_of(model, question, view.pictures[0])
                with torch.inference_mode():
                    given = torch.tensor([[*plain.begin, *ids]])
                    labels = torch.tensor([[*ignored, *ids, plain.end]])
                    loss = model.module(**fed, decoder_input_ids=given, labels=labels).loss
                total = float(loss) * (len(ids) + 1)
                assert answer.token_count[k] == len(ids)
                assert abs(answer.log_likelihood[k] + answer.end_of_turn[k] + total) <= 1e-4


@labelled
def test_scores_depend_on_picture_and_question(case):
    model = tiny.load(case)
    seen, other = (read(model, views=[View((pixels,), ASKED[:1])])[0] for pixels in (PIXELS, OTHER))
    asked = read(model, views=[View((PIXELS,), (Question("what is it?", ASKED[0].options),))])[0]
    for reading in (other, asked):
        assert np.abs(reading.answers[0].log_likelihood - seen.answers[0].log_likelihood).max() > 1e-3


@labelled
def test_language_sites_are_the_decoders_before_and_over_the_answer(case):
    model, plain = tiny.load(case), LABELLED[case]
    assert model.towers["language"].kinds == ("context_last", "answer_mean", "answer_free", "answer_clean")
    wanted = [f"language.layers[*]:{kind}" for kind in ("context_last", "answer_mean")]
    (reading,) = read(model, *wanted)
    for k, (question, answer) in enumerate(zip(ASKED, reading.answers, strict=True)):
        ids = answer_of(model, question.options[answer.choice])
        with torch.inference_mode():
            given = torch.tensor([[*plain.begin, *ids]])
            output = model.module(**inputs_of(model, question), decoder_input_ids=given, output_hidden_states=True)
        theirs = torch.stack(plain.output(output)[:-1])[:, 0]  # the last has a final norm applied, where there is one
        before, over = (reading.states[f"language.layers-{kind}"].pooled[k] for kind in ("context_last", "answer_mean"))
        np.testing.assert_allclose(before[:-1], theirs[:, len(plain.begin) - 1], atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(over[:-1], theirs[:, len(plain.begin) :].mean(1), atol=1e-4, rtol=1e-4)


@labelled
def test_free_answers_are_what_generate_writes(case):
    model, plain = tiny.load(case), LABELLED[case]
    for pixels in (PIXELS, OTHER):
        (reading,) = read(model, views=[View((pixels,), ASKED)], max_new_tokens=6)
        with torch.inference_mode():
            settings = {"do_sample": False, "num_beams": 1, "no_repeat_ngram_size": 0, "max_new_tokens": 8}
            made = model.module.generate(**inputs_of(model, ASKED[1], pixels), **settings)[0].tolist()
        assert tuple(made[: len(plain.begin)]) == plain.begin
        new = made[len(plain.begin) :][:6]
        written = new[: new.index(plain.end)] if plain.end in new else new
        assert reading.answers[1].text == model.processor.tokenizer.decode(written, skip_special_tokens=True).strip()


@labelled
def test_vision_runs_once_an_image_and_the_encoder_once_a_question(case):
    model, plain = tiny.load(case), LABELLED[case]
    tower = attrgetter(model.family.modules.vision)(model.module)
    vision, a = counted(next(each for each in tower.modules() if not [*each.children()]))
    encoded, b = counted(attrgetter(plain.encoder)(model.module))
    try:
        read(model, "vision.layers[0]:mean" if model.towers["vision"].layers else "vision:mean")
    finally:
        a.remove()
        b.remove()
    assert len(vision) == 1
    assert len(encoded) == 1 + len(ASKED)  # the empty question, under which the image is read, is one more


def test_florences_maps_are_the_towers_last_and_the_projectors_behind_its_mean():
    model = tiny.load("florence2")
    (reading,) = read(model, "vision:patches", "projector:patches")
    pixels = process_image(model.blueprint, PIXELS)["pixel_values"]
    with torch.inference_mode():
        last = model.module.model.vision_tower(pixels).last_hidden_state[0]
        projected = model.module.get_image_features(pixels).pooler_output[0]
    assert reading.states["vision-patches"].grid == reading.states["projector-patches"].grid == (1, *last.shape[1:])
    np.testing.assert_allclose(reading.states["vision-patches"].tokens[0], last.flatten(1).T, atol=1e-5)
    assert len(projected) == 1 + 64
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], projected[1:], atol=1e-5)


def test_a_task_of_florence_is_asked_in_its_own_words():
    model = tiny.load("florence2")
    asked = [inputs_of(model, Question(text))["input_ids"] for text in ("<CAPTION>", "What does the image describe?")]
    assert torch.equal(*asked)
    ids = asked[0][0].tolist()
    assert (ids[65], ids[-1]) == (1, 2)  # <s> and </s> around the question, each once
    assert ids.count(1) == ids.count(2) == 1


@pytest.mark.parametrize("case", ["blip-2_t5", "instructblip_t5"])
def test_queries_are_projected_into_t5s_encoder(case):
    model = tiny.load(case)
    (reading,) = read(model, "projector:patches", "vision.layers[*]:cls")
    inputs = inputs_of(model, Question(""))
    del inputs["input_ids"], inputs["attention_mask"]
    with torch.inference_mode():
        features = model.module.get_image_features(**inputs).pooler_output[0]
        hidden = model.module.vision_model(inputs["pixel_values"], output_hidden_states=True).hidden_states
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], features, atol=1e-5)
    np.testing.assert_allclose(reading.states["vision.layers-cls"].pooled, torch.stack(hidden)[:, 0, 0], atol=1e-5)


@labelled
def test_the_slow_path_is_one_whole_forward_an_option(case):
    model = tiny.load(case)
    calls, handle = counted(model.module)
    try:
        (first, _) = options.score_reference(model, View((PIXELS,), ASKED))
    finally:
        handle.remove()
    assert len(calls) == sum(len(question.options) for question in ASKED)
    np.testing.assert_allclose(first.log_likelihood, read(model)[0].answers[0].log_likelihood, atol=1e-4)
