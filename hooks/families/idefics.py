"""Idefics3 and SmolVLM: SigLIP on tiles and a thumbnail, neighbouring patches merged before the projector.

A picture that is cut is followed by its thumbnail, which is not part of the grid but counts among the visual tokens.
"""

from collections.abc import Sequence
from math import isqrt
from typing import Any

import torch
from torch import Tensor

from ..reading import Grid
from .family import Family, Limit, Modules, Reuse
from .tokens import ImageTokens, Inputs, vit_towers


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """Tiles without the thumbnail; after the vision tower, `scale_factor` patches a side are one token."""
    height, width = image["pixel_values"].shape[-2:]
    side = config.vision_config.patch_size * (1 if tower == "vision" else config.scale_factor)
    return (_tiles(_crops(image)), height // side, width // side)


def tile_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split tiles by image and leave the thumbnail out."""
    split = state.split([_crops(image) for image in images])
    return [tiles[: _tiles(len(tiles))].flatten(0, 1) for tiles in split]


def tile_tokens(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """Positions of the tiles, which come before the thumbnail's."""
    crops = _crops(image)
    return state[: len(state) // crops * _tiles(crops)]


def _crops(image: Inputs) -> int:
    """How many crops of a picture the vision tower reads: the picture itself, or its tiles and the thumbnail."""
    return image["pixel_values"].shape[1]


def _tiles(crops: int) -> int:
    return max(1, crops - 1)


def split_pictures(config: Any, view: Inputs) -> list[Inputs]:
    """The tiles of each picture: one mark comes before every tile, and one more after the last tile of a picture."""
    ids = view["input_ids"][0]
    at_image = ids == config.image_token_id
    starts = at_image & ~at_image.roll(1)
    mark = ids[int(at_image.nonzero()[-1]) + 1]
    marks = (ids == mark).cumsum(0)[starts]
    picture = marks - torch.arange(1, len(marks) + 1, device=marks.device)  # how many pictures ended before each tile
    return [{"pixel_values": part} for part in view["pixel_values"].split(picture.bincount().tolist(), dim=1)]


def limit_visual_tokens(processor: Any, count: int) -> None:
    """Shrink an image's longest side, so that its tiles and thumbnail have at most `count` tokens."""
    each, images = processor.image_seq_len, processor.image_processor
    if count < each:
        raise ValueError(f"Idefics3 and SmolVLM need {each} visual tokens a tile, not {count}. Give at least {each}.")
    tile = images.max_image_size["longest_edge"]
    across = max(1, isqrt(max(0, count // each - 1)))  # a square picture has the most tiles
    images.size = {"longest_edge": min(images.size["longest_edge"], across * tile)}


IDEFICS3 = Family(
    name="idefics3",
    model_types=("idefics3", "smolvlm"),
    modules=Modules(
        vision="model.vision_model.encoder.layers",
        projector="model.connector",
        language="model.text_model.layers",
        final_norm="model.text_model.norm",
    ),
    tokens=ImageTokens(
        vit_towers, grid, vision_rows=tile_rows, language_rows=tile_tokens, split_pictures=split_pictures
    ),
    reuse=Reuse(image_prefix="causal"),
    limit=Limit(limit_visual_tokens, "longest side"),
    examples=(
        "HuggingFaceM4/Idefics3-8B-Llama3",
        "HuggingFaceTB/SmolVLM-256M-Base",
        "HuggingFaceTB/SmolVLM-256M-Instruct",
        "HuggingFaceTB/SmolVLM-500M-Instruct",
        "HuggingFaceTB/SmolVLM-Instruct",
        "HuggingFaceTB/SmolVLM2-256M-Video-Instruct",
        "HuggingFaceTB/SmolVLM2-500M-Video-Instruct",
        "HuggingFaceTB/SmolVLM2-2.2B-Instruct",
    ),
)

FAMILIES = (IDEFICS3,)
