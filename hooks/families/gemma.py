"""Gemma 3 and PaliGemma: SigLIP before a Gemma, on a picture of fixed size."""

from dataclasses import replace
from math import isqrt
from typing import Any

from ..reading import Grid
from .family import FIXED, Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs, vit_grid, vit_towers


def pooled_grid(config: Any, image: Inputs, tower: str) -> Grid:
    """One token per patch in the vision tower; from the projector on, averages over squares of patches."""
    side = isqrt(config.mm_tokens_per_image)
    return vit_grid(config, image, tower) if tower == "vision" else (1, side, side)


def split_pictures(config: Any, view: Inputs) -> list[Inputs]:
    """Pictures lie along the first axis of the pixels."""
    return [{"pixel_values": part} for part in view["pixel_values"].split(1)]


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

FAMILIES: tuple[Family, ...] = (GEMMA3, PALIGEMMA)
