"""The table of model families: where each keeps its towers and what its image tokens look like.

Nothing outside this package asks which family a model is of. To add one: write its entry (`family.Family`, mostly
module paths) in a file of its own, add it to `FAMILIES`, and run `probe check` on a model of it.
"""

from . import clip, deepseek, gemma, idefics, internvl, llava, mllama, pixtral, qformer, qwen
from .family import LANGUAGE_TOKENS, Family, Inputs

__all__ = ["FAMILIES", "LANGUAGE_TOKENS", "Family", "Inputs", "find"]

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


def find(model_type: str) -> Family | None:
    """The family that a config's `model_type` belongs to, None where no entry fits."""
    return next((family for family in FAMILIES if model_type in family.model_types), None)
