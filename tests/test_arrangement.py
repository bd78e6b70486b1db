"""How image processors lay pictures out is seen in what they make of two ramps."""

import numpy as np
import pytest
import tiny
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hooks.families.arrangement import Arrangement, arrangement, block_order, counted

SQUARE = {"height": 32, "width": 32}


class Processor:
    """A processor with a part for pictures alone."""

    def __init__(self, name, **settings):
        self.image_processor = getattr(transformers, name)(**settings)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("Qwen2VLImageProcessor", {"patch_size": 14, "merge_size": 2}, Arrangement(2, counted="image_grid_thw")),
        ("VideoLlama3ImageProcessor", {"patch_size": 14, "merge_size": 1}, Arrangement(1, counted="image_grid_thw")),
        ("PaddleOCRVLImageProcessor", {"patch_size": 14}, Arrangement(1, counted="image_grid_thw")),
        ("CLIPImageProcessor", {}, Arrangement()),
        ("GotOcr2ImageProcessor", {"size": SQUARE, "crop_to_patches": True}, Arrangement(thumbnail="last")),
        ("GotOcr2ImageProcessor", {"size": SQUARE, "crop_to_patches": False}, Arrangement()),
        # tiles of 512 pixels, so that only a large picture is cut
        ("Cohere2VisionImageProcessor", {}, Arrangement(thumbnail="last")),
        ("PerceptionLMImageProcessor", {"tile_size": 32, "max_num_tiles": 8}, Arrangement(thumbnail="first")),
    ],
)
def test_ramps_show_the_blocks_of_packed_patches_and_the_thumbnail(name, settings, expected):
    assert arrangement(Processor(name, **settings)) == expected


def test_a_processor_that_cannot_be_asked_for_a_picture_alone_has_nothing_special():
    class Refusing:
        def image_processor(self, **settings):
            raise TypeError("text is missing")

    assert arrangement(Refusing()) == Arrangement()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
def test_block_order_names_each_place_once_and_blocks_one_after_the_other(rows, cols, side):
    order = block_order(rows, cols, side)
    assert sorted(order.tolist()) == list(range(rows * cols))
    blocks = [(int(place) // cols // side, int(place) % cols // side) for place in order]
    assert blocks == sorted(blocks)


def test_patches_are_counted_by_grids_and_by_places():
    assert counted({"image_grid_thw": torch.tensor([[1, 4, 6]])}) == (4, 6)
    assert counted({"spatial_shapes": torch.tensor([[5, 3]])}) == (5, 3)
    places = torch.tensor([[[0, 0], [1, 0], [2, 0], [-1, -1]]])  # (column, row), and padding
    assert counted({"image_position_ids": places}) == (1, 3)
    assert counted({"pixel_values": torch.zeros(1, 3, 8, 8)}) is None


@pytest.mark.parametrize("case", ["kimi_k25", "dots3_note"])
def test_patches_found_by_structure_hold_the_pixels_of_their_place(case):
    """Where patches enter the tower: the embedding of a picture with one bright patch moves at that place alone."""
    model = tiny.load(case)
    grid = model.family.tokens.grid
    inputs = model.processor.image_processor(
        images=[Image.fromarray(np.zeros((96, 64, 3), np.uint8))], return_tensors="pt"
    )
    _, rows, cols = grid(model.config, {**inputs, "input_ids": torch.zeros(1, 1)}, "vision")
    pixels = inputs["pixel_values"].reshape(rows * cols, -1)
    order = block_order(rows, cols, arrangement(model.processor).block)
    bright = np.zeros((96, 64, 3), np.uint8)
    height, width = 96 // rows, 64 // cols
    bright[2 * height : 3 * height, width : 2 * width] = 255  # row 2, column 1
    changed = model.processor.image_processor(images=[Image.fromarray(bright)], return_tensors="pt")["pixel_values"]
    moved = (changed.reshape(rows * cols, -1) - pixels).abs().sum(-1)
    assert int(order[moved.argmax()]) == 2 * cols + 1
