"""GLM-4.1V and its successors: Qwen2-VL's layout, but every picture counts as two frames when its size is capped."""

from dataclasses import replace
from functools import partial

from .family import Family, Limit, Prompt
from .qwen import QWEN2_VL, limit_visual_tokens

GLM4V = replace(
    QWEN2_VL,
    name="glm4v",
    model_types=("glm4v",),
    prompt=Prompt(placeholder="<|begin_of_image|><|image|><|end_of_image|>"),
    limit=Limit(partial(limit_visual_tokens, frames=2), "max pixels"),
    examples=("zai-org/GLM-4.1V-9B-Thinking", "zai-org/GLM-4.1V-9B-Base"),
)


def successor(name: str, *examples: str) -> Family:
    """A family with the same parts."""
    return replace(GLM4V, name=name, model_types=(name,), examples=examples)


GLM4V_MOE = successor("glm4v_moe", "zai-org/GLM-4.5V")
GLM46V = successor("glm46v", "zai-org/GLM-4.6V-Flash")
GLM_OCR = successor("glm_ocr", "zai-org/GLM-OCR")

FAMILIES = (GLM4V, GLM4V_MOE, GLM46V, GLM_OCR)
