"""What is special to Qwen's models: merge blocks, windows, deepstack, positions in three dimensions, pixel budgets."""

import numpy as np
import pytest
import tiny
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import picture, qwen
from torch.nn.functional import interpolate
from transformers.vision_utils import get_vision_window_index

import hooks
from hooks import Question, View, capture, sites
from hooks.context import render
from hooks.encoding import process, process_image, rows
from hooks.families.qwen import block_order, limit_visual_tokens
from hooks.prefill import prefill

QWEN = list(qwen.CASES)
QWEN2_5 = "qwen2_5_vl"
DEEPSTACK = ["qwen3_vl", "qwen3_vl_moe"]
LEARNED = [*DEEPSTACK, "qwen3_5", "qwen3_5_moe"]
"""Cases whose towers add learned positions to the patches."""
every = pytest.mark.parametrize("case", QWEN)
deepstack = pytest.mark.parametrize("case", DEEPSTACK)
QUESTION = Question("is there a bus?", ("yes", "no"))


def read(model, pictures, *texts):
    """Tokens of each picture at the sites, in one batch: per picture {slug: (layer, row, col, feature)}."""
    wanted = sites.parse_all(texts, model.towers)
    views = [View((pixels,), (QUESTION,)) for pixels in pictures]
    made = capture.read(model, views, wanted, batch_size=len(views), keep_tokens=True)
    return [
        {slug: each.tokens.reshape(len(each.tokens), *each.grid[1:], -1) for slug, each in reading.states.items()}
        for reading in made
    ]


def patch_size(model):
    return model.config.vision_config.patch_size


def whole_patches(model, down, across, seed=0):
    """A picture of so many merged tokens, which the processor need not resize."""
    side = 2 * patch_size(model)
    return picture(seed, down * side, across * side)


def own_vision(model, pixels):
    """Pixels and grid as the model's own vision methods take them."""
    made = process_image(model.blueprint, pixels)
    return made["pixel_values"], made["image_grid_thw"]


def worst(mine, theirs):
    assert tuple(mine.shape) == tuple(theirs.shape)
    return float(np.abs(mine - theirs.numpy()).max())


@every
def test_grids_of_known_sizes_are_rounded_to_whole_merge_blocks(case):
    blueprint = tiny.load(case).blueprint
    # 28 pixels a token: 84 x 112 is 3 x 4, 160 x 84 is 5.7 x 3; 32 a token: 2.6 x 3.5 (half to even: 4), 5 x 2.6
    upright = (6, 3) if blueprint.config.vision_config.patch_size == 14 else (5, 3)
    for size, (down, across) in (((84, 112), (3, 4)), ((160, 84), upright)):
        grids = hooks.image_grids(blueprint, *size)
        assert grids["vision"] == (1, 2 * down, 2 * across)
        assert grids["projector"] == grids["language"] == (1, down, across)


@every
def test_a_patch_enters_the_tower_as_the_pixels_of_its_place(case):
    model = tiny.load(case)
    pixels = whole_patches(model, 3, 5)
    (states,) = read(model, [pixels], "vision.layers[0]:patches")
    tower, side = model.module.model.visual, patch_size(model)
    normalised = torch.from_numpy(pixels).permute(2, 0, 1) / 127.5 - 1
    with torch.inference_mode():
        twice = normalised[None, :, None].expand(-1, -1, 2, -1, -1)  # an image is two equal frames
        expected = tower.patch_embed.proj(twice)[0, :, 0].permute(1, 2, 0)
        assert expected.shape[:2] == (pixels.shape[0] // side, pixels.shape[1] // side)
        if case in LEARNED:
            learned = tower.pos_embed.weight.view(1, 6, 6, -1).permute(0, 3, 1, 2)
            resampled = interpolate(learned, expected.shape[:2], mode="bilinear", align_corners=True)
            expected = expected + resampled[0].permute(1, 2, 0)
    assert worst(states["vision.layers-patches"][0], expected) <= 1e-4


@every
def test_vision_states_equal_the_towers_own_in_row_major_order(case):
    model = tiny.load(case)
    shown = [whole_patches(model, 3, 5), whole_patches(model, 5, 3, seed=1), whole_patches(model, 2, 4, seed=2)]
    for pixels, states in zip(shown, read(model, shown, "vision.layers[*]:patches"), strict=True):
        values, grid = own_vision(model, pixels)
        with torch.inference_mode():
            theirs = model.module.model.visual(values, grid_thw=grid, output_hidden_states=True).hidden_states
        _, down, across = (int(n) // 2 for n in grid[0])
        order = torch.arange(down * across)
        if case == QWEN2_5:
            order = get_vision_window_index(grid, spatial_merge_size=2, window_size=56, patch_size=14)[0]
            assert not torch.equal(order, torch.arange(down * across))
        mine = states["vision.layers-patches"]
        assert len(theirs) == len(mine) == 5
        for place, block in enumerate(order.tolist()):
            top, left = 2 * (block // across), 2 * (block % across)
            for i, (row, col) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
                for layer, reported in enumerate(theirs):
                    assert worst(mine[layer, top + row, left + col], reported[4 * place + i]) <= 1e-5


@every
def test_projected_and_entering_tokens_are_the_models_own_image_features(case):
    model = tiny.load(case)
    shown = [whole_patches(model, 3, 5), whole_patches(model, 5, 3, seed=1), whole_patches(model, 4, 4, seed=2)]
    for pixels, states in zip(shown, read(model, shown, "projector:patches", "language.layers[0]:image"), strict=True):
        values, grid = own_vision(model, pixels)
        with torch.inference_mode():
            (features,) = model.module.get_image_features(values, grid).pooler_output
        features = features.view(*(int(n) // 2 for n in grid[0, 1:]), -1)
        assert worst(states["projector-patches"][0], features) <= 1e-5
        assert worst(states["language.layers-image"][0], features) <= 1e-5


def test_windows_are_listed_block_by_block():
    #  0  1 |  2  3 |  4
    #  5  6 |  7  8 |  9
    # 10 11 | 12 13 | 14
    assert block_order(3, 5, 2).tolist() == [0, 1, 5, 6, 2, 3, 7, 8, 4, 9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize("plane", [(1, 1), (4, 4), (3, 9), (8, 5), (16, 23)])
def test_windows_are_those_of_the_library(plane):
    down, across = plane
    grid = torch.tensor([[1, 2 * down, 2 * across]])
    theirs, _ = get_vision_window_index(grid, spatial_merge_size=2, window_size=112, patch_size=14)
    assert torch.equal(block_order(down, across, 4), theirs)


def test_a_window_block_looks_no_further_than_its_window():
    model = tiny.load(QWEN2_5)
    pixels = whole_patches(model, 3, 5)
    changed = pixels.copy()
    changed[:14, 28:42] ^= 255  # the patch in row 0, column 2: window (0, 0), patches 0-3 x 0-3
    clean, moved = (
        states["vision.layers-patches"] for states in read(model, [pixels, changed], "vision.layers[*]:patches")
    )
    apart = np.abs(clean - moved).max(-1) > 0
    assert np.argwhere(apart[0]).tolist() == [[0, 2]]
    assert apart[1, :4, :4].all()  # block 1 has windows
    assert not apart[1, 4:].any()
    assert not apart[1, :, 4:].any()
    assert apart[2].all()  # block 2 looks everywhere


@deepstack
def test_deepstack_features_join_the_image_tokens_after_a_blocks_own_output(case):
    model = tiny.load(case)
    pixels = whole_patches(model, 3, 4)
    (states,) = read(model, [pixels], "language.layers[*]:image")
    values, grid = own_vision(model, pixels)
    inputs = process(model.blueprint, (pixels,), render(model.blueprint, QUESTION.text))
    at = inputs["input_ids"][0] == model.blueprint.image_token
    entered = []
    handles = [
        block.register_forward_pre_hook(lambda module, args: entered.append(args[0][0, at]))
        for block in model.module.model.language_model.layers
    ]
    with torch.inference_mode():
        added = [each for (each,) in model.module.get_image_features(values, grid).deepstack_features]
        output = model.module(**inputs, output_hidden_states=True)
    for handle in handles:
        handle.remove()
    mine = states["language.layers-image"]
    mine = mine.reshape(len(mine), -1, mine.shape[-1])
    assert len(added) == 2
    for layer in range(4):
        assert worst(mine[layer], output.hidden_states[layer][0, at]) <= 1e-4
        joined = added[layer - 1].numpy() if layer in (1, 2) else 0
        assert worst(mine[layer] + joined, entered[layer]) <= 1e-4
    assert float(torch.stack(added).abs().max()) > 1e-2


@every
@pytest.mark.parametrize("plane", [(3, 4), (5, 2), (4, 4)])
def test_text_after_an_image_goes_on_from_the_longer_side_of_the_grid(case, plane):
    model = tiny.load(case)
    (row,) = rows(model.blueprint, 0, View((whole_patches(model, *plane),), (QUESTION,)))
    ids = row.inputs["input_ids"][0]
    before = int((ids != model.blueprint.image_token).sum())
    assert len(ids) == before + plane[0] * plane[1]
    with torch.inference_mode():
        assert prefill(model, [row]).sequences.position.tolist() == [before + max(plane)]


def test_a_model_without_chat_template_is_asked_between_its_vision_marks():
    blueprint = tiny.load("qwen2_vl_base").blueprint
    assert render(blueprint, " a") == "<|vision_start|><|image_pad|><|vision_end|> a"


def test_a_flat_config_and_tied_embeddings_are_read_as_before_transformers_5():
    model = tiny.load("qwen2_vl_base")
    assert '"text_config"' not in (tiny.checkpoint("qwen2_vl_base") / "config.json").read_text()
    text = model.config.get_text_config()
    assert (text.hidden_size, text.num_hidden_layers, text.num_key_value_heads) == (64, 4, 2)
    assert text.rope_parameters["mrope_section"] == [2, 3, 3]
    assert model.module.lm_head.weight is model.module.model.language_model.embed_tokens.weight


@every
def test_the_processor_keeps_the_checkpoints_pixel_limits_and_the_model_type_its_class(case):
    processor = tiny.load(case).processor
    generation = "Qwen3VL" if case in LEARNED else "Qwen2_5_VL" if case == QWEN2_5 else "Qwen2VL"
    assert type(processor).__name__ == f"{generation}Processor"
    area = (2 * (16 if case in LEARNED else 14)) ** 2
    assert dict(processor.image_processor.size) == {"shortest_edge": 4 * area, "longest_edge": 40 * area}


@every
def test_a_processor_made_without_its_video_part_can_be_printed(case):
    printed = repr(tiny.load(case).blueprint)
    assert "Qwen2VLImageProcessor" in printed
    assert '"video_processor": {}' in printed


@pytest.fixture(scope="module")
def unlimited():
    """A processor by itself, whose limits tests may set."""
    return hooks.blueprint(str(tiny.checkpoint("qwen2_vl")), tiny.ON_CPU).processor


@given(
    count=st.integers(1, 400),
    least=st.integers(1, 100),
    short=st.integers(2, 1500),
    longer=st.floats(1, 30),
    upright=st.booleans(),
)
@settings(deadline=None, max_examples=300)
def test_no_image_gets_more_tokens_than_it_is_held_to(unlimited, count, least, short, longer, upright):
    images = unlimited.image_processor
    images.size = {"shortest_edge": least * 28 * 28, "longest_edge": 16384 * 28 * 28}
    limit_visual_tokens(unlimited, count)
    size = (short, int(short * min(longer, count)))
    patches = images.get_number_of_image_patches(*(size[::-1] if upright else size))
    assert 1 <= patches // 4 <= count


def test_the_least_pixels_stay_where_the_budget_is_far_above():
    path = str(tiny.checkpoint("qwen2_vl"))
    held = hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=20))
    assert dict(held.processor.image_processor.size) == {"shortest_edge": 4 * 784, "longest_edge": 20 * 784}
    assert hooks.image_grids(held, 20, 20)["language"] == (1, 2, 2)


def test_a_budget_of_no_tokens_is_refused():
    with pytest.raises(ValueError, match="visual tokens 0 is too small"):
        hooks.blueprint(str(tiny.checkpoint("qwen2_vl")), hooks.LoadOptions(device="cpu", visual_tokens=0))
