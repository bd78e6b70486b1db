"""A long question goes through the model part by part: memory stays small, and answers and states stay the same."""

import numpy as np
import pytest
import tiny
import torch

from hooks import Question, View, capture, generative, sites

LONG = "a red bus stands beside the blue car in the street and a man crosses it. what does he see? "


@pytest.mark.parametrize("case", ["llava", "qwen2_vl", "qwen3_5", "gemma3", "mllama", "lfm2_vl", "nemotron_h_omni"])
def test_parts_give_what_the_whole_gives(case, monkeypatch):
    model = tiny.load(case)
    questions = (Question(LONG, ("a tree", "no"), generate=True), Question("what?", ("red", "blue")))
    (site,) = sites.parse_all(["language.layers[-1]:context_last"], model.towers)

    def read():
        (reading,) = capture.read(model, [View((tiny.picture(0, 64, 64),), questions)], [site], batch_size=1)
        return reading.answers, reading.states[site.slug].pooled

    (whole, states) = read()
    monkeypatch.setattr(generative, "AT_ONCE", 7)
    lengths = []
    original = generative.extend

    def extend(model, before, rows, tokens, **settings):
        lengths.extend(map(len, tokens))
        return original(model, before, rows, tokens, **settings)

    monkeypatch.setattr(generative, "extend", extend)
    (parts, states_of_parts) = read()
    assert lengths.count(7) > 3
    assert max(lengths) == 7
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one.log_likelihood, other.log_likelihood, atol=1e-4)
        assert one.text == other.text
    torch.testing.assert_close(torch.as_tensor(states), torch.as_tensor(states_of_parts), atol=1e-4, rtol=1e-4)
