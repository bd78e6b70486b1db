"""Gemma 3 and PaliGemma: SigLIP before a Gemma, on a picture of fixed size. Gemma 4: a tower for any shape.

In T5Gemma 2 an encoder reads image and question; the language states are the decoder's, which has no image tokens.
"""

from dataclasses import replace
from math import isqrt
from typing import Any

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of
from .decoder import Decoder, generation_start
from .family import FIXED, Family, Limit, Modules, Prompt, Reuse
from .layout import Layout
from .tokens import ImageTokens, Inputs, vit_grid, vit_towers

SOFT_TOKENS = (70, 140, 280, 560, 1120)


def pooled_grid(config: Any, image: Inputs, tower: str) -> Grid:
    """One token per patch in the vision tower; from the projector on, averages over squares of patches."""
    side = isqrt(config.mm_tokens_per_image)
    return vit_grid(config, image, tower) if tower == "vision" else (1, side, side)


def split_pictures(config: Any, view: Inputs) -> list[Inputs]:
    """Pictures lie along the first axis of the pixels."""
    return [{"pixel_values": part} for part in view["pixel_values"].split(1)]


def split_padded(config: Any, view: Inputs) -> list[Inputs]:
    """Gemma 4's pictures lie along the first axis of the patches and of their places; padding has places below 0."""
    parts = zip(view["pixel_values"].split(1), view["image_position_ids"].split(1), strict=True)
    return [{"pixel_values": pixels[:, at[0, :, 0] >= 0], "image_position_ids": at} for pixels, at in parts]


def limit_soft_tokens(processor: Any, count: int) -> None:
    """The largest number of tokens that Gemma 4's processor can be asked for, up to `count`."""
    fitting = [most for most in SOFT_TOKENS if most <= count]
    if not fitting:
        raise ValueError(f"Gemma 4 takes {', '.join(map(str, SOFT_TOKENS))} visual tokens, not {count}.")
    processor.image_processor.max_soft_tokens = min(fitting[-1], processor.image_processor.max_soft_tokens)


def decoder_towers(config: Any) -> dict[str, Tower]:
    """The encoder's ViT and projector, and the decoder."""
    decoder, kinds = config.decoder, kinds_of("language", without=("image",))
    language = Tower("language", decoder.num_hidden_layers, decoder.hidden_size, kinds)
    return {**vit_towers(config.encoder), "language": language}


# An image's tokens attend to each other in both directions but not to later tokens: the question does not change them.
GEMMA3 = Family(
    name="gemma3",
    model_types=("gemma3",),
    modules=Modules(
        vision="model.vision_tower.encoder.layers",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(vit_towers, pooled_grid, split_pictures=split_pictures),
    reuse=Reuse(image_prefix="causal"),
    limit=FIXED,
    vision_types=("siglip_vision_model",),
    examples=(
        "google/gemma-3-4b-it",
        "google/gemma-3-4b-pt",
        "google/gemma-3-12b-it",
        "google/gemma-3-12b-pt",
        "google/gemma-3-27b-it",
        "google/gemma-3-27b-pt",
    ),
)

# Every token of the prompt attends to the whole prompt; only the answer is causal. Positions start at 1.
PALIGEMMA = replace(
    GEMMA3,
    name="paligemma",
    model_types=("paligemma",),
    modules=replace(GEMMA3.modules, encoder="model.vision_tower"),
    tokens=replace(GEMMA3.tokens, grid=vit_grid, split_pictures=None),
    reuse=Reuse(image_prefix="bidirectional", first_position=1, answer_type=1),
    prompt=Prompt(plain="{image}answer en {text}", closing="\n"),  # the task that all checkpoints were trained on
    text_only=False,
    examples=(
        "google/paligemma-3b-mix-224",
        "google/paligemma-3b-mix-448",
        "google/paligemma-3b-pt-224",
        "google/paligemma2-3b-mix-224",
        "google/paligemma2-10b-mix-224",
        "google/paligemma2-3b-pt-224",
    ),
)

# Patches at the picture's own shape, padded to as many as the processor may make.
GEMMA4 = replace(
    GEMMA3,
    name="gemma4",
    model_types=("gemma4",),
    modules=replace(GEMMA3.modules, projector="model.embed_vision"),
    tokens=Layout().tokens(vit_towers, split_padded),
    limit=Limit(limit_soft_tokens, "max soft tokens"),
    vision_types=(),
    examples=("google/gemma-4-e2b-it", "google/gemma-4-26B-A4B-it"),
)


T5GEMMA_2 = Family(
    name="t5gemma2",
    model_types=("t5gemma2",),
    modules=Modules(
        vision="model.encoder.vision_tower.encoder.layers",
        projector="model.encoder.multi_modal_projector",
        language="model.decoder.layers",
        final_norm="model.decoder.norm",
        encoder="model.encoder.vision_tower",
        memory="model.encoder",
    ),
    tokens=ImageTokens(decoder_towers, lambda config, image, tower: pooled_grid(config.encoder, image, tower)),
    reuse=Reuse(image_prefix="decoder"),
    decoder=Decoder(generation_start("")),
    prompt=Prompt(plain="{image} {text}", ends_open=False),
    limit=FIXED,
    text_only=False,
    examples=("google/t5gemma-2-270m-270m", "google/t5gemma-2-1b-1b", "google/t5gemma-2-4b-4b"),
)

FAMILIES: tuple[Family, ...] = (GEMMA3, PALIGEMMA, GEMMA4, T5GEMMA_2)
