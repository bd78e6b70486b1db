"""HunYuan VL and HunYuan OCR: rows of merged patches, each ended by a newline, between a mark at both ends."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..reading import Grid
from .family import Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs, vit_towers

MARK = "<｜hy_place▁holder▁no▁100｜><｜hy_place▁holder▁no▁102｜><｜hy_place▁holder▁no▁101｜>"


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The processor's count of patches; every merge block of them is one token after the vision tower."""
    merge = 1 if tower == "vision" else config.vision_config.spatial_merge_size
    frames, rows, cols = image["image_grid_thw"][0].tolist()
    return (frames, rows // merge, cols // merge)


def vision_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split packed states by image, after the merger without newlines and marks: per image (token, feature)."""
    grids = [grid(config, image, tower) for image in images]
    marked = tower != "vision"
    counts = [rows * (cols + marked) + 2 * marked for _, rows, cols in grids]
    parts = state.reshape(-1, state.shape[-1]).split(counts)
    if not marked:
        return list(parts)
    return [language_rows(config, part, image) for part, image in zip(parts, images, strict=True)]


def language_rows(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """Image positions without newlines and marks: (position, feature) -> (token, feature)."""
    _, rows, cols = grid(config, image, "language")
    return state[1:-1].view(rows, cols + 1, -1)[:, :-1].flatten(0, 1)


HUNYUAN = Family(
    name="hunyuan_vl",
    model_types=("hunyuan_vl",),
    modules=Modules(
        vision="model.vision_tower.layers",
        projector="model.vision_tower.patch_merger",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(vit_towers, grid, vision_rows=vision_rows, language_rows=language_rows),
    reuse=Reuse(image_prefix="causal", alone=True, rope_deltas="model.rope_deltas"),
    prompt=Prompt(placeholder=MARK),
    examples=("tencent/HunyuanOCR",),
)

FAMILIES = (HUNYUAN,)
