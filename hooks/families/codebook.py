"""Chameleon and Emu3: a picture becomes words of a codebook, which the language model reads like any other token.

They have no vision tower and no projector: an image's states are the language model's, from its embeddings on.
"""

from dataclasses import replace
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of
from .family import FIXED, Family, Limit, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs

PATCH = 8
"""The width of a code of Emu3 in pixels, in every release."""


def towers(config: Any) -> dict[str, Tower]:
    """The language model."""
    text = config.get_text_config()
    return {"language": Tower("language", text.num_hidden_layers, text.hidden_size, kinds_of("language"))}


def image_word(config: Any) -> int:
    """The placeholder's id in the vocabulary's map."""
    return config.vocabulary_map["<image>"]


def square(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of codes of a picture of fixed size."""
    halvings = len(config.vq_config.channel_multiplier) - 1
    rows, cols = (length >> halvings for length in image["pixel_values"].shape[-2:])
    return (1, rows, cols)


def of_size(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of codes of a picture at its own size."""
    height, width = image["image_sizes"][0].tolist()
    return (1, height // PATCH, width // PATCH)


def without_newlines(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """The states at codes: each row of an Emu3's picture ends with one more token."""
    _, rows, cols = of_size(config, image, "language")
    return state.view(rows, cols + 1, -1)[:, :-1].flatten(0, 1)


def limit_visual_tokens(processor: Any, count: int) -> None:
    """Cap the pixels of an image, so that its codes and the token at the end of each row are at most `count`."""
    if count < 2:
        raise ValueError(f"Emu3 needs at least 2 visual tokens for an image, not {count}. Give at least 2.")
    images = processor.image_processor
    most = count * PATCH**2 // 2  # of the thinnest picture half the tokens end a row
    images.max_pixels = min(images.max_pixels, most)
    images.min_pixels = min(images.min_pixels, most // 4)


CHAMELEON = Family(
    name="chameleon",
    model_types=("chameleon",),
    modules=Modules(language="model.layers", final_norm="model.norm", encoder="model.vqmodel.encoder"),
    tokens=ImageTokens(towers, square, image_token=image_word),
    reuse=Reuse(image_prefix="causal"),
    prompt=Prompt(closing="<reserved08706>"),
    limit=FIXED,
    text_only=False,
    examples=("facebook/chameleon-7b", "facebook/chameleon-30b"),
)

EMU3 = replace(
    CHAMELEON,
    name="emu3",
    model_types=("emu3",),
    modules=Modules(
        language="model.text_model.layers", final_norm="model.text_model.norm", encoder="model.vqmodel.encoder"
    ),
    tokens=ImageTokens(towers, of_size, language_rows=without_newlines, image_token=image_word),
    prompt=Prompt(),
    limit=Limit(limit_visual_tokens, "max pixels"),
    examples=("BAAI/Emu3-Chat-hf",),
)

FAMILIES = (CHAMELEON, EMU3)
