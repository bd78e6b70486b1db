"""pocket-segformer, from nothing, on the exact label maps."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from . import models
from .classes import BUILDING, ROAD, SIDEWALK, SKY, VEGETATION
from .gallery import Gallery
from .schedule import Schedule, optimise
from .vision import Views, views

SCHEDULE = Schedule(steps=2000, batch=8, rate=1.5e-3)

_SMALL_WEIGHT = 2.5
"""In the loss, for everything but the large surfaces: thin poles and far lights cover few pixels."""


def train(scenes: Gallery, folder: Path, *, schedule: Schedule, seed: int, device: torch.device, log: Path) -> None:
    """Train pocket-segformer and save it to `folder`."""
    torch.manual_seed(seed)
    model = models.new_segformer().to(device)  # pyright: ignore[reportArgumentType]
    weight = torch.full((len(models.LABELS),), _SMALL_WEIGHT, device=device)
    weight[[ROAD, SIDEWALK, BUILDING, VEGETATION, SKY]] = 1.0

    def losses(batch: tuple[Views, np.random.Generator]) -> dict[str, Tensor]:
        seen, _ = batch
        logits = model(pixel_values=seen.pixels).logits.float()
        logits = functional.interpolate(logits, size=seen.labels.shape[-2:], mode="bilinear", align_corners=False)
        return {"pixels": functional.cross_entropy(logits, seen.labels.long(), weight, ignore_index=255)}

    def save() -> None:
        models.save(model, models.segformer_processor(), folder)

    batches = views(scenes, schedule, seed, device)
    optimise([(model.parameters(), 1.0)], schedule, batches, losses, device=device, log=log, checkpoint=save)
    save()
