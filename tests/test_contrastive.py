"""CLIP: states and scores are the library's own; vision and captions are encoded once."""

import numpy as np
import pytest
import tiny
import torch
from tiny import picture
from tiny.llava import GRID, IMAGE_TOKENS, VISION_LAYERS

from hooks import Question, View, capture, contrastive, sites
from hooks.check import counted_vision
from hooks.encoding import process_image

CAPTIONS = ("a photo of a bus", "a car", "no cars at all")
VIEWS = [
    View((picture(seed, *size),), (Question("", CAPTIONS), Question("ignored", CAPTIONS[:2])))
    for seed, size in enumerate([(32, 32), (50, 80), (90, 40)])
]


@pytest.fixture(scope="module")
def model():
    return tiny.load("clip")


@pytest.fixture(scope="module")
def readings(model):
    wanted = sites.parse_all(
        ["vision.layers[*]:patches", "vision.layers[*]:cls", "vision.layers[0]:mean", "vision:pooled"], model.towers
    )
    return capture.read(model, VIEWS, wanted, batch_size=2, keep_tokens=True)


def whole(model, view, captions):
    tokens = model.processor.tokenizer(list(captions), padding=True, return_tensors="pt")
    with torch.inference_mode():
        return model.module(**tokens, **process_image(model.blueprint, view.pictures[0]), output_hidden_states=True)


def test_vision_states_equal_the_models_hidden_states(model, readings):
    for view, reading in zip(VIEWS, readings, strict=True):
        output = whole(model, view, CAPTIONS)
        hidden = output.vision_model_output.hidden_states
        assert len(hidden) == VISION_LAYERS + 1
        for layer, states in enumerate(hidden):
            assert np.abs(reading.states["vision.layers-patches"].tokens[layer] - states[0, 1:].numpy()).max() <= 1e-5
            assert np.abs(reading.states["vision.layers-cls"].pooled[layer] - states[0, 0].numpy()).max() <= 1e-5
        assert np.abs(reading.states["vision.layers-mean"].pooled[0] - hidden[0][0, 1:].mean(0).numpy()).max() <= 1e-5
        assert reading.states["vision.layers-patches"].grid == GRID


def test_the_pooled_output_is_the_projected_image_embedding(model, readings):
    for view, reading in zip(VIEWS, readings, strict=True):
        pooled = reading.states["vision-pooled"].pooled[0]
        embedded = whole(model, view, CAPTIONS).image_embeds[0].numpy()  # the library normalises it
        assert np.abs(pooled / np.linalg.norm(pooled) - embedded).max() <= 1e-5


def test_options_are_scored_as_captions_with_the_models_logits(model, readings):
    for view, reading in zip(VIEWS, readings, strict=True):
        for question, answer in zip(view.questions, reading.answers, strict=True):
            theirs = whole(model, view, question.options).logits_per_image[0].numpy()
            assert np.abs(answer.log_likelihood - theirs).max() <= 1e-4
            assert answer.choice == int(theirs.argmax())
            assert answer.token_count.min() > 2
            assert np.isnan(answer.end_of_turn).all()


def test_vision_runs_once_per_image_and_each_caption_once_for_all(model):
    model.text_features.clear()
    texts = []
    hook = model.module.text_model.register_forward_hook(lambda *args: texts.append(1))
    try:
        with counted_vision(model) as seen:
            capture.read(model, VIEWS, (), batch_size=2)
    finally:
        hook.remove()
    assert seen == [2 * (IMAGE_TOKENS + 1), IMAGE_TOKENS + 1]
    assert len(texts) == len(CAPTIONS)


def test_remembered_captions_are_bounded(model, monkeypatch):
    monkeypatch.setattr(contrastive, "CACHED", 4)
    for i in range(9):
        contrastive.text_features(model, [f"caption {i}", f"other {i}"])
    assert len(model.text_features) <= 4


@pytest.mark.parametrize(
    ("caption", "message"), [(" ", "tokenises to nothing"), ("a b c" * 40, "the text tower takes 48")]
)
def test_captions_that_cannot_be_encoded_are_named(model, caption, message):
    question = Question("", ("a car", caption))
    with pytest.raises(ValueError, match=message):
        capture.check_question(model, question)
    with pytest.raises(ValueError, match=message):
        capture.read(model, [View((picture(0),), (question,))], (), batch_size=1)


def test_an_image_without_captions_still_has_states(model):
    wanted = sites.parse_all(["vision:pooled"], model.towers)
    reading = capture.read(model, [View((picture(0),), (Question("?"),))], wanted, batch_size=1)[0]
    assert reading.answers[0].choice is None
    assert reading.states["vision-pooled"].pooled.shape == (1, 24)
