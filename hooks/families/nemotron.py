"""Nemotron Omni: a RADIO, which packs pictures of any shape, before a language model of Mamba and attention layers.

Its tower reads class tokens and registers before the patches of each picture, and merges squares of patches after it.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from .family import Family, Modules, Reuse
from .tokens import ImageTokens, Inputs, three_towers


def towers(config: Any) -> dict[str, Tower]:
    """A ViT, with a CLS where it has but one token before the patches, its projector and a language model."""
    vision, one = config.vision_config, leading(config) == 1
    return three_towers(vision.num_hidden_layers, vision.hidden_size, config.get_text_config(), cls=one)


def leading(config: Any) -> int:
    """Class tokens and registers."""
    return config.vision_config.num_cls_tokens + config.vision_config.num_registers


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The processor's count of patches, several of which are one token after the vision tower."""
    rows, cols = image["image_grid_hw"][0].tolist()
    merge = 1 if tower == "vision" else round(1 / config.downsample_ratio)
    return (1, rows // merge, cols // merge)


def packed_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Cut the one packed sequence by image, with what precedes the patches: per image (token, feature)."""
    before = leading(config) if tower == "vision" else 0
    grids = [grid(config, image, tower) for image in images]
    return list(state.reshape(-1, state.shape[-1]).split([before + rows * cols for _, rows, cols in grids]))


NEMOTRON_H_OMNI = Family(
    name="nemotron_h_omni",
    model_types=("nemotron_h_omni",),
    modules=Modules(
        vision="vision_model.encoder.layer",
        projector="multi_modal_projector",
        language="language_model.model.layers",
        final_norm="language_model.model.norm_f",
    ),
    tokens=ImageTokens(towers, grid, leading=leading, vision_rows=packed_rows),
    reuse=Reuse(image_prefix="causal"),
    examples=("nvidia/Nemotron-3-Nano-Omni-30B-A3B-Reasoning-BF16",),
)

FAMILIES = (NEMOTRON_H_OMNI,)
