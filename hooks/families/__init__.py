"""The table of model families: where each keeps its towers and what its image tokens look like.

Nothing outside this package asks which family a model is of. To add one: write its entry (`family.Family`, mostly
module paths) in a file of its own and add it to `FAMILIES`, or keep it in a package of yours and `add` it; then run
`probe check` on a model of it.
"""

from collections.abc import Mapping
from typing import Any

from . import (
    align,
    blip,
    clip,
    codebook,
    cohere,
    deepseek,
    donut,
    exaone,
    fast_vlm,
    florence,
    fuyu,
    gemma,
    gemma4_unified,
    git,
    glm,
    got_ocr2,
    granite,
    hunyuan,
    idefics,
    internvl,
    kosmos,
    lfm,
    llama4,
    llava,
    mllama,
    molmo,
    muse,
    nemotron,
    packed,
    perception,
    pixtral,
    qformer,
    qwen,
    whole_view,
)
from .contrast import Contrast
from .coverage import REFUSED, Coverage, coverage
from .decoder import Decoder
from .extension import add, process_local, registered
from .family import FIXED, Family, Limit, Modules, Prompt, Reuse
from .generic import generic
from .tokens import ImageTokens, Inputs

__all__ = [
    "FAMILIES",
    "FIXED",
    "UNSUPPORTED",
    "Contrast",
    "Coverage",
    "Decoder",
    "Family",
    "ImageTokens",
    "Inputs",
    "Limit",
    "Modules",
    "Prompt",
    "Reuse",
    "add",
    "all_families",
    "covered",
    "find",
    "generic",
    "process_local",
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
    *llama4.FAMILIES,
    *hunyuan.FAMILIES,
    *got_ocr2.FAMILIES,
    *muse.FAMILIES,
    *glm.FAMILIES,
    *exaone.FAMILIES,
    *packed.FAMILIES,
    *cohere.FAMILIES,
    *granite.FAMILIES,
    *whole_view.FAMILIES,
    *molmo.FAMILIES,
    *perception.FAMILIES,
    *lfm.FAMILIES,
    *florence.FAMILIES,
    *donut.FAMILIES,
    *fast_vlm.FAMILIES,
    *fuyu.FAMILIES,
    *git.FAMILIES,
    *kosmos.FAMILIES,
    *codebook.FAMILIES,
    *gemma4_unified.FAMILIES,
    *nemotron.FAMILIES,
    *clip.FAMILIES,
    *blip.FAMILIES,
    *align.FAMILIES,
)


UNSUPPORTED: Mapping[str, str] = {
    **internvl.UNSUPPORTED,
    **{name: f"{reason[0].upper()}{reason[1:]}." for name, reason in REFUSED.items()},
}
"""Model types that no entry can read as they are: why, or what to do instead."""


def all_families() -> tuple[Family, ...]:
    """The families that were added or installed, then the table."""
    return (*registered(), *FAMILIES)


def find(settings: Mapping[str, Any]) -> Family | None:
    """The family of a model's config.json, None where no entry fits.

    An entry that names `model_type/class of the checkpoint`, or `model_type/model_type` of its text or vision config,
    goes before one that names `model_type` alone.
    """
    model_type, parts = settings.get("model_type", ""), [settings.get(f"{part}_config") for part in ("text", "vision")]
    further = [*(settings.get("architectures") or ()), *(part.get("model_type", "") for part in parts if part)]
    names = (*(f"{model_type}/{each}" for each in further), model_type)
    return next((family for name in names for family in all_families() if name in family.model_types), None)


def covered() -> tuple[Coverage, ...]:
    """Every model type of the installed transformers, and whether it can be read."""
    return coverage(all_families())
