"""What the stages share of seeing: batches of views, and a head that teaches every patch what it shows."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .classes import LAMPS, PAINT, WORDS
from .gallery import Gallery
from .models import MEAN, PATCH, STD
from .questions import Facts
from .schedule import Schedule

SHOWN = 0.03
"""A patch shows a class from this share of its pixels on."""

_COLOURS = (*PAINT, *(f"{lamp} lamp" for lamp in LAMPS))


@dataclass(frozen=True)
class Views:
    """One batch: `pixels` (scene, channel, row, col) normalised, `labels` (scene, row, col), and the facts."""

    pixels: Tensor
    labels: Tensor
    facts: tuple[Facts, ...]


def views(
    scenes: Gallery, schedule: Schedule, seed: int, device: torch.device
) -> Iterator[tuple[Views, np.random.Generator]]:
    """The batches of a stage, half of them mirrored, their brightness and contrast a little varied.

    Comes with the generator, from which a stage may draw further choices.
    """
    rng = np.random.default_rng(seed)
    mean, std = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1)
    for batch in scenes.batches(schedule.batch, schedule.length, rng):
        pixels = torch.from_numpy(scenes.pixels[batch]).permute(0, 3, 1, 2).float() / 255
        labels = torch.from_numpy(scenes.labels[batch])
        if rng.random() < 0.5:
            pixels, labels = pixels.flip(-1), labels.flip(-1)
        gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(batch), 1, 1, 1)).astype(np.float32))
        pixels = ((pixels * gain).clamp(0, 1) - mean) / std
        facts = tuple(scenes.facts[i] for i in batch)
        yield Views(pixels.to(device), labels.to(device), facts), rng


class DenseHead(nn.Module):
    """Reads off every patch which classes it shows and which colour its vehicle or light has."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.classes = nn.Linear(width, len(WORDS))
        self.colours = nn.Linear(width, len(_COLOURS))
        self.gathered = nn.Linear(width, len(WORDS))

    def losses(self, patches: Tensor, batch: Views) -> dict[str, Tensor]:
        """Cross-entropies in nats: `dense` over (scene, patch, class), `paint` over patches of a known colour."""
        states = self.norm(patches)
        shares = patch_shares(batch.labels)
        dense = functional.binary_cross_entropy_with_logits(self.classes(states).float(), (shares > SHOWN).float())
        scene, patch, colours = _known_colours(shares, batch.facts)
        if not len(colours):
            return {"dense": 4 * dense}
        paint = functional.cross_entropy(self.colours(states[scene, patch]).float(), colours)
        return {"dense": 4 * dense, "paint": 0.3 * paint}

    def gather(self, patches: Tensor, batch: Views) -> Tensor:
        """Mean cross-entropy in nats of telling from the mean over all patches which classes the scene shows.

        It makes the tower spread the news of small objects: who looks at no patch in particular learns of them too.
        """
        sure, here = presence(batch.facts, tuple(WORDS), patches.device)
        logits = self.gathered(self.norm(patches).mean(1)).float()
        each = functional.binary_cross_entropy_with_logits(logits, here, reduction="none")
        return (each * sure).sum() / sure.sum()


def patch_shares(labels: Tensor) -> Tensor:
    """(scene, patch, class) share of each patch, in [0, 1], that each class of the world covers."""
    scenes, height, width = labels.shape
    rows, cols = height // PATCH, width // PATCH
    row, col = torch.arange(height) // PATCH, torch.arange(width) // PATCH
    patch = (row[:, None] * cols + col + torch.arange(scenes)[:, None, None] * rows * cols).to(labels.device)
    counts = torch.bincount((patch * 256 + labels).flatten(), minlength=scenes * rows * cols * 256)
    return counts.view(scenes, rows * cols, 256)[..., list(WORDS.values())] / PATCH**2


def _known_colours(shares: Tensor, facts: tuple[Facts, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """(scene, patch, colour) of every patch on which a vehicle or light of a known colour is seen."""
    words = list(WORDS)
    colours = torch.full((len(facts), len(words)), -1)
    for scene, known in enumerate(facts):
        for word, colour in known.colours:
            name = f"{colour} lamp" if word == "traffic light" else colour
            colours[scene, words.index(word)] = _COLOURS.index(name)
    scene, patch, word = torch.nonzero((shares > 0.08) & (colours >= 0).to(shares.device)[:, None], as_tuple=True)
    return scene, patch, colours.to(shares.device)[scene, word]


def presence(facts: tuple[Facts, ...], words: tuple[str, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """(scene, class) whether presence is beyond doubt, and whether the class is there; both as 0 or 1."""
    here = torch.tensor([[float(word in known.present) for word in words] for known in facts])
    gone = torch.tensor([[float(word in known.absent) for word in words] for known in facts])
    return (here + gone).to(device), here.to(device)


def fused(tower: nn.Module) -> nn.Module:
    """The same tower, compiled where a C++ compiler is at hand: about 1.4 times as fast on a CPU."""
    return torch.compile(tower) if shutil.which("g++") else tower  # type: ignore[return-value]
