"""Gemma 4 unified: a language model that reads squares of a picture at its own shape themselves, without a tower."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..reading import Grid
from .arrangement import counted
from .family import Family, Limit, Modules, Reuse
from .fuyu import towers
from .gemma import limit_soft_tokens, split_padded
from .tokens import ImageTokens, Inputs


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of squares that the processor cuts."""
    rows, cols = counted(image) or (0, 0)
    return (1, rows, cols)


def padded_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Each image's squares, without the padding that follows them."""
    grids = [grid(config, image, tower) for image in images]
    return [mine[: rows * cols] for mine, (_, rows, cols) in zip(state, grids, strict=True)]


GEMMA4_UNIFIED = Family(
    name="gemma4_unified",
    model_types=("gemma4_unified",),
    modules=Modules(
        projector="model.embed_vision.multimodal_embedder",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(towers, grid, vision_rows=padded_rows, split_pictures=split_padded),
    reuse=Reuse(image_prefix="causal"),
    limit=Limit(limit_soft_tokens, "max soft tokens"),
    examples=("google/gemma-4-12B-it",),
)
FAMILIES = (GEMMA4_UNIFIED,)
