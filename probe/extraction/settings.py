"""The choices that determine the numbers of a run."""

from dataclasses import dataclass
from typing import Literal

from .. import prompts

Keep = Literal["tokens", "pooled", "answers"]


@dataclass(frozen=True)
class Settings:
    """The choices that determine the numbers of a run; each is an option of `probe extract`."""

    model: str
    dataset: str
    perturb: tuple[str, ...] = ("invariance",)
    sites: tuple[str, ...] = ()
    prompt: prompts.PromptName | None = None
    limit: int | None = None
    seed: int = 0
    keep: Keep = "pooled"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    quantize: Literal["nf4", "int8"] | None = None
    double_quantization: bool = False
    visual_tokens: int | None = None
    plain: bool = False
    revision: str | None = None
    max_new_tokens: int | None = None
