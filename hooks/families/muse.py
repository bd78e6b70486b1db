"""Muse Glimmer and Muse Spark: a tower with windows, and a norm between the projection and the language model."""

from .family import Family, Modules, Reuse
from .layout import Layout
from .tokens import vit_towers

MUSE = Family(
    name="muse",
    model_types=("muse_glimmer", "muse_spark"),
    modules=Modules(
        vision="model.vision_tower.layers",
        projector="model.perception_emb_norm",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=Layout(in_tower=False).tokens(vit_towers),
    reuse=Reuse(image_prefix="causal"),
    examples=("meta-models/Muse-Glimmer-30B",),
)

FAMILIES = (MUSE,)
