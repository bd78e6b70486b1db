"""LLaVA and its successors: what enters the language model, and where tiles, thumbnails and newlines are."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from readings import grids
from tiny import picture
from tiny.parts import tokenizer
from transformers import LlavaNextConfig, LlavaNextProcessor, LlavaOnevisionConfig
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import LlavaOnevisionImageProcessorPil
from transformers.models.llava_onevision.processing_llava_onevision import LlavaOnevisionProcessor

import hooks
from hooks import View, capture, sites
from hooks.check import states, structure
from hooks.check.finding import Wrong
from hooks.context import render
from hooks.encoding import process, stack
from hooks.families import anyres
from hooks.processors import pictures_only

TILED = ["llava_next", "llava_next_mistral", "llava_onevision"]
SIDE = 4  # tokens along a tile
SHAPES = [
    (336, 336),
    (672, 672),
    (480, 640),
    (1080, 1920),
    (1920, 1080),
    (100, 3000),
    (3000, 100),
    (51, 77),
    (999, 998),
]


def inputs_of(model, pixels):
    return stack(model, [process(model.blueprint, (pixels,), render(model.blueprint, ""))])


def tokens_of(model, pixels):
    """Raw tokens of every site that has them, and CLS, by (place, kind)."""
    texts = [text for text in sites.available(model.towers) if text.rpartition(":")[2] in ("patches", "image", "cls")]
    wanted = sites.parse_all(texts, model.towers)
    reading = capture.read(model, [View((pixels,))], wanted, batch_size=1, keep_tokens=True)[0]
    made = {slug: states.pooled if states.tokens is None else states.tokens for slug, states in reading.states.items()}
    return made, grids(reading)


def image_features(model, inputs):
    with torch.inference_mode():
        names = ("pixel_values", "image_sizes", "batch_num_images")
        made = model.module.get_image_features(**{name: inputs[name] for name in names if name in inputs})
    return made.pooler_output[0]


def tower_states(model, inputs):
    with torch.inference_mode():
        pixels = inputs["pixel_values"].flatten(0, -4)
        return model.module.model.vision_tower(pixels, output_hidden_states=True).hidden_states


def processed(height, width, tiles):
    return {"pixel_values": torch.empty(1, tiles + 1, 3, 384, 384), "image_sizes": torch.tensor([[height, width]])}


def bilinear(plane, rows, cols):
    """Resample (row, col, feature) with pixel centres at half integers, edges repeated."""

    def weights(new, old):
        at = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(old)))

    down, across = weights(rows, plane.shape[0]), weights(cols, plane.shape[1])
    return np.einsum("yr,xc,rcf->yxf", down, across, plane)


def laid_out(projected, across):
    """Tokens of tiles, each (token, feature) of `across` to a row, put side by side."""
    tiles = projected.reshape(-1, across, SIDE, SIDE, projected.shape[-1])
    return np.concatenate([np.concatenate(list(row), axis=1) for row in tiles], axis=0)


def test_cls_enters_the_language_model_but_no_grid_where_features_are_used_in_full():
    model = tiny.load("llava_full")
    inputs = inputs_of(model, picture(0))
    assert int((inputs["input_ids"] == model.blueprint.image_token).sum()) == SIDE**2 + 1
    made, grid = tokens_of(model, picture(0))
    assert set(grid.values()) == {(1, SIDE, SIDE)}
    features = image_features(model, inputs)
    assert len(features) == SIDE**2 + 1
    np.testing.assert_allclose(made["projector-patches"][0], features[1:], atol=1e-5)
    np.testing.assert_allclose(made["language.layers-image"][0], features[1:], atol=1e-5)


@pytest.mark.parametrize(("case", "layers"), [("llava_layers", [1, -2]), ("vipllava", [-2, 1, 2])])
def test_the_projector_sees_the_layers_that_the_config_names_side_by_side(case, layers):
    model = tiny.load(case)
    inputs = inputs_of(model, picture(1))
    seen = torch.cat([tower_states(model, inputs)[layer][0, 1:] for layer in layers], dim=-1)
    with torch.inference_mode():
        expected = model.module.model.multi_modal_projector(seen)
    made, _ = tokens_of(model, picture(1))
    np.testing.assert_allclose(made["projector-patches"][0], expected, atol=1e-5)


@pytest.mark.parametrize("case", TILED)
def test_vision_states_are_the_towers_own_without_the_thumbnail(case):
    model = tiny.load(case)
    pixels = picture(2, 84, 112)
    theirs = tower_states(model, inputs_of(model, pixels))
    made, grid = tokens_of(model, pixels)
    cls = theirs[0].shape[1] - SIDE**2
    assert len(theirs[0]) == grid["vision.layers-patches"][0] + 1
    for mine, state in zip(made["vision.layers-patches"], theirs, strict=True):
        np.testing.assert_allclose(mine, state[1:, cls:].flatten(0, 1), atol=1e-5)
    assert ("vision.layers-cls" in made) == (cls == 1)
    if cls:
        np.testing.assert_allclose(made["vision.layers-cls"], [state[0, 0] for state in theirs], atol=1e-5)


def test_a_wide_picture_of_llava_next_is_two_tiles_and_they_lie_side_by_side():
    model = tiny.load("llava_next")
    made, grid = tokens_of(model, picture(3, 160, 320))
    assert grid == {
        "vision.layers-patches": (2, 4, 4),
        "projector-patches": (2, 4, 4),
        "language.layers-image": (1, 4, 8),
    }
    plane = laid_out(made["projector-patches"][0], across=2)
    np.testing.assert_allclose(made["language.layers-image"][0], plane.reshape(-1, plane.shape[-1]), atol=1e-6)


def test_padding_beside_a_tall_picture_does_not_enter_the_language_model():
    # 90 x 60 scaled into 64 x 64 is 64 x 43: 5.3 of 8 columns, of which the model keeps the middle 6
    model = tiny.load("llava_next")
    made, grid = tokens_of(model, picture(4, 90, 60))
    assert grid["projector-patches"] == (4, 4, 4)
    assert grid["language.layers-image"] == (1, 8, 6)
    plane = laid_out(made["projector-patches"][0], across=2)[:, 1:7]
    np.testing.assert_allclose(made["language.layers-image"][0], plane.reshape(48, -1), atol=1e-6)


def test_a_plane_of_more_than_nine_tiles_is_interpolated():
    # 12 tiles as 12 x 16 tokens; sqrt(192 / (9 * 16)) = 1.155, so 12 // 1.155 = 10 rows and 16 // 1.155 = 13 columns
    model = tiny.load("llava_onevision")
    made, grid = tokens_of(model, picture(5, 84, 112))
    assert grid["projector-patches"] == (12, 4, 4)
    assert grid["language.layers-image"] == (1, 10, 13)
    plane = bilinear(laid_out(made["projector-patches"][0], across=4), 10, 13)
    np.testing.assert_allclose(made["language.layers-image"][0], plane.reshape(130, -1), atol=1e-5)


@pytest.mark.parametrize("case", TILED)
@pytest.mark.parametrize("size", [(84, 112), (40, 40), (200, 50)])
def test_thumbnail_first_and_newlines_at_row_ends_are_left_out(case, size):
    model = tiny.load(case)
    features = image_features(model, inputs_of(model, picture(6, *size)))
    made, grid = tokens_of(model, picture(6, *size))
    _, rows, cols = grid["language.layers-image"]
    behind = features[SIDE**2 :].view(rows, cols + 1, -1)
    np.testing.assert_allclose(behind[:, -1], model.module.model.image_newline.expand(rows, -1))
    np.testing.assert_allclose(made["language.layers-image"][0], behind[:, :-1].flatten(0, 1), atol=1e-5)


def test_grids_of_real_sizes_of_llava_next():
    # 336-pixel tiles of 24 x 24 patches; 480 x 640 fills the width of 672 x 672, three quarters of the height
    config = LlavaNextConfig()
    assert anyres.plane(config, processed(672, 672, 4)) == (48, 48)
    assert anyres.plane(config, processed(480, 640, 4)) == (36, 48)
    assert anyres.plane(config, processed(300, 900, 3)) == (24, 72)


def test_grids_of_real_sizes_of_llava_onevision():
    # 384-pixel tiles of 27 x 27; 1080 x 1920 fills the width of 3 x 5 tiles: 75 x 135 of 81 x 135 tokens.
    # sqrt(75 * 135 / (9 * 729)) = 1.242, so 75 // 1.242 = 60 rows and 135 // 1.242 = 108 columns
    config = LlavaOnevisionConfig()
    assert anyres.plane(config, processed(1080, 1920, 15)) == (60, 108)
    assert anyres.plane(config, processed(384, 384, 1)) == (27, 27)
    assert anyres.grid(config, processed(1080, 1920, 15), "projector") == (15, 27, 27)


def real_processor(config) -> Any:
    """The processor of the hub's checkpoints, but for its words."""
    words = tokenizer("<image>", "<video>")
    if config.model_type == "llava_next":
        images = LlavaNextImageProcessorPil(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336})
        settings = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
        return LlavaNextProcessor(images, words, **settings)
    with pictures_only():
        images = LlavaOnevisionImageProcessorPil()
        return LlavaOnevisionProcessor(images, words, num_image_tokens=729, vision_feature_select_strategy="full")


REAL = [(LlavaNextConfig(), 336, 1), (LlavaOnevisionConfig(), 384, 0)]


@pytest.mark.parametrize(("config", "tile", "cls"), REAL, ids=["next", "onevision"])
@pytest.mark.parametrize("size", SHAPES)
def test_planes_have_as_many_tokens_as_the_processor_makes(config, tile, cls, size):
    height, width = size
    rows, cols = anyres.plane(config, processed(height, width, 1))
    thumbnail = (tile // 14) ** 2
    counted = real_processor(config)._get_number_of_features(height, width, tile, tile) - cls
    assert counted == thumbnail + rows * (cols + 1)


@pytest.mark.parametrize(("config", "tile", "cls"), REAL, ids=["next", "onevision"])
@pytest.mark.parametrize("count", [1200, 1500, 1800, 2500, 3000, 9000])
def test_no_picture_has_more_tokens_than_the_limit(config, tile, cls, count):
    if config.model_type == "llava_onevision" and count == 1200:
        with pytest.raises(ValueError, match="at least 1485 visual tokens, not 1200"):
            anyres.limit_visual_tokens(real_processor(config), count)
        return
    processor, free = real_processor(config), real_processor(config)
    anyres.limit_visual_tokens(processor, count)
    made = [processor._get_number_of_features(*size, tile, tile) - cls for size in SHAPES]
    before = [free._get_number_of_features(*size, tile, tile) - cls for size in SHAPES]
    assert max(made) <= count
    assert (made == before) == (max(before) <= count)


def test_a_limited_model_sees_one_tile_and_lays_it_out_as_the_processor_does():
    path = str(tiny.checkpoint("llava_next"))
    with pytest.raises(ValueError, match="at least 36 visual tokens, not 35: a thumbnail and one tile"):
        hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=35))
    model = tiny.load("llava_next", hooks.LoadOptions(device="cpu", visual_tokens=36))
    made, grid = tokens_of(model, picture(7, 90, 60))
    # 90 x 60 scaled into 32 x 32 is 32 x 21: 2.7 of 4 columns, of which the model keeps the middle 2
    assert grid == {
        "vision.layers-patches": (1, 4, 4),
        "projector-patches": (1, 4, 4),
        "language.layers-image": (1, 4, 2),
    }
    plane = laid_out(made["projector-patches"][0], across=1)[:, 1:3]
    np.testing.assert_allclose(made["language.layers-image"][0], plane.reshape(8, -1), atol=1e-6)


def test_checks_hold_for_a_picture_that_is_padded_to_its_tiles():
    # at most 52 tokens leave 1 x 2 tiles, in which a square picture has padding on both sides
    model = tiny.load("llava_next", hooks.LoadOptions(device="cpu", visual_tokens=52))
    assert hooks.image_grids(model.blueprint, 224, 224)["language"] == (1, 4, 4)
    assert hooks.image_grids(model.blueprint, 224, 224)["projector"] == (2, 4, 4)
    assert structure.row_major(model) == "4x4, four corners of 2 tiles"
    assert states.projected(model) == "32 tokens of tiles (2, 4, 4) laid out as a plane (4, 4)"


def with_entry(model, **changed):
    family = replace(model.family, tokens=replace(model.family.tokens, **changed))
    return replace(model, blueprint=replace(model.blueprint, family=family))


def first_column_for_newline(config, state, image):
    rows, cols = anyres.plane(config, image)
    return state[-rows * (cols + 1) :].view(rows, cols + 1, -1)[:, 1:].flatten(0, 1)


def columns_first(config, state, image):
    rows, cols = anyres.plane(config, image)
    return anyres.plane_rows(config, state, image).view(rows, cols, -1).transpose(0, 1).flatten(0, 1)


def upside_down(config, state, image):
    return anyres.plane_rows(config, state, image).flip(0)


@pytest.mark.parametrize("case", ["llava_next", "llava_onevision"])
@pytest.mark.parametrize(
    ("rows", "told"),
    [(first_column_for_newline, "more than projected"), (columns_first, "in order"), (upside_down, "in order")],
)
def test_a_plane_that_is_read_wrongly_is_found(case, rows, told):
    with pytest.raises(Wrong, match=told):
        states.projected(with_entry(tiny.load(case), language_rows=rows))


def tiles_by_column(config, state, images, tower):
    order = torch.tensor([0, 1, 3, 2, 4]) if tower == "vision" else torch.arange(5)  # thumbnail, then 2 x 2
    return anyres.tile_rows(config, state[order], images, tower)


def test_tiles_in_another_order_are_found():
    with pytest.raises(Wrong, match="corners lie at"):
        structure.row_major(with_entry(tiny.load("llava_next"), vision_rows=tiles_by_column))
