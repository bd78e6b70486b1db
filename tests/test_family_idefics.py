"""Idefics3 and SmolVLM: tiles row by row, without the thumbnail that follows them."""

import numpy as np
import pytest
import tiny
import torch
from tiny import picture
from tiny.idefics import LONGEST, PLACES, TILE, TOKENS
from transformers.models.smolvlm import processing_smolvlm

import hooks
from hooks import View, capture, sites
from hooks.context import render
from hooks.encoding import process, stack

every = pytest.mark.parametrize("case", ["idefics3", "smolvlm2"])
SIZES = [(84, 112), (160, 84), (40, 40), (200, 50), (30, 400)]


def inputs_of(blueprint, pixels):
    return process(blueprint, (pixels,), render(blueprint, "is there a bus?"))


def held(case, count):
    return hooks.blueprint(str(tiny.checkpoint(case)), hooks.LoadOptions(device="cpu", visual_tokens=count))


@every
@pytest.mark.parametrize("size", SIZES)
def test_the_longest_side_has_three_tiles_and_the_other_what_it_needs(case, size):
    blueprint = tiny.load(case).blueprint
    assert LONGEST == 3 * TILE
    shorter = min(size) / max(size) * LONGEST
    tiles = 3 * int(np.ceil(shorter / TILE))
    assert hooks.image_grids(blueprint, *size)["language"] == (tiles, 2, 2)
    seen, rows, cols = blueprint.processor.image_processor.get_number_of_image_patches(*size)
    assert (seen - 1, rows * cols) == (tiles, tiles)


@every
def test_vision_states_are_the_towers_own_hidden_states_of_the_tiles(case):
    model = tiny.load(case)
    pixels = picture(0, 160, 84)
    site = sites.parse_all(["vision.layers[*]:patches"], model.towers)
    mine = capture.read(model, [View((pixels,))], site, batch_size=1, keep_tokens=True)[0].states[site[0].slug].tokens
    tower = model.module.model.vision_model
    with torch.inference_mode():
        seen = tower(inputs_of(model.blueprint, pixels)["pixel_values"][0], output_hidden_states=True).hidden_states
    assert len(seen[0]) == 7
    for layer, reported in enumerate(seen):
        np.testing.assert_allclose(mine[layer], reported[:6].flatten(0, 1), atol=1e-5)


@every
def test_tokens_that_enter_are_the_models_own_image_features_of_the_tiles(case):
    model = tiny.load(case)
    pixels = picture(1, 84, 112)
    wanted = sites.parse_all(["projector:patches", "language.layers[0]:image"], model.towers)
    states = capture.read(model, [View((pixels,))], wanted, batch_size=1, keep_tokens=True)[0].states
    inputs = inputs_of(model.blueprint, pixels)
    with torch.inference_mode():
        features = model.module.get_image_features(inputs["pixel_values"], inputs["pixel_attention_mask"])
    own = features.pooler_output[0]
    assert len(own) == (9 + 1) * TOKENS
    for slug in ("projector-patches", "language.layers-image"):
        np.testing.assert_allclose(states[slug].tokens[0], own[: 9 * TOKENS], atol=1e-5)


def test_tiles_come_row_by_row_and_the_thumbnail_last():
    blueprint = tiny.load("smolvlm2").blueprint
    words = blueprint.processor.tokenizer
    ids = inputs_of(blueprint, picture(0, 160, 84))["input_ids"][0].tolist()
    marks = [words.decode([token]) for token in ids if token in words.convert_tokens_to_ids(list(PLACES))]
    assert marks == [f"<row_{row}_col_{col}>" for row in (1, 2, 3) for col in (1, 2)] + ["<global-img>"]
    last = len(ids) - 1 - ids[::-1].index(words.convert_tokens_to_ids("<image>"))
    assert words.decode([ids[last - TOKENS]]) == "<global-img>"


@every
def test_brightening_a_tile_moves_its_tokens_and_no_other(case):
    model = tiny.load(case)
    plain = np.full((LONGEST, LONGEST, 3), 96, np.uint8)
    bright = plain.copy()
    bright[TILE + 8 : 2 * TILE - 8, 2 * TILE + 8 : -8] = 255  # the middle of the second row's third
    site = sites.parse_all(["vision.layers[0]:patches"], model.towers)
    one, other = capture.read(model, [View((plain,)), View((bright,))], site, batch_size=2, keep_tokens=True)
    moved = (
        np.abs(other.states[site[0].slug].tokens - one.states[site[0].slug].tokens)[0].max(-1).reshape(9, -1).max(-1)
    )
    assert np.flatnonzero(moved > 1e-3).tolist() == [5]


@every
@pytest.mark.parametrize(
    ("count", "most"),  # a square of tiles and a thumbnail
    [(4, 1), (19, 1), (20, 5), (39, 5), (40, 10), (1000, 10)],
)
def test_an_image_is_held_to_a_number_of_tokens_with_its_thumbnail(case, count, most):
    blueprint = held(case, count)
    seen = [(inputs_of(blueprint, picture(0, *size))["input_ids"] == blueprint.image_token).sum() for size in SIZES]
    assert max(seen) == most * TOKENS <= count


def test_one_tile_is_the_whole_picture():
    blueprint = held("idefics3", TOKENS)
    assert hooks.image_grids(blueprint, 160, 84) == {"vision": (1, 4, 4), "projector": (1, 2, 2), "language": (1, 2, 2)}
    model = tiny.load("idefics3", blueprint.options)
    site = sites.parse_all(["language.layers[0]:image"], model.towers)
    reading = capture.read(model, [View((picture(0, 160, 84),))], site, batch_size=1, keep_tokens=True)[0]
    inputs = stack(model, [inputs_of(blueprint, picture(0, 160, 84))])
    with torch.inference_mode():
        features = model.module.get_image_features(inputs["pixel_values"], inputs["pixel_attention_mask"])
    np.testing.assert_allclose(reading.states[site[0].slug].tokens[0], features.pooler_output[0], atol=1e-5)


@every
def test_a_tile_is_the_least_that_it_can_be_held_to(case):
    with pytest.raises(ValueError, match="need 4 visual tokens a tile, not 3"):
        held(case, TOKENS - 1)


def test_smolvlm_is_read_without_the_package_that_spells_out_numbers(monkeypatch):
    monkeypatch.setattr(processing_smolvlm, "num2words", None)
    blueprint = hooks.blueprint(str(tiny.checkpoint("smolvlm2")), tiny.ON_CPU)
    assert vars(processing_smolvlm)["num2words"] is None
    assert render(blueprint, "a bus").endswith("a bus<end_of_utterance>\nAssistant:")
