"""LFM2-VL and LFM3-VL: pictures of any shape before a language model of convolutions and attention.

LFM2-VL cuts a picture that is too large for one into tiles, which a thumbnail of another shape follows. It is not part
of the grid but counts among the visual tokens. The projector runs once a tile, so that it has no site of its own: its
tokens are those that enter the language model, `language.layers[0]:image`. LFM3-VL packs patches as Qwen's models do.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from . import qwen
from .family import Family, Limit, Modules, Prompt, Reuse, always_valid
from .layout import split_packed
from .tokens import ImageTokens, Inputs, vit_towers


def towers(config: Any) -> dict[str, Tower]:
    """A ViT without CLS and a language model."""
    return {name: tower for name, tower in vit_towers(config).items() if name != "projector"}


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """Tiles without the thumbnail, or the whole picture; `downsample_factor` patches a side are one token."""
    rows, cols = image["spatial_shapes"][0].tolist()
    side = 1 if tower == "vision" else config.downsample_factor
    return (_tiles(image), rows // side, cols // side)


def tile_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split crops by image; leave out the thumbnail, and the padding that follows the patches of a crop."""
    split = state.split([len(image["spatial_shapes"]) for image in images])
    return [
        crops[: _tiles(image), : int(image["spatial_shapes"][0].prod())].flatten(0, 1)
        for crops, image in zip(split, images, strict=True)
    ]


def tile_tokens(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """Positions of the tiles, which come before the thumbnail's."""
    tiles, rows, cols = grid(config, image, "language")
    return state[: tiles * rows * cols]


def _tiles(image: Inputs) -> int:
    return max(1, len(image["spatial_shapes"]) - 1)


def without_thumbnail(config: Any, processor: Any) -> str:
    """Tiles cannot be told from a thumbnail unless there always is one."""
    images = processor.image_processor
    if images.do_image_splitting and not images.use_thumbnail:
        return "its image processor cuts pictures without a thumbnail. Set use_thumbnail in its settings."
    return ""


def limit_visual_tokens(processor: Any, count: int) -> None:
    """Cut pictures into fewer tiles, or not at all, so that they and the thumbnail have at most `count` tokens."""
    images = processor.image_processor
    if count < 1:
        raise ValueError(f"{count} visual tokens: an image has at least 1. Give a positive number.")
    tile = (images.tile_size // images.encoder_patch_size // images.downsample_factor) ** 2
    images.max_tiles = min(images.max_tiles, max(0, count - images.max_image_tokens) // tile)
    images.do_image_splitting &= images.max_tiles >= images.min_tiles
    images.max_image_tokens = min(images.max_image_tokens, count)
    images.min_image_tokens = min(images.min_image_tokens, max(1, count // 4))


LFM2_VL = Family(
    name="lfm2_vl",
    model_types=("lfm2_vl",),
    modules=Modules(
        vision="model.vision_tower.encoder.layers",
        language="model.language_model.layers",
        final_norm="model.language_model.embedding_norm",
    ),
    tokens=ImageTokens(towers, grid, vision_rows=tile_rows, language_rows=tile_tokens),
    reuse=Reuse(image_prefix="causal"),
    limit=Limit(limit_visual_tokens, "fewer tiles, max pixels"),
    invalid_reason=without_thumbnail,
    examples=("LiquidAI/LFM2-VL-450M", "LiquidAI/LFM2-VL-1.6B", "LiquidAI/LFM2-VL-3B", "LiquidAI/LFM2.5-VL-1.6B"),
)

LFM3_VL = replace(
    LFM2_VL,
    name="lfm3_vl",
    model_types=("lfm3_vl",),
    modules=replace(LFM2_VL.modules, vision="model.vision_tower.layers", projector="model.multi_modal_projector"),
    tokens=ImageTokens(
        vit_towers,
        qwen.grid,
        vision_rows=partial(qwen.packed_rows, qwen.merged_order),
        split_pictures=split_packed,
    ),
    prompt=Prompt(placeholder=qwen.MARK),
    limit=Limit(qwen.limit_visual_tokens, "max pixels"),
    invalid_reason=always_valid,
    examples=("LiquidAI/LFM3-VL-2B",),
)

FAMILIES = (LFM2_VL, LFM3_VL)
