"""InternVL 2.5 and 3: a picture cut into square tiles, four patches to a token, and a causal language model.

Several tiles are followed by a thumbnail of the whole picture. It is not part of the grid, but counts among the visual
tokens and gives the picture's CLS.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..reading import Grid
from .family import Family, Limit, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs, cls_vit_towers


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """Tiles without the thumbnail; after the vision tower, 2x2 patches are one token."""
    crops, _, height, width = image["pixel_values"].shape
    down, across = config.vision_config.patch_size
    scale = 1 if tower == "vision" else config.downsample_ratio
    return (_tiles(crops), int(height // down * scale), int(width // across * scale))


def _tiles(crops: int) -> int:
    return max(1, crops - 1)


def tile_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split tiles by image and leave the thumbnail out, but for its CLS, which is put first."""
    split = state.split([len(image["pixel_values"]) for image in images])
    if tower != "vision":
        return [tiles[: _tiles(len(tiles))].flatten(0, 1) for tiles in split]
    return [torch.cat([tiles[-1, :1], tiles[: _tiles(len(tiles)), 1:].flatten(0, 1)]) for tiles in split]


def tile_tokens(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """Positions of the tiles, which come before the thumbnail's."""
    crops = len(image["pixel_values"])
    return state[: len(state) // crops * _tiles(crops)]


def split_pictures(config: Any, view: Inputs) -> list[Inputs]:
    """The tiles of each picture: its image positions are one unbroken run, of which each tile has an equal share."""
    at_image, lengths = (view["input_ids"][0] == config.image_token_id).unique_consecutive(return_counts=True)
    runs, tiles = lengths[at_image], view["pixel_values"]
    counts = runs * len(tiles) // runs.sum()
    return [{"pixel_values": part} for part in tiles.split(counts.tolist())]


def limit_visual_tokens(processor: Any, count: int) -> None:
    """Cut into fewer tiles, so that tiles and thumbnail have at most `count` tokens."""
    each = processor.image_seq_length
    if count < each:
        raise ValueError(f"InternVL needs {each} visual tokens for one tile, not {count}. Give at least {each}.")
    tiles = max(1, count // each - 1)
    images = processor.image_processor
    images.min_patches, images.max_patches = min(images.min_patches, tiles), min(images.max_patches, tiles)


INTERNVL = Family(
    name="internvl",
    model_types=("internvl",),
    modules=Modules(
        vision="model.vision_tower.encoder.layer",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(
        cls_vit_towers,
        grid,
        leading=lambda config: 1,
        vision_rows=tile_rows,
        language_rows=tile_tokens,
        split_pictures=split_pictures,
    ),
    reuse=Reuse(image_prefix="causal"),
    limit=Limit(limit_visual_tokens, "max tiles"),
    examples=(
        "OpenGVLab/InternVL3-1B-hf",
        "OpenGVLab/InternVL3-2B-hf",
        "OpenGVLab/InternVL3-8B-hf",
        "OpenGVLab/InternVL3-14B-hf",
        "OpenGVLab/InternVL3-38B-hf",
        "OpenGVLab/InternVL3-78B-hf",
        "OpenGVLab/InternVL2_5-2B-MPO-hf",
        "OpenGVLab/InternVL2_5-8B-MPO-hf",
    ),
)

QIANFAN_OCR = replace(
    INTERNVL,
    name="qianfan_ocr",
    model_types=("qianfan_ocr",),
    modules=replace(INTERNVL.modules, vision="model.vision_tower.layers"),
    prompt=Prompt(placeholder="<image>"),
    examples=("baidu/Qianfan-OCR",),
)

FAMILIES = (INTERNVL, QIANFAN_OCR)

UNSUPPORTED = {
    "internvl_chat": "These are OpenGVLab's own files, which transformers does not read. Take the repository that ends "
    "in -hf where there is one; else convert them: python -m hooks.internvl_chat SOURCE SIBLING-hf OUT."
}
"""What to do about checkpoints in other formats, by their model type."""
