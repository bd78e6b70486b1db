"""Perception LM: a thumbnail and tiles through a ViT of timm, pooled patches after the projector.

The config does not name the size of a patch: the number of positions of a tile tells it.
"""

from collections.abc import Sequence
from math import isqrt
from typing import Any

import torch
from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from .family import Family, Modules, Reuse
from .tokens import ImageTokens, Inputs, three_towers

PE_CORE_LARGE = {"depth": 24, "embed_dim": 1024}
"""What timm takes where a config does not say it."""


def towers(config: Any) -> dict[str, Tower]:
    """A ViT by the arguments that timm takes, its projector and a language model."""
    made = {**PE_CORE_LARGE, **(config.vision_config.model_args or {})}
    return three_towers(made["depth"], made["embed_dim"], config.get_text_config(), cls=config.vision_use_cls_token)


def leading(config: Any) -> int:
    """One CLS token a tile, or none."""
    return int(config.vision_use_cls_token)


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """Tiles without the thumbnail; the projector pools squares of patches."""
    crops = image["pixel_values"].shape[1]
    side = isqrt(int((image["input_ids"] == config.image_token_id).sum()) // crops)
    side *= config.projector_pooling_ratio if tower == "vision" else 1
    return (max(1, crops - 1), side, side)


def tile_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split tiles by image and leave the thumbnail, which comes first, out but for its CLS."""
    cls = leading(config) if tower == "vision" else 0
    split = state.split([image["pixel_values"].shape[1] for image in images])
    return [torch.cat([each[0, :cls], _tiles(each)[:, cls:].flatten(0, 1)]) for each in split]


def tile_tokens(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """Positions of the tiles, which come after the thumbnail's."""
    return _tiles(state.view(image["pixel_values"].shape[1], -1, state.shape[-1])).flatten(0, 1)


def _tiles(crops: Tensor) -> Tensor:
    return crops[1:] if len(crops) > 1 else crops


PERCEPTION_LM = Family(
    name="perception_lm",
    model_types=("perception_lm",),
    modules=Modules(
        vision="model.vision_tower.timm_model.blocks",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(towers, grid, leading=leading, vision_rows=tile_rows, language_rows=tile_tokens),
    reuse=Reuse(image_prefix="causal"),
    examples=("facebook/Perception-LM-1B", "facebook/Perception-LM-3B", "facebook/Perception-LM-8B"),
)

FAMILIES = (PERCEPTION_LM,)
