"""InternVL: tiles in their order, the thumbnail left out, four patches to a token."""

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

import hooks
from hooks import View, capture, sites
from hooks.context import render
from hooks.encoding import process

TILED = [((64, 96), 6), ((160, 84), 2), ((40, 40), 1)]
sizes = pytest.mark.parametrize(("size", "tiles"), TILED)


@pytest.fixture(scope="module", params=["internvl3", "internvl2_5"])
def model(request):
    return tiny.load(request.param)


def read(model, pixels, *texts):
    return capture.read(model, [View((pixels,))], sites.parse_all(texts, model.towers), batch_size=1, keep_tokens=True)[
        0
    ]


def pixel_values(model, pixels):
    return process(model.blueprint, (pixels,), render(model.blueprint, ""))["pixel_values"]


@sizes
def test_the_grid_has_the_processors_tiles_but_not_its_thumbnail(model, size, tiles):
    made = model.processor.image_processor.get_number_of_image_patches(*size, {"crop_to_patches": True})
    assert made == (tiles + 1 if tiles > 1 else 1)
    ids = process(model.blueprint, (picture(0, *size),), render(model.blueprint, ""))["input_ids"]
    assert int((ids == model.blueprint.image_token).sum()) == made * 4
    grids = hooks.image_grids(model.blueprint, *size)
    assert grids == {"vision": (tiles, 4, 4), "projector": (tiles, 2, 2), "language": (tiles, 2, 2)}


@sizes
def test_vision_states_are_the_towers_own_and_cls_is_the_thumbnails(model, size, tiles):
    reading = read(model, picture(1, *size), "vision.layers[*]:patches", "vision.layers[*]:cls")
    with torch.inference_mode():
        tower = model.module.model.vision_tower(pixel_values(model, picture(1, *size)), output_hidden_states=True)
    for layer, theirs in enumerate(tower.hidden_states):
        patches = theirs[:tiles, 1:].reshape(tiles * 16, -1)
        np.testing.assert_allclose(reading.states["vision.layers-patches"].tokens[layer], patches, atol=1e-5)
        np.testing.assert_allclose(reading.states["vision.layers-cls"].pooled[layer], theirs[-1, 0], atol=1e-5)


@sizes
def test_image_tokens_are_the_models_own_image_features_without_the_thumbnails(model, size, tiles):
    reading = read(model, picture(2, *size), "projector:patches", "language.layers[0]:image")
    with torch.inference_mode():
        theirs = model.module.get_image_features(pixel_values(model, picture(2, *size))).pooler_output
    expected = theirs[:tiles].reshape(tiles * 4, -1)
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], expected, atol=1e-5)
    np.testing.assert_allclose(reading.states["language.layers-image"].tokens[0], expected, atol=1e-5)


@pytest.mark.parametrize("tile", [0, 2, 3, 5])
def test_a_changed_square_of_the_picture_moves_its_own_tile_and_no_other(model, tile):
    plain = picture(3, 64, 96)  # exactly two rows of three tiles, so that nothing is resized
    row, col = divmod(tile, 3)
    changed = plain.copy()
    changed[row * 32 : row * 32 + 32, col * 32 : col * 32 + 32] //= 2
    for site in ("vision.layers[-1]:patches", "projector:patches"):
        (before,), (after,) = read(model, plain, site).states.values(), read(model, changed, site).states.values()
        moved = np.abs(after.tokens - before.tokens)[0].reshape(6, -1).max(1)
        assert moved[tile] > 1e-3
        assert np.delete(moved, tile).max() == 0


def test_a_number_of_tokens_holds_tiles_and_thumbnail(model):
    path = str(tiny.checkpoint("internvl3"))
    for count, tiles in ((4, 1), (11, 1), (12, 2), (27, 4), (28, 6)):
        held = hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=count))
        most = most_tiles = 0
        for size in [(64, 96), (160, 84), (40, 40), (90, 60), (224, 224)]:
            ids = process(held, (picture(0, *size),), render(held, ""))["input_ids"]
            most = max(most, int((ids == held.image_token).sum()))
            most_tiles = max(most_tiles, hooks.image_grids(held, *size)["language"][0])
        assert most <= count
        assert most_tiles == tiles


def test_less_than_a_tile_is_refused(model):
    with pytest.raises(ValueError, match=r"4 visual tokens for one tile, not 3"):
        hooks.blueprint(str(tiny.checkpoint("internvl3")), hooks.LoadOptions(device="cpu", visual_tokens=3))
