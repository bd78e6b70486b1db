"""pocket-vlm: a language model that has never read a word, behind the vision tower of pocket-clip.

`begin` (stage 2) teaches it to look things up; `finish` (stage 5) goes on with the tower that pocket-clip's second half
has trained meanwhile, and `polish` (stage 6) with its own. Pictures alone teach a tower three times as fast as pictures
with questions do.
"""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import CLIPModel, LlavaForConditionalGeneration

from probe.prompts import DESCRIBE, SAFETY, PromptName, presence_question, render
from probe.sample import Sample

from . import models, questions
from .gallery import Gallery
from .packing import Packer, Reader, Segment
from .questions import Facts
from .schedule import Schedule, optimise
from .vision import DenseHead, Views, fused, views

BEGIN = Schedule(steps=1800, batch=16, rate=1.2e-3, stop=800)
FINISH = Schedule(steps=750, batch=16, rate=1.2e-3)
POLISH = Schedule(steps=950, batch=16, rate=1e-3)

ROOM = 220
"""Tokens of questions and answers behind each picture."""

_CERTAIN = {"road": "yes", "sky": "yes", "motorcycle": "no", "train": "no", "sidewalk": "", "pole": ""}
"""Classes outside the datasets' questions: always there, never there, or to be looked up."""


def lesson(known: Facts, packer: Packer, rng: np.random.Generator) -> list[Segment]:
    """About ten questions about one scene in random order; the last of them may not fit."""
    rows = [_answered(packer, text, answer, "presence") for text, answer in questions.presence(known, rng, pairs=2)]
    if rng.random() < 0.8:
        rows.append(packer.segment(DESCRIBE, questions.description(known), 0.5))
    if rng.random() < 0.7:
        rows.append(packer.segment(SAFETY, "yes" if known.safe else "no"))
    if rng.random() < 0.2:
        rows.append(_answered(packer, *_certain(known, rng), "presence"))
    first = questions.colour(known, rng)
    again = questions.colour(known, rng, but=first[0]) if first and rng.random() < 0.5 else None
    for question in (questions.which(known, rng), first, again):
        if question is not None:
            text, options, answer = question
            prompt: PromptName = "mcq" if rng.random() < 0.85 else ("open", "short")[rng.integers(2)]
            rows.append(_answered(packer, text, answer, prompt, options))
    return [rows[i] for i in rng.permutation(len(rows))]


def _answered(packer: Packer, text: str, answer: str, prompt: PromptName, options: tuple[str, ...] = ()) -> Segment:
    return packer.segment(render(Sample("", "", text, options, answer), prompt), answer)


def _certain(known: Facts, rng: np.random.Generator) -> tuple[str, str]:
    word = str(rng.choice(list(_CERTAIN)))
    return presence_question(word), _CERTAIN[word] or ("yes" if word in known.present else "no")


def begin(
    scenes: Gallery,
    words: Tokenizer,
    clip: Path,
    folder: Path,
    *,
    schedule: Schedule,
    seed: int,
    device: torch.device,
    log: Path,
) -> None:
    """Teach a language model that has never read a word, behind the vision tower of `clip`; save to `folder`."""
    torch.manual_seed(seed)
    model = models.new_vlm()
    _train(model, scenes, words, clip, folder, share=0.3, schedule=schedule, seed=seed, device=device, log=log)


def finish(
    scenes: Gallery,
    words: Tokenizer,
    clip: Path,
    folder: Path,
    *,
    schedule: Schedule,
    seed: int,
    device: torch.device,
    log: Path,
) -> None:
    """Train the pocket-vlm in `folder` further, behind the vision tower of the finished `clip`."""
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    how = {"schedule": schedule, "seed": seed + 1, "device": device, "log": log}  # other batches than in the first half
    _train(model, scenes, words, clip, folder, share=0.3, gather=2, **how)


def polish(
    scenes: Gallery, words: Tokenizer, folder: Path, *, schedule: Schedule, seed: int, device: torch.device, log: Path
) -> None:
    """Train the pocket-vlm in `folder` further, behind its own vision tower."""
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    how = {"schedule": schedule, "seed": seed + 2, "device": device, "log": log}
    _train(model, scenes, words, None, folder, share=0.3, gather=2, **how)


def _train(
    model: LlavaForConditionalGeneration,
    scenes: Gallery,
    words: Tokenizer,
    clip: Path | None,
    folder: Path,
    *,
    share: float,
    gather: float = 0,
    schedule: Schedule,
    seed: int,
    device: torch.device,
    log: Path,
) -> None:
    """The vision tower takes `share` of the learning rate, and the dense head goes on teaching it small objects."""
    if clip is not None:
        pretrained = CLIPModel.from_pretrained(clip, dtype=torch.float32).vision_model.state_dict()
        model.model.vision_tower.load_state_dict(pretrained)
    model.model.vision_tower.set_attn_implementation("eager")
    model.to(device).train()  # pyright: ignore[reportArgumentType]
    packer, dense = Packer(words), DenseHead(models.VISION.width).to(device)
    reader = Reader(model, fused(model.model.vision_tower))

    def losses(batch: tuple[Views, np.random.Generator]) -> dict[str, Tensor]:
        seen, rng = batch
        packed = packer.pack([lesson(known, packer, rng) for known in seen.facts], ROOM).to(device)
        patches = reader.patches(seen.pixels)
        weight = packed.weight[packed.target >= 0]
        answers = -(reader(patches, packed) * weight).sum() / weight.sum()
        taught = dense.losses(patches, seen)
        if gather:
            taught["gathered"] = gather * dense.gather(patches, seen)
        return {"answers": answers} | {name: 0.3 * loss for name, loss in taught.items()}

    def save() -> None:
        models.save(model, models.vlm_processor(words), folder)

    tower = list(model.model.vision_tower.parameters())
    mine = {id(parameter) for parameter in tower}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in mine]
    groups = [(tower, share), ([*rest, *dense.parameters()], 1.0)]
    batches = views(scenes, schedule, seed, device)
    optimise(groups, schedule, batches, losses, device=device, log=log, checkpoint=save)
    save()
