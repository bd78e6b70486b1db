"""Greedy answers from the cache are the model's own."""

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

from hooks import Question, View, capture, sites
from hooks.context import answer_ids, render
from hooks.encoding import process

LIMIT = 12
QUESTIONS = (
    Question("is there a bus?", generate=True, force="a car"),
    Question("what do you see in this picture of a street?", ("yes", "no"), generate=True, force=""),
    Question("why?", generate=False),
)
VIEWS = [View((picture(seed),), QUESTIONS) for seed in range(3)]


@pytest.fixture(scope="module")
def model():
    return tiny.load("llava")


def generated(model, view, question):
    inputs = process(model.blueprint, view.pictures, render(model.blueprint, question.text))
    with torch.inference_mode():
        ids = model.module.generate(**inputs, do_sample=False, max_new_tokens=LIMIT)
    return inputs, [token for token in ids[0, inputs["input_ids"].shape[1] :].tolist() if token not in model.stop_ids]


@pytest.fixture
def stopping(model):
    """A model whose turn also ends at a token that it does write, so that answers have different lengths."""
    _, ids = generated(model, VIEWS[0], QUESTIONS[0])
    config = model.module.generation_config
    before = config.eos_token_id
    config.eos_token_id = [before, ids[4]]
    yield model
    config.eos_token_id = before


@pytest.mark.parametrize("padding_side", ["left", "right"])
def test_greedy_answers_equal_the_models_own_generate(stopping, padding_side):
    made = capture.read(stopping, VIEWS, (), batch_size=3, max_new_tokens=LIMIT, padding_side=padding_side)
    lengths = set()
    for view, reading in zip(VIEWS, made, strict=True):
        for question, answer in zip(QUESTIONS[:2], reading.answers, strict=False):
            _, ids = generated(stopping, view, question)
            lengths.add(len(ids))
            assert answer.text == stopping.processor.tokenizer.decode(ids, skip_special_tokens=True).strip()
    assert min(lengths) < LIMIT


def test_only_questions_that_ask_for_it_get_text(model):
    answers = capture.read(model, VIEWS[:1], (), batch_size=1, max_new_tokens=2)[0].answers
    assert [answer.text is None for answer in answers] == [False, False, True]


def test_free_and_forced_answer_states_equal_a_whole_forward(model):
    wanted = sites.parse_all(["language.layers[1:4]:answer_free", "language.layers[0,2]:answer_clean"], model.towers)
    made = capture.read(model, VIEWS, wanted, batch_size=2, max_new_tokens=LIMIT)
    for view, reading in zip(VIEWS, made, strict=True):
        for q, question in enumerate(QUESTIONS):
            free = reading.states["language.layers-answer_free"].pooled[q]
            clean = reading.states["language.layers-answer_clean"].pooled[q]
            inputs, ids = generated(model, view, question)
            if question.generate:
                assert np.abs(free - appended(model, inputs, ids)[1:4]).max() <= 1e-5
            else:
                assert np.isnan(free).all()
            if question.force:
                ids = answer_ids(model.blueprint, render(model.blueprint, question.text), question.force)
                assert np.abs(clean - appended(model, inputs, ids)[[0, 2]]).max() <= 1e-5
            else:
                assert np.isnan(clean).all()


def appended(model, inputs, ids):
    """States averaged over appended tokens, from one whole forward: (layer, feature)."""
    whole = torch.cat([inputs["input_ids"], torch.tensor([ids])], dim=1)
    with torch.inference_mode():
        output = model.module(input_ids=whole, pixel_values=inputs["pixel_values"], output_hidden_states=True)
    return torch.stack([states[0, -len(ids) :].mean(0) for states in output.hidden_states]).numpy()


def test_an_answer_that_ends_at_once_is_empty_and_has_no_state(model, monkeypatch):
    _, ids = generated(model, VIEWS[0], QUESTIONS[0])
    monkeypatch.setattr(model.module.generation_config, "eos_token_id", ids[0])
    wanted = sites.parse_all(["language.layers[-1]:answer_free"], model.towers)
    reading = capture.read(model, [View(VIEWS[0].pictures, QUESTIONS[:1])], wanted, batch_size=1)[0]
    assert reading.answers[0].text == ""
    assert np.isnan(reading.states["language.layers-answer_free"].pooled).all()


@pytest.mark.parametrize("padding_side", ["left", "right"])
@pytest.mark.parametrize("case", ["llava", "gemma3", "blip-2", "instructblip"])
def test_a_repetition_penalty_is_followed_as_the_models_own_generate_does(case, padding_side):
    model = tiny.load(case)
    config = model.generation
    config.repetition_penalty = 1.4
    try:
        views = [View((picture(seed),), QUESTIONS[:2]) for seed in range(3)]
        made = capture.read(model, views, (), batch_size=3, max_new_tokens=LIMIT, padding_side=padding_side)
        for view, reading in zip(views, made, strict=True):
            for question, answer in zip(view.questions, reading.answers, strict=True):
                assert (
                    answer.text
                    == model.processor.tokenizer.decode(
                        generated_alone(model, view, question), skip_special_tokens=True
                    ).strip()
                )
    finally:
        config.repetition_penalty = 1.0


def generated_alone(model, view, question):
    inputs = process(model.blueprint, view.pictures, render(model.blueprint, question.text))
    with torch.inference_mode():
        ids = model.module.generate(**inputs, do_sample=False, max_new_tokens=LIMIT)[0].tolist()
    prompt = inputs["input_ids"][0].tolist()
    new = ids[len(prompt) :] if ids[: len(prompt)] == prompt else ids
    return [token for token in new if token not in model.stop_ids]
