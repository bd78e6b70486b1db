"""Language models whose layers keep a running state: Qwen3.5's linear attention, LFM2-VL's convolutions."""

import json
import shutil

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

import hooks
from hooks import Question, View, capture, continuation, prefill, sites
from hooks.batching import smallest_window
from hooks.context import render
from hooks.encoding import process, rows, stack

HYBRID = ["qwen3_5", "qwen3_5_moe", "lfm2_vl"]
PIXELS = picture(1, 64, 96)
ASKED = (
    Question("is there a bus?", ("yes", "no", "a small red car")),
    Question("and what else is there to see?", ("a car", "nothing at all, as far as I can see", "a bus")),
    Question("why?", ("it is", "no")),
)
hybrid = pytest.mark.parametrize("case", HYBRID)


def prefixed(model):
    (row,) = rows(model.blueprint, 0, View((PIXELS,), ASKED))
    return row, prefill.prefill(model, [row]).sequences


def whole_prompt(model, question):
    return stack(model, [process(model.blueprint, (PIXELS,), render(model.blueprint, question.text))])


@hybrid
def test_a_fork_leaves_what_it_was_made_from_as_it_was(case):
    model = tiny.load(case)
    row, before = prefixed(model)
    tail = row.tails[0]
    first, again = (continuation.extend(model, before, [0], [tail], padding_side="right").logits for _ in range(2))
    assert torch.equal(first, again)
    # the same row twice in one batch, with another continuation beside it
    mixed = [tail, tail[::-1]]
    both = continuation.extend(model, before, [0, 0], mixed, padding_side="right").logits
    np.testing.assert_allclose(both[0], first[0], atol=1e-4)
    assert (both[1] - first[0]).abs().max() > 1e-2


@hybrid
def test_logits_after_a_prefix_are_those_of_the_whole_prompt(case):
    model = tiny.load(case)
    row, before = prefixed(model)
    for question, tail in zip(ASKED, row.tails, strict=True):
        mine = continuation.extend(model, before, [0], [tail], padding_side="left").sequences.logits[0]
        with torch.inference_mode():
            theirs = model.module(**whole_prompt(model, question)).logits[0, -1]
        np.testing.assert_allclose(mine, theirs, atol=1e-4, rtol=1e-4)


@hybrid
def test_only_sequences_of_one_length_continue_together(case, monkeypatch):
    model = tiny.load(case)
    _, before = prefixed(model)
    assert smallest_window(before.cache) == 0
    lengths = []
    extend = continuation.extend

    def recorded(model, before, rows, tokens, **settings):
        lengths.append({len(each) for each in tokens})
        return extend(model, before, rows, tokens, **settings)

    monkeypatch.setattr("hooks.generative.extend", recorded)
    monkeypatch.setattr("hooks.options.extend", recorded)
    capture.read(model, [View((PIXELS,), ASKED)] * 2, (), batch_size=4)
    assert lengths
    assert all(len(each) == 1 for each in lengths)


@hybrid
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_scores_are_those_of_whole_plain_forwards(case, side, batch_size):
    model = tiny.load(case)
    shown = [View((PIXELS,), ASKED), View((picture(2, 64, 96),), ASKED[1:]), View((PIXELS,), ASKED[::-1])]
    reading = capture.read(model, shown, (), batch_size=batch_size, padding_side=side)[0]
    for question, answer in zip(ASKED, reading.answers, strict=True):
        prompt = render(model.blueprint, question.text)
        inputs = whole_prompt(model, question)
        for option, mine in zip(question.options, answer.log_likelihood, strict=True):
            space = "" if prompt[-1].isspace() else " "
            ids = model.processor.tokenizer(space + option, add_special_tokens=False)["input_ids"]
            fed = {**inputs, "input_ids": torch.cat([inputs["input_ids"], torch.tensor([ids])], 1)}
            for name in ("attention_mask", "mm_token_type_ids"):
                if name in inputs:
                    filling = 1 if name == "attention_mask" else 0
                    added = torch.full((1, len(ids)), filling).to(inputs[name])
                    fed[name] = torch.cat([inputs[name], added], 1)
            with torch.inference_mode():
                logits = model.module(**fed, use_cache=False).logits[0, -len(ids) - 1 : -1].log_softmax(-1)
            exact = sum(float(logits[k, token]) for k, token in enumerate(ids))
            assert abs(mine - exact) <= 1e-4


@pytest.mark.parametrize(("size", "tiles"), [((24, 40), 1), ((96, 64), 2), ((64, 160), 3)])
def test_lfm2_vls_tokens_enter_tile_by_tile_before_the_thumbnail(size, tiles):
    model = tiny.load("lfm2_vl")
    shown = picture(3, *size)
    wanted = sites.parse_all(["language.layers[0]:image", "vision.layers[-1]:patches"], model.towers)
    states = capture.read(model, [View((shown,))], wanted, batch_size=1, keep_tokens=True)[0].states
    inputs = stack(model, [process(model.blueprint, (shown,), render(model.blueprint, ""))])
    names = ("pixel_values", "spatial_shapes", "pixel_attention_mask")
    with torch.inference_mode():
        output = model.module.get_image_features(**{name: inputs[name] for name in names}, output_hidden_states=True)
    assert len(output.pooler_output) == tiles + (tiles > 1)
    assert states["language.layers-image"].grid[0] == states["vision.layers-patches"].grid[0] == tiles
    entering = torch.cat(list(output.pooler_output[:tiles]))
    np.testing.assert_allclose(states["language.layers-image"].tokens[0], entering, atol=1e-5)
    _, rows_, cols = states["vision.layers-patches"].grid
    patches = output.hidden_states[-1][:tiles, : rows_ * cols].flatten(0, 1)
    np.testing.assert_allclose(states["vision.layers-patches"].tokens[0], patches, atol=1e-5)


def test_lfm2_vl_without_thumbnails_is_refused(tmp_path):
    path = shutil.copytree(tiny.checkpoint("lfm2_vl"), tmp_path / "model")
    settings = json.loads((path / "processor_config.json").read_text())
    settings["image_processor"]["use_thumbnail"] = False
    (path / "processor_config.json").write_text(json.dumps(settings))
    with pytest.raises(hooks.ModelError, match=r"without a thumbnail\. Set use_thumbnail"):
        hooks.blueprint(str(path), hooks.LoadOptions(device="cpu"))
