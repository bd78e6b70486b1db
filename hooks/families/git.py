"""GIT: a CLIP tower whose projected tokens stand before the text, without places of their own in the prompt.

Image tokens attend to each other alone. A prompt cannot be cut behind the image, so that every prompt runs in full.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .family import FIXED, Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs, cls_vit_towers, vit_grid, vit_leading


def rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Each image's tokens; the projected CLS is left out."""
    return list(state if tower == "vision" else state[:, 1:])


def without_class(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """The states at patches, behind that of CLS."""
    return state[1:]


def before_text(config: Any, inputs: Inputs) -> Tensor:
    """CLS and patches stand before the ids."""
    ids = inputs["input_ids"]
    _, height, width = vit_grid(config, inputs, "vision")
    image = torch.ones(len(ids), 1 + height * width, dtype=torch.bool, device=ids.device)
    return torch.cat([image, torch.zeros_like(ids, dtype=torch.bool)], dim=1)


GIT = Family(
    name="git",
    model_types=("git",),
    modules=Modules(
        vision="git.image_encoder.vision_model.encoder.layers",
        projector="git.visual_projection",
        language="git.encoder.layer",
        before_head="git.encoder.layer",
        encoder="git.image_encoder",
    ),
    tokens=ImageTokens(
        cls_vit_towers,
        vit_grid,
        leading=vit_leading,
        vision_rows=rows,
        language_rows=without_class,
        image_token=lambda config: -1,
        places=before_text,
    ),
    reuse=Reuse(image_prefix="bidirectional"),
    prompt=Prompt(plain="{text}"),
    limit=FIXED,
    text_only=False,
    own_attention=True,
    examples=("microsoft/git-base-vqav2", "microsoft/git-base-textvqa", "microsoft/git-large-vqav2"),
)

FAMILIES = (GIT,)
