"""KOSMOS-2: a CLIP tower that a few queries read for a causal language model, at places that a mask names.

Queries have no place in the picture. The ids at their places are words of the vocabulary, by which a prompt cannot be
cut behind them: every prompt runs in full.
"""

from typing import Any

import torch
from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from .family import FIXED, Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs, three_towers, vit_grid, vit_leading


def towers(config: Any) -> dict[str, Tower]:
    """A ViT with one CLS an image, what queries read of it, and the language model."""
    vision, text = config.vision_config, config.text_config
    return three_towers(vision.num_hidden_layers, vision.hidden_size, text, cls=True)


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """Patches in their rows and columns, queries in one row."""
    return vit_grid(config, image, tower) if tower == "vision" else (1, 1, config.latent_query_num)


def masked(config: Any, inputs: Inputs) -> Tensor:
    """The places that the processor's mask names."""
    return inputs["image_embeds_position_mask"].bool()


def no_image(module: Any, ids: Tensor) -> dict[str, Any]:
    """In place of pixels, for tokens after the image."""
    width = module.config.text_config.embed_dim
    nothing = torch.zeros(0, width, device=ids.device, dtype=module.dtype)
    return {"image_embeds": nothing, "image_embeds_position_mask": torch.zeros_like(ids)}


KOSMOS_2 = Family(
    name="kosmos-2",
    model_types=("kosmos-2",),
    modules=Modules(
        vision="vision_model.model.encoder.layers",
        projector="image_to_text_projection",
        language="text_model.model.layers",
        final_norm="text_model.model.layer_norm",
        encoder="vision_model",
        generator="text_model",
    ),
    tokens=ImageTokens(towers, grid, leading=vit_leading, image_token=lambda config: -1, places=masked),
    reuse=Reuse(image_prefix="bidirectional", onward=no_image, first_position=2),
    prompt=Prompt(plain="Question: {text} Answer:"),  # the processor itself puts the image before it
    limit=FIXED,
    text_only=False,
    examples=("microsoft/kosmos-2-patch14-224",),
)

FAMILIES = (KOSMOS_2,)
