"""The table of model families: where each keeps its towers and what its image tokens look like.

Nothing outside this package asks which family a model is of. To add one: write its entry (`family.Family`, mostly
module paths) in a file of its own and add it to `FAMILIES`, or keep it in a package of yours and `add` it; then run
`probe check` on a model of it.
"""

from collections.abc import Mapping
from typing import Any

from . import clip, deepseek, gemma, idefics, internvl, llava, mllama, pixtral, qformer, qwen
from .extension import add, only_here, own
from .family import LANGUAGE_TOKENS, Family, Inputs
from .generic import generic

__all__ = [
    "ELSEWHERE",
    "FAMILIES",
    "LANGUAGE_TOKENS",
    "Family",
    "Inputs",
    "add",
    "every",
    "find",
    "generic",
    "only_here",
]

FAMILIES: tuple[Family, ...] = (
    *llava.FAMILIES,
    *qwen.FAMILIES,
    *internvl.FAMILIES,
    *gemma.FAMILIES,
    *qformer.FAMILIES,
    *mllama.FAMILIES,
    *idefics.FAMILIES,
    *pixtral.FAMILIES,
    *deepseek.FAMILIES,
    *clip.FAMILIES,
)


ELSEWHERE: Mapping[str, str] = {**internvl.ELSEWHERE}
"""Model types that no entry can read as they are, and what to do instead."""


def every() -> tuple[Family, ...]:
    """Families of your own, then the table."""
    return (*own(), *FAMILIES)


def find(settings: Mapping[str, Any]) -> Family | None:
    """The family of a model's config.json, None where no entry fits.

    An entry that names `model_type/vision model_type` goes before one that names `model_type` alone.
    """
    model_type, vision = settings.get("model_type", ""), settings.get("vision_config") or {}
    names = (f"{model_type}/{vision.get('model_type', '')}", model_type)
    return next((family for name in names for family in every() if name in family.model_types), None)
