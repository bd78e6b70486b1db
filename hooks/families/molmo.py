"""Molmo 2: the whole picture and overlapping tiles of it, pooled over both into a coarse and a fine plane.

The language model sees the coarse plane first, then the fine one, which is the grid.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..reading import Grid
from .family import Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs, vit_towers


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The patches of each tile, which overlap; after the projector the rows and columns of the fine plane."""
    if tower != "vision":
        _, _, rows, cols = image["image_grids"][0].tolist()
        return (1, rows, cols)
    height, width = config.vision_config.image_size
    patch = config.vision_config.patch_size
    return (len(image["pixel_values"]) - 1, height // patch, width // patch)


def rows_of_image(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Of the only picture of a forward the tiles after the whole picture, or the fine plane after the coarse one."""
    if tower == "vision":
        return [state[1:].flatten(0, 1)]
    return [fine_plane(config, state.reshape(-1, state.shape[-1]), images[0])]


def fine_plane(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """The last positions: (position, feature) -> (token, feature)."""
    _, _, rows, cols = image["image_grids"][0].tolist()
    return state[-rows * cols :]


def features_from(config: Any) -> int:
    """The last of the blocks that the adapter reads, counted from the end."""
    layers = config.vision_config.num_hidden_layers
    return max(layer if layer < 0 else layer - layers for layer in config.adapter_config.vision_feature_layer)


MOLMO2 = Family(
    name="molmo2",
    model_types=("molmo2",),
    modules=Modules(
        vision="model.vision_tower.layers",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(vit_towers, grid, features_from, vision_rows=rows_of_image, language_rows=fine_plane),
    # indices of pooled patches count from the first of a forward; the marks that close a picture are seen by all of it
    reuse=Reuse(image_prefix="causal", alone=True, closing_marks=True),
    prompt=Prompt(placeholder="<|image|>"),
    examples=("allenai/Molmo2-4B", "allenai/Molmo2-8B", "allenai/Molmo2-O-7B"),
)

FAMILIES = (MOLMO2,)
