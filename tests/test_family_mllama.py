"""Llama 3.2 Vision: tiles without their CLS and padding, and an image that is looked at from outside the sequence."""

from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch
from tiny import picture
from tiny.mllama import CROSS_ATTENTION, LAYERS, TILES

import hooks
from hooks import Question, View, capture, options, sites
from hooks.context import render
from hooks.continuation import extend
from hooks.encoding import process, rows, stack
from hooks.prefill import prefill

QUESTIONS = (Question("is there a bus?", ("yes", "no")), Question("what else?", ("a car", "nothing at all")))
TOKENS = 4 * 4 + 1
"""Patches and CLS of a tile."""


@pytest.fixture
def model():
    return tiny.load("mllama")


def inputs_of(model, pixels, question="is there a bus?"):
    return stack(model, [process(model.blueprint, (pixels,), render(model.blueprint, question))])


def held(count):
    return hooks.blueprint(str(tiny.checkpoint("mllama")), hooks.LoadOptions(device="cpu", visual_tokens=count))


@pytest.mark.parametrize(
    ("size", "tiles"),  # the smallest canvas that holds a picture, of 56x56 tiles and at most four
    [((50, 50), 1), ((50, 110), 2), ((110, 50), 2), ((50, 160), 3), ((160, 40), 3), ((100, 100), 4), ((50, 220), 4)],
)
def test_a_picture_has_the_tiles_of_its_canvas(model, size, tiles):
    assert hooks.image_grids(model.blueprint, *size) == {"vision": (tiles, 4, 4), "projector": (tiles, 4, 4)}


@pytest.mark.parametrize("size", [(50, 50), (50, 160), (110, 50)])
def test_tokens_are_the_patches_that_the_tower_itself_hands_on(model, size):
    pixels = picture(0, *size)
    wanted = sites.parse_all(["vision.layers[*]:patches", "projector:patches"], model.towers)
    reading = capture.read(model, [View((pixels,))], wanted, batch_size=1, keep_tokens=True)[0]
    inputs = inputs_of(model, pixels)
    seen = {name: inputs[name] for name in ("pixel_values", "aspect_ratio_ids", "aspect_ratio_mask")}
    with torch.inference_mode():
        handed = model.module.model.vision_model(**seen).last_hidden_state  # (1, 1, tile, CLS + patch, feature)
        projected = model.module.model.multi_modal_projector(handed)
    tiles = reading.states["projector-patches"].grid[0]
    # beside the last layer's 32 features are those of the blocks 0 and 2, feature by feature
    blocks = handed[0, 0, :tiles, 1:, 32:].reshape(tiles * 16, 32, 2)
    mine = reading.states["vision.layers-patches"].tokens
    np.testing.assert_array_equal(mine[1], blocks[..., 0])
    np.testing.assert_array_equal(mine[3], blocks[..., 1])
    np.testing.assert_array_equal(
        reading.states["projector-patches"].tokens[0], projected[0, 0, :tiles, 1:].flatten(0, 1)
    )


def test_tiles_are_counted_row_by_row(model):
    plain = np.full((100, 100, 3), 96, np.uint8)
    bright = plain.copy()
    bright[:40, 70:] = 255
    site = sites.parse_all(["vision.layers[0]:patches"], model.towers)
    one, other = capture.read(model, [View((plain,)), View((bright,))], site, batch_size=2, keep_tokens=True)
    moved = np.abs(other.states[site[0].slug].tokens - one.states[site[0].slug].tokens).max(-1).reshape(4, 16).max(-1)
    assert (moved > 0).tolist() == [False, True, False, False]


def test_the_image_is_in_the_cache_once_and_does_not_grow(model):
    view = View((picture(1, 50, 110),), QUESTIONS)
    row = rows(model.blueprint, 0, view)[0]
    assert row.inputs["input_ids"][0, -1] == model.blueprint.image_token
    before = prefill(model, [row]).sequences
    after = extend(model, before, [0, 0], row.tails, padding_side="right").sequences
    longest = max(map(len, row.tails))
    for layer in range(LAYERS):
        held = TILES * TOKENS if layer in CROSS_ATTENTION else row.inputs["input_ids"].shape[1]
        assert before.cache.layers[layer].keys.shape[-2] == held
        assert after.cache.layers[layer].keys.shape[-2] == held + (0 if layer in CROSS_ATTENTION else longest)


def test_what_follows_must_look_past_the_tiles_that_a_picture_does_not_have(model):
    views = [View((picture(k, *size),), QUESTIONS) for k, size in enumerate([(50, 50), (50, 110)])]
    exact = [options.score_reference(model, view) for view in views]

    def apart(model):
        made = capture.read(model, views, (), batch_size=2)
        return [
            max(np.abs(a.log_likelihood - b.log_likelihood).max() for a, b in zip(one.answers, other, strict=True))
            for one, other in zip(made, exact, strict=True)
        ]

    assert max(apart(model)) < 1e-4
    family = replace(model.family, reuse=replace(model.family.reuse, carried=()))
    assert min(apart(replace(model, blueprint=replace(model.blueprint, family=family)))) > 1e-2


def test_cross_attention_is_skipped_without_an_image(model):
    site = sites.parse_all(["language.layers[*]:context_last"], model.towers)
    states = capture.read(model, [View((), QUESTIONS[:1])], site, batch_size=1)[0].states[site[0].slug].pooled[0, 0:]
    for block in CROSS_ATTENTION:
        np.testing.assert_array_equal(states[block + 1], states[block])
    text = render(model.blueprint, QUESTIONS[0].text, pictures=0)
    with torch.inference_mode():
        ids = model.processor.tokenizer(text, add_special_tokens=False, return_tensors="pt")
        own = model.module(**ids, output_hidden_states=True).hidden_states  # of the blocks that it went through
    assert len(own) == LAYERS + 1 - len(CROSS_ATTENTION)
    for layer, reported in zip((0, 1, 3), own[:-1], strict=True):
        np.testing.assert_allclose(states[layer], reported[0, -1], atol=1e-5)


def test_an_answer_without_an_image_is_not_read_from_the_one_before_it(model):
    seen, blind = View((picture(0, 50, 50),), QUESTIONS), View((), QUESTIONS)
    site = sites.parse_all(["language.layers[*]:answer_mean"], model.towers)
    both = capture.read(model, [seen, blind], site, batch_size=2)
    alone = capture.read(model, [blind], site, batch_size=1)[0]
    np.testing.assert_allclose(both[1].states[site[0].slug].pooled, alone.states[site[0].slug].pooled, atol=1e-5)
    states = both[0].states[site[0].slug].pooled[0]
    assert all(np.abs(states[block + 1] - states[block]).max() > 1e-3 for block in CROSS_ATTENTION)


def test_the_text_begins_once():
    base, chat = tiny.load("mllama_base").blueprint, tiny.load("mllama").blueprint
    words = base.processor.tokenizer
    question = words("a bus", add_special_tokens=False)["input_ids"]
    ids = process(base, (picture(0),), render(base, "a bus"))["input_ids"][0].tolist()
    assert ids == [base.image_token, words.bos_token_id, *question]
    blind = process(base, (), render(base, "a bus", pictures=0))["input_ids"][0].tolist()
    assert blind == [words.bos_token_id, *question]
    ids = process(chat, (picture(0),), render(chat, "a bus"))["input_ids"][0].tolist()
    assert ids.count(words.bos_token_id) == 1 == ids.count(chat.image_token)
    assert ids[0] == words.bos_token_id


def test_fewer_tiles_keep_the_names_of_aspect_ratios():
    two = held(2 * TOKENS)
    assert {hooks.image_grids(two, *size)["projector"][0] for size in [(50, 220), (100, 100), (160, 40)]} == {2, 1}
    inputs = process(two, (picture(0, 160, 40),), render(two, ""))
    # of [1, 1], [1, 2], [1, 3], [1, 4], [2, 1] ..., which ids count from one
    assert inputs["aspect_ratio_ids"].tolist() == [[5]]
    assert inputs["pixel_values"].shape[2] == TILES
    assert inputs["cross_attention_mask"][0, -1, 0].tolist() == [1, 1, 0, 0]
    one = held(2 * TOKENS - 1)
    assert hooks.image_grids(one, 50, 220)["projector"][0] == 1


def test_a_tile_is_the_least_that_it_can_be_held_to():
    with pytest.raises(ValueError, match="17 visual tokens a tile, not 16"):
        held(TOKENS - 1)


def test_holding_changes_the_processor_hash_and_answers():
    options_ = hooks.LoadOptions(device="cpu", visual_tokens=TOKENS)
    loose, tight = tiny.load("mllama"), tiny.load("mllama", options_)
    assert loose.provenance["processor_sha256"] != tight.provenance["processor_sha256"]
    view = View((picture(0, 100, 100),), QUESTIONS)
    made = capture.read(tight, [view], (), batch_size=1)[0].answers
    for mine, exact in zip(made, options.score_reference(tight, view), strict=True):
        np.testing.assert_allclose(mine.log_likelihood, exact.log_likelihood, atol=1e-4)
    other = capture.read(loose, [view], (), batch_size=1)[0].answers
    assert np.abs(made[0].log_likelihood - other[0].log_likelihood).max() > 1e-4
