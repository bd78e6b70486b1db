"""CLIP and its relatives: two towers and a scaled cosine."""

from typing import Any

from ..sites import Tower
from .family import Family, vit_grid, vit_leading


def towers(config: Any) -> dict[str, Tower]:
    """The image tower; captions are encoded whole, so the text tower has no sites."""
    vision = config.vision_config
    kinds = ("patches", "cls", "mean", "pooled")
    return {"vision": Tower("vision", vision.num_hidden_layers, vision.hidden_size, kinds, config.projection_dim)}


CLIP = Family(
    name="clip",
    model_types=("clip",),
    kind="contrastive",
    auto_class="AutoModel",
    vision="vision_model.encoder.layers",
    image_prefix="none",
    leading=vit_leading,
    towers=towers,
    grid=vit_grid,
    text_only=False,
    examples=("openai/clip-vit-base-patch32", "openai/clip-vit-large-patch14-336"),
)

FAMILIES = (CLIP,)
