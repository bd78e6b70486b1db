"""FastVLM's map and its projection, against the model's own."""

import numpy as np
import tiny
import torch
from tiny import picture

from hooks import View, capture, sites
from hooks.encoding import process_image

PIXELS = picture(1, 160, 224)


def test_states_are_the_towers_last_map_and_its_projection_cell_by_cell():
    model = tiny.load("fast_vlm")
    wanted = sites.parse_all(["vision:patches", "projector:patches", "language.layers[0]:image"], model.towers)
    states = capture.read(model, [View((PIXELS,))], wanted, batch_size=1, keep_tokens=True)[0].states
    pixels = process_image(model.blueprint, PIXELS)["pixel_values"]
    with torch.inference_mode():
        last = model.module.model.vision_tower(pixels).last_hidden_state[0]
        projected = model.module.model.get_image_features(pixels).pooler_output[0]
    assert last.shape == (64, 4, 4)
    assert {state.grid for state in states.values()} == {(1, 4, 4)}
    for row, col in ((0, 0), (1, 3), (3, 2)):
        np.testing.assert_allclose(states["vision-patches"].tokens[0][4 * row + col], last[:, row, col], atol=1e-6)
    for slug in ("projector-patches", "language.layers-image"):
        np.testing.assert_allclose(states[slug].tokens[0], projected, atol=1e-6)
