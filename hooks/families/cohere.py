"""Command A Vision: SigLIP on tiles and a thumbnail, four patches to a token."""

from typing import Any

from .arrangement import Arrangement
from .family import Family, Limit, Modules, Reuse
from .layout import Layout
from .tokens import vit_towers


def limit_visual_tokens(processor: Any, count: int) -> None:
    """Cut into fewer tiles, so that tiles and thumbnail have at most `count` tokens."""
    each = processor.patch_size**2
    if count < each:
        raise ValueError(f"Command A Vision needs {each} visual tokens a tile, not {count}. Give at least {each}.")
    images = processor.image_processor
    images.max_patches = min(images.max_patches, max(1, count // each - 1))


COHERE2_VISION = Family(
    name="cohere2_vision",
    model_types=("cohere2_vision",),
    modules=Modules(
        vision="model.vision_tower.encoder.layers",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=Layout(Arrangement(thumbnail="last")).tokens(vit_towers),
    reuse=Reuse(image_prefix="causal"),
    limit=Limit(limit_visual_tokens, "max tiles"),
    examples=("CohereLabs/command-a-vision-07-2025",),
)

FAMILIES = (COHERE2_VISION,)
