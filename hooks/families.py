"""Model families: where each keeps its towers and what its image tokens look like. One family is one entry.

Nothing outside this file asks which family a model is of. To add one: write its entry (mostly module paths), add it to
`FAMILIES`, and run `probe check` on a model of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from .reading import Grid
from .sites import Tower

Inputs = Mapping[str, Tensor]
"""What the processor made of one image: pixel_values and whatever goes with them."""

LANGUAGE_TOKENS = ("image", "context_last", "answer_mean", "answer_free", "answer_clean")


def batch_rows(state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split states whose batch rows are the images: (image, token, feature) -> per image (token, feature)."""
    return list(state.unbind(0))


def scaled_cosine(module: nn.Module, image: Tensor, text: Tensor) -> Tensor:
    """Image-text logits, logit scale x cosine: (image, feature), (text, feature) -> (image, text)."""
    image, text = (x / x.norm(dim=-1, keepdim=True) for x in (image, text))
    return image @ text.T * module.get_parameter("logit_scale").exp()


@dataclass(frozen=True)
class Family:
    """What `hooks` must know of a family.

    `vision`, `language`: paths of the module lists that hold the blocks. `projector`: path of the module whose output
    enters the language model. `final_norm`: path of the language model's last norm. `leading(config)`: how many tokens
    come before the patches in vision states (CLS). `grid(config, image, tower)`: token layout of one processed image in
    a tower. `vision_rows(state, images, tower)`: vision or projector states of a batch, split by image, CLS first and
    patches in row-major order. `image_prefix`:
    "causal" where image-position states do not depend on what follows, so that encode-once holds. `rope_deltas`: path
    of the tensor (row, 1) by which text positions after an image differ from token counts, where they do.
    `set_visual_tokens(processor, n)`: cap an image's tokens at n; None where their number is fixed.
    """

    name: str
    model_types: tuple[str, ...]
    kind: Literal["generative", "contrastive"]
    auto_class: str
    vision: str
    towers: Callable[[Any], dict[str, Tower]]
    grid: Callable[[Any, Inputs, str], Grid]
    image_prefix: Literal["causal", "bidirectional", "cross_attention", "none"]
    language: str = ""
    projector: str = ""
    final_norm: str = ""
    leading: Callable[[Any], int] = lambda config: 0
    vision_rows: Callable[[Tensor, Sequence[Inputs], str], list[Tensor]] = batch_rows
    similarity: Callable[[nn.Module, Tensor, Tensor], Tensor] = scaled_cosine
    rope_deltas: str = ""
    set_visual_tokens: Callable[[Any, int], None] | None = None
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def _vit_leading(config: Any) -> int:
    return 0 if config.vision_config.model_type.startswith("siglip") else 1


def _vit_grid(config: Any, image: Inputs, tower: str) -> Grid:
    height, width = image["pixel_values"].shape[-2:]
    patch = config.vision_config.patch_size
    return (1, height // patch, width // patch)


def _llava_towers(config: Any) -> dict[str, Tower]:
    vision, text = config.vision_config, config.get_text_config()
    kinds = ("patches", "cls", "mean") if _vit_leading(config) else ("patches", "mean")
    return {
        "vision": Tower("vision", vision.num_hidden_layers, vision.hidden_size, kinds),
        "projector": Tower("projector", 0, text.hidden_size, ("patches", "mean")),
        "language": Tower("language", text.num_hidden_layers, text.hidden_size, LANGUAGE_TOKENS),
    }


def _clip_towers(config: Any) -> dict[str, Tower]:
    vision = config.vision_config
    kinds = ("patches", "cls", "mean", "pooled")
    return {"vision": Tower("vision", vision.num_hidden_layers, vision.hidden_size, kinds, config.projection_dim)}


LLAVA = Family(
    name="llava",
    model_types=("llava",),
    kind="generative",
    auto_class="AutoModelForImageTextToText",
    vision="model.vision_tower.encoder.layers",
    projector="model.multi_modal_projector",
    language="model.language_model.layers",
    final_norm="model.language_model.norm",
    image_prefix="causal",
    leading=_vit_leading,
    towers=_llava_towers,
    grid=_vit_grid,
    examples=("llava-hf/llava-1.5-7b-hf", "llava-hf/llava-1.5-13b-hf"),
)

CLIP = Family(
    name="clip",
    model_types=("clip",),
    kind="contrastive",
    auto_class="AutoModel",
    vision="vision_model.encoder.layers",
    image_prefix="none",
    leading=_vit_leading,
    towers=_clip_towers,
    grid=_vit_grid,
    examples=("openai/clip-vit-base-patch32", "openai/clip-vit-large-patch14-336"),
)

FAMILIES: tuple[Family, ...] = (LLAVA, CLIP)


def find(model_type: str) -> Family | None:
    """The family that a config's `model_type` belongs to, None where no entry fits."""
    return next((family for family in FAMILIES if model_type in family.model_types), None)
