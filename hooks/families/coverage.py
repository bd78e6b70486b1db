"""Which model types of the installed transformers can be read, and why the others cannot.

A type is read by an entry of the table, by structure (and every check passes on a small checkpoint of it), or it is
refused for the reason that stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from transformers.models.auto import modeling_auto

from .family import Family

STRUCTURE: tuple[str, ...] = (
    "aria",
    "aya_vision",
    "cohere_compass",
    "cosmos3_edge",
    "cosmos3_omni",
    "dots3_note",
    "ernie4_5_vl_moe",
    "glmga",
    "got_ocr2",
    "granite_docling",
    "hyperclovax_vision_v2",
    "idefics2",
    "janus",
    "kimi_k25",
    "lighton_ocr",
    "minimax_m3_vl",
    "mistral_large4",
    "ovis2",
    "qwen2_5_omni_thinker",
    "qwen3_omni_moe_thinker",
)
"""Types without an entry whose parts are found by structure, and pass every check on a small checkpoint."""

NO_PLACE = "its vision tower is not one list of blocks, and no entry of the table reads it"
STREAMS = "its language blocks pass on several states of a token side by side, none of which is that of the layer"
MERGING = "its vision tower merges patches between its blocks, so that their states have no common grid"
VIDEOS = "it reads videos, and no picture can be shown to it alone"

REFUSED: Mapping[str, str] = {
    "diffusion_gemma": "it writes blocks of tokens by diffusion, so that options have no left-to-right score",
    "evolla": "it reads proteins, not pictures",
    "gemma3n": STREAMS,
    "glm5_next": STREAMS,
    "idefics": "its pictures enter through cross-attention blocks beside the language blocks, which no entry reads",
    "inkling2": "its language blocks read states of several earlier blocks, and what it reports is not their output",
    "inkling_mm_model": "its vision blocks fold pixels step by step, each into fewer and wider tokens",
    "instructblipvideo": "it reads videos of four frames, and its processor takes no picture; InstructBLIP takes one",
    "kosmos-2.5": "it reads packed patches at places that a mask names, which no entry lays out; KOSMOS-2 is read",
    "minicpm_ocr": MERGING,
    "minicpmv4_6": MERGING,
    "minicpmv4_7": MERGING,
    "mistral4": "it is a language model: its own class has no vision tower",
    "pi0": "it moves robots: its output is actions, not words",
    "pix2struct": "it is asked in words drawn into the picture, with a font that its processor fetches from the hub",
    "pp_formulanet": "it reads formulas and is not asked questions",
    "qwen4_exp": STREAMS,
    "shieldgemma2": "its processor asks questions of its own, about policies",
    "udop": "it reads the words of a page and where they stand, which a picture and a question do not give",
    "unlimited_ocr": "its processor counts crops in lists, which are not a part of a batch of tensors",
    "videoprism": "it compares videos with texts, and its processor takes no picture; SigLIP 2 compares pictures",
}
"""Why a type is refused, one line each."""

MAPPINGS: Mapping[Literal["generative", "contrastive"], str] = {
    "generative": "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES",
    "contrastive": "MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES",
}
"""The library's lists of the types that answer questions about pictures, and that compare pictures with captions."""


@dataclass(frozen=True)
class Coverage:
    """One model type as one kind of model: `state` is "table", "structure", "refused" or "unknown".

    `detail` names the entry of a type of the table, and says why one is refused.
    """

    model_type: str
    kind: Literal["generative", "contrastive"]
    state: Literal["table", "structure", "refused", "unknown"]
    detail: str = ""


def coverage(families: tuple[Family, ...]) -> tuple[Coverage, ...]:
    """Every type of the installed transformers in alphabetical order, first those that answer, then those that compare.

    `families` are the entries that read them. A type of a newer version that is not listed here is "unknown".
    """
    return tuple(
        _covered(name, kind, families)
        for kind, mapping in MAPPINGS.items()
        for name in sorted(getattr(modeling_auto, mapping))
    )


def _covered(name: str, kind: Literal["generative", "contrastive"], families: tuple[Family, ...]) -> Coverage:
    readers = [family for family in families if name in {each.partition("/")[0] for each in family.model_types}]
    if mine := [family.name for family in readers if family.kind == kind]:
        return Coverage(name, kind, "table", ", ".join(mine))
    if name in STRUCTURE and kind == "generative":
        return Coverage(name, kind, "structure")
    if reason := REFUSED.get(name):
        return Coverage(name, kind, "refused", reason)
    if readers:
        return Coverage(name, kind, "refused", f"{readers[0].name} of the table reads it, as a {readers[0].kind} model")
    return Coverage(name, kind, "unknown", "found by structure, if every check passes when it is loaded")
