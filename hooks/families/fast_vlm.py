"""FastVLM: a FastViT, whose last map is projected cell by cell before a language model.

The stages of the FastViT have maps of different sizes and widths. The one that has a site is the last, which the
projector reads.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..reading import Grid
from .family import FIXED, Family, Modules, Reuse
from .tokens import ImageTokens, Inputs, three_towers


def towers(config: Any) -> dict[str, Any]:
    """The last map of the image tower, its projector and a language model."""
    return three_towers(0, config.vision_config.hidden_size, config.get_text_config())


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of the last map: as many cells as the prompt has places, in the picture's shape."""
    height, width = image["pixel_values"].shape[-2:]
    cells = int((image["input_ids"] == config.image_token_index).sum())
    rows = round((cells * height / width) ** 0.5)
    return (1, rows, cells // max(1, rows))


def map_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """The cells of each image's map, which is (image, feature, row, column) before the projector."""
    return list(state.flatten(2).transpose(1, 2) if tower == "vision" else state)


FAST_VLM = Family(
    name="fast_vlm",
    model_types=("fast_vlm",),
    modules=Modules(
        vision="model.vision_tower",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(towers, grid, vision_rows=map_rows, image_token=lambda config: config.image_token_index),
    reuse=Reuse(image_prefix="causal"),
    limit=FIXED,
    examples=("KamilaMila/FastVLM-0.5B", "KamilaMila/FastVLM-1.5B", "KamilaMila/FastVLM-7B"),
)

FAMILIES = (FAST_VLM,)
