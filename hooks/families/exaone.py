"""EXAONE 4.5: Qwen2.5-VL's tower, with windows, before a language model that counts tokens one by one."""

from dataclasses import replace

from .family import Reuse
from .qwen import QWEN2_5_VL

EXAONE4_5 = replace(
    QWEN2_5_VL,
    name="exaone4_5",
    model_types=("exaone4_5",),
    reuse=Reuse(image_prefix="causal"),
    examples=("LGAI-EXAONE/EXAONE-4.5-33B",),
)

FAMILIES = (EXAONE4_5,)
