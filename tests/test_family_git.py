"""GIT, whose image stands before the text, against its own loss and states."""

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

from hooks import Question, View, capture, sites
from hooks.encoding import process_image

PIXELS, OTHER = picture(1, 84, 112), picture(2, 40, 40)
ASKED = (
    Question("is there a bus?", ("yes", "no")),
    Question("and what else is there?", ("a car", "nothing at all", "a bus")),
)


def read(model, *wanted, views=None, **settings):
    parsed = sites.parse_all(wanted, model.towers)
    return capture.read(
        model, views or [View((PIXELS,), ASKED)], parsed, keep_tokens=True, **{"batch_size": 1, **settings}
    )


def words_of(model, text):
    return model.processor.tokenizer(text, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_scores_and_ends_add_up_to_the_models_own_loss_of_labels(side, batch_size):
    model = tiny.load("git")
    views = [View((PIXELS,), ASKED), View((OTHER,), ASKED[1:]), View((OTHER,), ASKED[::-1])]
    for view, reading in zip(views, read(model, views=views, batch_size=batch_size, padding_side=side), strict=True):
        pixels = process_image(model.blueprint, view.pictures[0])["pixel_values"]
        for question, answer in zip(view.questions, reading.answers, strict=True):
            before = [2, *words_of(model, question.text)]  # [CLS]
            for k, option in enumerate(question.options):
                ids = [*words_of(model, option), 3]  # [SEP]
                labels = torch.tensor([[-100] * len(before) + ids])
                with torch.inference_mode():
                    given = torch.tensor([[*before, *ids]])
                    loss = model.module(pixel_values=pixels, input_ids=given, labels=labels).loss
                total = float(loss) * len(ids)
                assert abs(answer.log_likelihood[k] + answer.end_of_turn[k] + total) <= 1e-4


def test_states_are_the_models_own_before_and_behind_the_image():
    model = tiny.load("git")
    names = ["projector:patches", "language.layers[*]:image", "language.layers[*]:context_last"]
    (reading,) = read(model, *names, "vision.layers[*]:cls")
    pixels = process_image(model.blueprint, PIXELS)["pixel_values"]
    with torch.inference_mode():
        seen = model.module.git.image_encoder(pixels, output_hidden_states=True)
        projected = model.module.git.visual_projection(seen.last_hidden_state)[0]
        for k, question in enumerate(ASKED):
            given = torch.tensor([[2, *words_of(model, question.text)]])
            states = model.module(pixel_values=pixels, input_ids=given, output_hidden_states=True).hidden_states
            states = torch.stack(states)[:, 0]  # no norm after the last
            mine = reading.states["language.layers-context_last"].pooled[k]
            np.testing.assert_allclose(mine, states[:, -1], atol=1e-5)
            np.testing.assert_allclose(reading.states["language.layers-image"].tokens, states[:, 1:17], atol=1e-5)
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], projected[1:], atol=1e-5)
    cls = torch.stack(seen.hidden_states)[:, 0, 0]
    np.testing.assert_allclose(reading.states["vision.layers-cls"].pooled, cls, atol=1e-5)


def test_scores_depend_on_picture_and_question():
    model = tiny.load("git")
    first, other = (read(model, views=[View((pixels,), ASKED[:1])])[0].answers[0] for pixels in (PIXELS, OTHER))
    asked = read(model, views=[View((PIXELS,), (Question("what is it?", ASKED[0].options),))])[0].answers[0]
    for answer in (other, asked):
        assert np.abs(answer.log_likelihood - first.log_likelihood).max() > 1e-3
