"""LLaVA: a ViT whose patches go through a small MLP into a causal language model."""

from typing import Any

from ..sites import Tower
from .family import CAUSAL_LM, LANGUAGE_TOKENS, Family, vit_grid, vit_leading


def towers(config: Any) -> dict[str, Tower]:
    """A ViT, its projector and a language model."""
    vision, text = config.vision_config, config.get_text_config()
    kinds = ("patches", "cls", "mean") if vit_leading(config) else ("patches", "mean")
    return {
        "vision": Tower("vision", vision.num_hidden_layers, vision.hidden_size, kinds),
        "projector": Tower("projector", 0, text.hidden_size, ("patches", "mean")),
        "language": Tower("language", text.num_hidden_layers, text.hidden_size, LANGUAGE_TOKENS),
    }


LLAVA = Family(
    name="llava",
    model_types=("llava",),
    kind="generative",
    auto_class=CAUSAL_LM,
    vision="model.vision_tower.encoder.layers",
    projector="model.multi_modal_projector",
    language="model.language_model.layers",
    final_norm="model.language_model.norm",
    image_prefix="causal",
    leading=vit_leading,
    towers=towers,
    grid=vit_grid,
    examples=("llava-hf/llava-1.5-7b-hf", "llava-hf/llava-1.5-13b-hf"),
)

FAMILIES = (LLAVA,)
