"""PP-Chart2Table, which has the parts of GOT-OCR2, but leaves it to the prompt to have as many marks as tokens."""

from .family import FIXED, Family, Modules, Prompt, Reuse
from .layout import Layout
from .tokens import vit_towers

PP_CHART2TABLE = Family(
    name="pp_chart2table",
    model_types=("pp_chart2table",),
    modules=Modules(
        vision="model.vision_tower.layers",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=Layout().tokens(vit_towers),
    reuse=Reuse(image_prefix="causal"),
    prompt=Prompt(placeholder=f"<img>{'<imgpad>' * 256}</img>"),
    limit=FIXED,
    text_only=False,
    examples=("PaddlePaddle/PP-Chart2Table_safetensors",),
)

FAMILIES = (PP_CHART2TABLE,)
