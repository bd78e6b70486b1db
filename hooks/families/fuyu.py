"""Fuyu: a language model that reads the patches of a picture themselves, row by row, each row ended by a newline."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of
from .family import Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs


def towers(config: Any) -> dict[str, Tower]:
    """The projection of patches, and the language model: there is no vision tower."""
    text = config.text_config
    return {
        "projector": Tower("projector", 0, text.hidden_size, kinds_of("projector")),
        "language": Tower("language", text.num_hidden_layers, text.hidden_size, kinds_of("language")),
    }


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of patches: as many columns as image tokens stand before the first newline."""
    at_image = image["input_ids"][0] == config.image_token_id
    places = at_image.nonzero()[:, 0]
    cols = int((~at_image[places[0] :]).nonzero()[0, 0])
    return (1, len(places) // cols, cols)


def packed_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split packed patches (patch, feature) by image."""
    grids = [grid(config, image, tower) for image in images]
    return list(state.split([rows * cols for _, rows, cols in grids]))


FUYU = Family(
    name="fuyu",
    model_types=("fuyu",),
    modules=Modules(
        projector="model.vision_embed_tokens",
        language="model.language_model.layers",
        final_norm="model.language_model.final_layernorm",
    ),
    tokens=ImageTokens(towers, grid, vision_rows=packed_rows),
    reuse=Reuse(image_prefix="causal"),
    # the processor puts the image before the question, and behind it the mark that begins an answer
    prompt=Prompt(plain="{text}", closing="\x04", call_settings={"return_legacy_image_output": False}),
    text_only=False,
    examples=("adept/fuyu-8b",),
)

FAMILIES = (FUYU,)
