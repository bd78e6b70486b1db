"""Llama 4: tiles and a thumbnail of the whole picture, four patches to a token, class tokens after the patches."""

from .arrangement import Arrangement
from .family import Family, Modules, Reuse
from .layout import Layout
from .tokens import cls_vit_towers

LLAMA4 = Family(
    name="llama4",
    model_types=("llama4",),
    modules=Modules(
        vision="vision_model.model.layers",
        projector="multi_modal_projector",
        language="language_model.model.layers",
        final_norm="language_model.model.norm",
    ),
    tokens=Layout(Arrangement(thumbnail="last"), leading=1, trailing=True).tokens(cls_vit_towers),
    reuse=Reuse(image_prefix="causal"),
    examples=("meta-llama/Llama-4-Scout-17B-16E-Instruct", "meta-llama/Llama-4-Maverick-17B-128E-Instruct"),
)

FAMILIES = (LLAMA4,)
