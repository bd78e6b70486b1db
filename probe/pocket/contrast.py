"""pocket-clip: pictures and captions in one space.

`begin` trains it from nothing together with the vision tower that pocket-vlm starts from; `go_on` takes over the tower
of the half-trained pocket-vlm; `finish` makes the tower that pocket-vlm ends with. What every patch shows is taught
directly, by a dense head that is thrown away afterwards: with a few thousand scenes, captions alone would not get small
objects across. On top come the contrastive loss between pictures and captions and a sigmoid loss per class.
"""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPModel, LlavaForConditionalGeneration

from . import captions, models
from .gallery import Gallery
from .questions import description
from .schedule import Schedule, optimise
from .vision import DenseHead, Views, fused, presence, views

BEGIN = Schedule(steps=1000, batch=32, rate=1e-3)
CONTINUE = Schedule(steps=1400, batch=32, rate=1.2e-3)
FINISH = Schedule(steps=500, batch=32, rate=1e-3)


class CaptionLoss(nn.Module):
    """Contrastive, per-class and safety losses of picture embeddings; `emphasis` weighs the per-class one."""

    def __init__(self, model: CLIPModel, words: Tokenizer, emphasis: float) -> None:
        super().__init__()
        self.model = model
        self.emphasis = emphasis
        self.bias = nn.Parameter(torch.tensor(-4.0))
        self._tokenizer = models.clip_processor(words).tokenizer

    def embed(self, texts: list[str]) -> Tensor:
        """(text, feature) unit embeddings."""
        tokens = self._tokenizer(texts, padding=True, truncation=True, return_tensors="pt").to(self.bias.device)
        return functional.normalize(self.model.get_text_features(**tokens).pooler_output.float(), dim=-1)  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]

    def losses(self, pooled: Tensor, batch: Views, rng: np.random.Generator) -> dict[str, Tensor]:
        """Mean losses in nats: `contrast`, `classes`, `safety`."""
        images = functional.normalize(self.model.visual_projection(pooled).float(), dim=-1)
        lines = [captions.of_class(word)[rng.integers(len(captions.TEMPLATES))] for word in captions.CLASSES]
        safe, unsafe = captions.SAFETY[rng.integers(len(captions.SAFETY))]
        whole = [description(known) for known in batch.facts]
        texts = self.embed([*lines, safe, unsafe, *whole])
        scale = self.model.logit_scale.exp().clamp(max=100)
        scores = scale * images @ texts.T
        classes, safety, pairs = scores.split([len(lines), 2, len(whole)], dim=1)
        right = torch.arange(len(whole), device=scores.device)
        contrast = functional.cross_entropy(pairs, right) + functional.cross_entropy(pairs.T, right)
        sure, here = presence(batch.facts, captions.CLASSES, scores.device)
        each = functional.binary_cross_entropy_with_logits(classes + self.bias, here, reduction="none")
        danger = torch.tensor([int(not known.safe) for known in batch.facts], device=scores.device)
        return {
            "contrast": 0.1 * contrast,
            "classes": self.emphasis * (each * sure).sum() / sure.sum(),
            "safety": 0.5 * functional.cross_entropy(safety, danger),
        }


def begin(
    scenes: Gallery, words: Tokenizer, folder: Path, *, schedule: Schedule, seed: int, device: torch.device, log: Path
) -> None:
    """Train pocket-clip from nothing and save it to `folder`."""
    torch.manual_seed(seed)
    model = models.new_clip()
    _train(model, scenes, words, folder, emphasis=2, schedule=schedule, seed=seed, device=device, log=log)


def go_on(
    scenes: Gallery,
    words: Tokenizer,
    vlm: Path,
    folder: Path,
    *,
    schedule: Schedule,
    seed: int,
    device: torch.device,
    log: Path,
) -> None:
    """Train the pocket-clip in `folder` further, with the vision tower of the pocket-vlm in `vlm`."""
    torch.manual_seed(seed)
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32)
    sharper = LlavaForConditionalGeneration.from_pretrained(vlm, dtype=torch.float32).model.vision_tower
    model.vision_model.load_state_dict(sharper.state_dict())
    # another seed: other batches than before
    _train(model, scenes, words, folder, emphasis=4, schedule=schedule, seed=seed + 1, device=device, log=log)


def finish(
    scenes: Gallery, words: Tokenizer, folder: Path, *, schedule: Schedule, seed: int, device: torch.device, log: Path
) -> None:
    """Train the pocket-clip in `folder` to the end; its patches learn what the whole scene shows."""
    torch.manual_seed(seed)
    model, seed = CLIPModel.from_pretrained(folder, dtype=torch.float32), seed + 2
    _train(model, scenes, words, folder, emphasis=2, gather=4, schedule=schedule, seed=seed, device=device, log=log)


def _train(
    model: CLIPModel,
    scenes: Gallery,
    words: Tokenizer,
    folder: Path,
    *,
    emphasis: float,
    gather: float = 0,
    schedule: Schedule,
    seed: int,
    device: torch.device,
    log: Path,
) -> None:
    model.to(device).train()  # pyright: ignore[reportArgumentType]
    model.set_attn_implementation("eager")  # at 197 tokens faster than the CPU's flash attention
    tower = fused(model.vision_model)
    dense, texts = DenseHead(models.VISION.width).to(device), CaptionLoss(model, words, emphasis).to(device)

    def losses(batch: tuple[Views, np.random.Generator]) -> dict[str, Tensor]:
        seen, rng = batch
        states = tower(seen.pixels)
        patches = states.last_hidden_state[:, 1:]
        found = dense.losses(patches, seen)
        if gather:
            found["gathered"] = gather * dense.gather(patches, seen)
        return found | texts.losses(states.pooler_output, seen, rng)

    def save() -> None:
        models.save(model, models.clip_processor(words), folder)

    groups = [([*dense.parameters(), *texts.parameters()], 1.0)]
    batches = views(scenes, schedule, seed, device)
    optimise(groups, schedule, batches, losses, device=device, log=log, checkpoint=save)
    save()
