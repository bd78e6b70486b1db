"""Llama 3.2 Vision: language layers with cross-attention to the image, which is not part of the sequence.

The processor lays a picture out on a canvas of up to four square tiles and fills the rest of the canvas with black;
that part belongs to the grid. Tiles that the canvas does not have are left out, as is the CLS of every tile. A second
stack of layers, which no site names, follows the vision tower; the projector reads both.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of
from .family import Family, Limit, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs

PATCH = 14
"""The width of a patch in pixels, in every release; the processor, which limits the tokens, does not know it."""


def towers(config: Any) -> dict[str, Tower]:
    """A ViT, its projector and a language model without image positions."""
    vision, text = config.vision_config, config.get_text_config()
    vision_kinds, kinds = kinds_of("vision", without=("cls", "pooled")), kinds_of("language", without=("image",))
    return {
        "vision": Tower("vision", vision.num_hidden_layers, vision.hidden_size, vision_kinds),
        "projector": Tower("projector", 0, text.hidden_size, kinds_of("projector")),
        "language": Tower("language", text.num_hidden_layers, text.hidden_size, kinds),
    }


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The tiles of a picture's canvas, each of equal rows and columns."""
    side = config.vision_config.image_size // config.vision_config.patch_size
    return (int(image["aspect_ratio_mask"].sum()), side, side)


def tile_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Keep the patches of real tiles, between each tile's CLS and what pads it."""
    grids = [grid(config, image, tower) for image in images]
    tiled = state.reshape(len(images), config.vision_config.max_num_tiles, -1, state.shape[-1])
    return [
        mine[:tiles, 1 : 1 + rows * cols].flatten(0, 1) for mine, (tiles, rows, cols) in zip(tiled, grids, strict=True)
    ]


def skipped_blocks(config: Any, inputs: Mapping[str, Any]) -> Collection[int]:
    """The cross-attention blocks, where neither inputs nor cache have an image for them."""
    blocks, cache = config.get_text_config().cross_attention_layers, inputs.get("past_key_values")
    if "pixel_values" in inputs or (cache is not None and cache.layers[blocks[0]].is_initialized):
        return ()
    return blocks


@lru_cache
def on_fewer_tiles(own: type) -> type:
    """An image processor that lays pictures out on at most `most_tiles` tiles, and packs them as it did before."""

    def resize(self: Any, image: Any, size: Any, max_image_tiles: int, **settings: Any) -> Any:
        return own.resize(self, image, size, min(max_image_tiles, self.most_tiles), **settings)

    return type(own.__name__, (own,), {"resize": resize})


def limit_visual_tokens(processor: Any, count: int) -> None:
    """Choose among smaller canvases, so that the tiles and their CLS are at most `count` tokens."""
    images = processor.image_processor
    each = (images.size["height"] // PATCH) ** 2 + 1
    if count < each:
        raise ValueError(f"Llama 3.2 Vision has {each} visual tokens a tile, not {count}. Give at least {each}.")
    images.most_tiles = count // each
    images.__class__ = on_fewer_tiles(type(images))  # max_image_tiles would change the ids of aspect ratios too


MLLAMA = Family(
    name="mllama",
    model_types=("mllama",),
    modules=Modules(
        vision="model.vision_model.transformer.layers",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(towers, grid, vision_rows=tile_rows),
    reuse=Reuse(image_prefix="cross_attention", carried=("cross_attention_mask",), skipped_blocks=skipped_blocks),
    prompt=Prompt(plain="{image}<|begin_of_text|>{text}"),
    limit=Limit(limit_visual_tokens, "max tiles"),
    examples=(
        "meta-llama/Llama-3.2-11B-Vision",
        "meta-llama/Llama-3.2-11B-Vision-Instruct",
        "meta-llama/Llama-3.2-90B-Vision",
        "meta-llama/Llama-3.2-90B-Vision-Instruct",
    ),
)

FAMILIES = (MLLAMA,)
