"""How a model is to be loaded; reading these options needs no model library."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LoadOptions:
    """How to load. `dtype` "auto" is the checkpoint's own, but float32 on a CPU, where 16 bits are slow and imprecise.

    `quantize` keeps the weights in 4 (nf4) or 8 bits and computes in `dtype`; `double_quantization` also quantises
    nf4's scales. `visual_tokens` limits an image's tokens in families that allow it. `plain` prompts without the chat
    template, for base models. Remote code is never run unless `trust_remote_code`.
    """

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    quantize: Literal["nf4", "int8"] | None = None
    double_quantization: bool = False
    revision: str | None = None
    visual_tokens: int | None = None
    plain: bool = False
    trust_remote_code: bool = False
