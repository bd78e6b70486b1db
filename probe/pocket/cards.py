"""The model cards: what each pocket model is, how it was made, and what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import contrast, dpo, models, segformer, vlm
from .schedule import Schedule

HEAD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: {task}
tags: [vlm-undertow, street-scenes, procedural]
---

# {name}

{what}

It knows nothing but the drawn street scenes of `probe.pocket.world`; it exists so that everything in vlm-undertow runs
without a network, on a model that has really learned something and really breaks.
"""

WHAT = {
    "pocket-clip": "A CLIP model: ViT {vision}, patches of 16 at 224 pixels; text tower {caption}.",
    "pocket-vlm": "A LLaVA model: the vision tower of pocket-clip ({vision}), a two-layer projector and a Llama "
    "({language}) with a byte-level vocabulary of 480 tokens. The class token is dropped; 196 image tokens come before "
    "the question.",
    "pocket-vlm-aligned": "pocket-vlm after direct preference optimisation: same architecture, same vision tower, "
    "so that a base and an aligned model can be compared.",
    "pocket-segformer": "A SegFormer with four stages at 1/4 to 1/32 of the image side, for the 19 Cityscapes "
    "train ids.",
}

TASK = {
    "pocket-clip": "zero-shot-image-classification",
    "pocket-vlm": "image-text-to-text",
    "pocket-vlm-aligned": "image-text-to-text",
    "pocket-segformer": "image-segmentation",
}

TRAINING = {
    "pocket-clip": "First from nothing, then again with the vision tower of the half-trained pocket-vlm: a dense "
    "head that names the classes of every patch (thrown away afterwards), a contrastive loss on whole captions, a "
    "sigmoid loss on one line per class, and two safety lines.",
    "pocket-vlm": "Language model from nothing behind the vision tower of the half-trained pocket-clip, then "
    "behind that of the finished one, then both together; about seven questions and a description per scene, in the "
    "wordings of `probe.prompts`; loss on the answers alone.",
    "pocket-vlm-aligned": "From pocket-vlm, which is also the frozen reference; β = {beta}; pairs of true and untrue "
    "descriptions, right and wrong answers, careful and careless answers on safety. The vision tower is not trained.",
    "pocket-segformer": "From nothing, pixel-wise cross-entropy on the exact label maps.",
}

SCHEDULES: dict[str, tuple[Schedule, ...]] = {
    "pocket-clip": (contrast.BEGIN, contrast.CONTINUE, contrast.FINISH),
    "pocket-vlm": (vlm.BEGIN, vlm.FINISH, vlm.POLISH),
    "pocket-vlm-aligned": (dpo.SCHEDULE,),
    "pocket-segformer": (segformer.SCHEDULE,),
}


@dataclass(frozen=True)
class Card:
    """One model's figures, in named tables of (what, value)."""

    name: str
    scenes: int
    """How many held-out scenes were looked at."""
    seed: int
    """Of the world that they come from."""
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def text(self) -> str:
        """The card as Markdown with its front matter."""
        what = WHAT[self.name].format(vision=_shape("VISION"), caption=_shape("CAPTION"), language=_shape("LANGUAGE"))
        steps = [f"{s.length} steps of {s.batch} scenes at a peak rate of {s.rate:g}" for s in SCHEDULES[self.name]]
        lines = [
            HEAD.format(name=self.name, task=TASK[self.name], what=what),
            "## Training\n",
            TRAINING[self.name].format(beta=dpo.BETA) + "\n",
            f"{', then '.join(steps)}; AdamW, warm-up and cosine, bfloat16 autocast.",
            "`python -m probe.pocket.train` makes it again from nothing. Weights are stored in half precision.\n",
            "## Measured\n",
            f"On {self.scenes} scenes of a world (seed {self.seed}) that no training saw, from the stored weights in "
            "float32. Brackets: 95 % intervals by scene (Wilson's, on the effective number).\n",
        ]
        for title, rows in self.tables.items():
            lines += [f"| {title} | |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows.items()), ""]
        return "\n".join(lines)

    def write(self, folder: Path) -> None:
        """Put the card beside the weights as README.md."""
        (folder / "README.md").write_text(self.text())


def _shape(tower: str) -> str:
    shape = getattr(models, tower)
    return f"{shape.layers} layers of width {shape.width}, {shape.heads} heads"
