"""Florence-2: a DaViT, whose last map goes with the question through the encoder of a BART, whose decoder answers.

The stages of the DaViT have maps of different sizes and widths. The one that has a site is the last, which the
projector reads; the first projected token, the mean of all, is left out. The language states are the decoder's, which
has no image tokens.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of
from .decoder import Decoder, generation_start
from .family import FIXED, Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs


def towers(config: Any) -> dict[str, Tower]:
    """The last map of the image tower, its projection, and the decoder."""
    vision, text = config.vision_config, config.text_config
    without = kinds_of("language", without=("image",))
    return {
        "vision": Tower("vision", 0, vision.embed_dim[-1], kinds_of("vision", without=("cls", "pooled"))),
        "projector": Tower("projector", 0, vision.projection_dim, kinds_of("projector")),
        "language": Tower("language", text.decoder_layers, text.d_model, without),
    }


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of the last map."""
    vision, (rows, cols) = config.vision_config, image["pixel_values"].shape[-2:]
    for size, stride, padding in zip(vision.patch_size, vision.patch_stride, vision.patch_padding, strict=True):
        rows, cols = ((length + 2 * padding - size) // stride + 1 for length in (rows, cols))
    return (1, rows, cols)


def map_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """The cells of each image's map, (image, feature, row, column) before the projector, after it behind their mean."""
    return list(state.flatten(2).transpose(1, 2) if tower == "vision" else state[:, 1:])


FLORENCE_2 = Family(
    name="florence2",
    model_types=("florence2",),
    modules=Modules(
        vision="model.vision_tower",
        projector="model.multi_modal_projector",
        language="model.language_model.decoder.layers",
        before_head="model.language_model.decoder.layers",
        encoder="model.vision_tower",
        memory="model.language_model.encoder",
    ),
    tokens=ImageTokens(towers, grid, vision_rows=map_rows),
    reuse=Reuse(image_prefix="decoder"),
    decoder=Decoder(generation_start("")),
    # the processor puts the image before the question, and marks around it
    prompt=Prompt(plain="{text}", ends_open=False, call_settings={"add_special_tokens": False}),
    limit=FIXED,
    text_only=False,
    examples=("florence-community/Florence-2-base-ft", "florence-community/Florence-2-large-ft"),
)

FAMILIES = (FLORENCE_2,)
