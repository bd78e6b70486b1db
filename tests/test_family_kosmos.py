"""KOSMOS-2, whose image stands where a mask says, against its own loss and states."""

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

from hooks import Question, View, capture, sites
from hooks.context import render
from hooks.encoding import process, stack

PIXELS, OTHER = picture(1, 84, 112), picture(2, 40, 40)
ASKED = (
    Question("is there a bus?", ("yes", "no")),
    Question("and what else is there?", ("a car", "nothing at all", "a bus")),
)


def inputs_of(model, question, pixels=PIXELS):
    return stack(model, [process(model.blueprint, (pixels,), render(model.blueprint, question.text))])


@pytest.mark.parametrize("side", ["left", "right"])
def test_scores_and_ends_add_up_to_the_models_own_loss_of_labels(side):
    model = tiny.load("kosmos-2")
    views = [View((PIXELS,), ASKED), View((OTHER,), ASKED[1:]), View((OTHER,), ASKED[::-1])]
    for view, reading in zip(views, capture.read(model, views, (), batch_size=3, padding_side=side), strict=True):
        for question, answer in zip(view.questions, reading.answers, strict=True):
            fed = inputs_of(model, question, view.pictures[0])
            assert model.processor.tokenizer.decode(fed["input_ids"][0, 67:]) == f"Question: {question.text} Answer:"
            for k, option in enumerate(question.options):
                ids = torch.tensor([[*model.processor.tokenizer(option, add_special_tokens=False)["input_ids"], 2]])
                labels = torch.cat([torch.full_like(fed["input_ids"], -100), ids], 1)
                whole = {
                    "pixel_values": fed["pixel_values"],
                    "input_ids": torch.cat([fed["input_ids"], ids], 1),
                    "attention_mask": torch.ones_like(labels),
                    "image_embeds_position_mask": torch.cat(
                        [fed["image_embeds_position_mask"], torch.zeros_like(ids)], 1
                    ),
                }
                with torch.inference_mode():
                    total = float(model.module(**whole, labels=labels).loss) * ids.shape[1]
                assert abs(answer.log_likelihood[k] + answer.end_of_turn[k] + total) <= 1e-4


def test_states_are_the_models_own_at_the_masked_places_and_at_the_end():
    model = tiny.load("kosmos-2")
    names = ["language.layers[*]:image", "language.layers[*]:context_last", "projector:patches"]
    wanted = sites.parse_all(names, model.towers)
    states = capture.read(model, [View((PIXELS,), ASKED)], wanted, batch_size=1, keep_tokens=True)[0].states
    for k, question in enumerate(ASKED):
        with torch.inference_mode():
            output = model.module(**inputs_of(model, question), output_hidden_states=True)
        theirs = torch.stack(output.hidden_states[:-1])[:, 0]  # the last has the final norm applied
        np.testing.assert_allclose(states["language.layers-context_last"].pooled[k][:-1], theirs[:, -1], atol=1e-4)
        np.testing.assert_allclose(states["language.layers-image"].tokens[:-1], theirs[:, 2:66], atol=1e-4)
        np.testing.assert_allclose(states["projector-patches"].tokens[0], output.image_embeds[0], atol=1e-5)
