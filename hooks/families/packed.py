"""PaddleOCR-VL and VideoLLaMA 3: packed patches that a projector behind the vision tower merges."""

from dataclasses import replace

from .family import Family, Limit, Modules, Prompt, Reuse
from .layout import Layout, split_packed
from .qwen import limit_visual_tokens
from .tokens import vit_towers

PADDLEOCR_VL = Family(
    name="paddleocr_vl",
    model_types=("paddleocr_vl",),
    modules=Modules(
        vision="model.visual.vision_model.encoder.layers",
        projector="model.projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=Layout().tokens(vit_towers, split_packed),
    reuse=Reuse(image_prefix="causal", rope_deltas="model.rope_deltas"),
    prompt=Prompt(placeholder="<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>"),
    limit=Limit(limit_visual_tokens, "max pixels"),
    examples=("PaddlePaddle/PaddleOCR-VL",),
)

VIDEO_LLAMA_3 = replace(
    PADDLEOCR_VL,
    name="video_llama_3",
    model_types=("video_llama_3",),
    modules=replace(PADDLEOCR_VL.modules, vision="model.vision_model.encoder.layers"),
    tokens=Layout().tokens(vit_towers),  # in blocks as large as its processor says
    reuse=Reuse(image_prefix="causal"),
    prompt=Prompt(placeholder="<|image_pad|>"),
    examples=("lkhl/VideoLLaMA3-2B-Image-HF",),
)

FAMILIES = (PADDLEOCR_VL, VIDEO_LLAMA_3)
