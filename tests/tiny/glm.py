"""Small checkpoints of `hooks.families.glm`, and of GLM-GA, which has their parts."""

from functools import partial

from .packed import BLOCKS, ROPE, pictures, save
from .parts import Save

GLM = ("<|image|>", "<|video|>", "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>")
EXPERTS = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "n_shared_experts": 1}
glm = partial(
    save,
    specials=GLM,
    images=partial(pictures, "Glm4vImageProcessor", temporal=2, temporal_patch_size=2),
    processor="Glm4vProcessor",
    mark="<|begin_of_image|><|image|><|end_of_image|>",
    vision=BLOCKS | {"image_size": 64},
    text={"rope_parameters": ROPE},
)
glm46 = partial(
    glm,
    images=partial(pictures, "Glm46VImageProcessor", temporal=2, temporal_patch_size=2),
    processor="Glm46VProcessor",
)

CASES: dict[str, Save] = {
    "glm4v": partial(glm, model_type="glm4v"),
    "glm46v": partial(glm46, model_type="glm46v"),
    "glmga": partial(
        glm46, model_type="glmga", images=partial(pictures, "GlmgaImageProcessor", temporal=2, temporal_patch_size=2)
    ),
    "glm4v_moe": partial(
        glm, model_type="glm4v_moe", text={"rope_parameters": ROPE | {"partial_rotary_factor": 1.0}, **EXPERTS}
    ),
    "glm_ocr": partial(glm46, model_type="glm_ocr", text={"rope_parameters": ROPE, "head_dim": 16}),
}
