"""pocket-vlm-aligned, trained from pocket-vlm on pairs of answers by direct preference optimisation.

Loss per pair: −log σ(β [(log π(c) − log ρ(c)) − (log π(r) − log ρ(r))]), with the policy π, the frozen reference ρ, the
chosen answer c and the rejected one r (Rafailov et al. 2023, arXiv 2305.18290, eq. 7).
"""

import copy
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from transformers import LlavaForConditionalGeneration

from probe.prompts import DESCRIBE, SAFETY, render
from probe.sample import Sample

from . import models, questions
from .classes import ASKED
from .gallery import Gallery
from .packing import Packer, Reader, Segment
from .questions import Facts
from .schedule import Schedule, optimise
from .vision import Views, views

SCHEDULE = Schedule(steps=100, batch=16, rate=1e-4, decay=0.0)
BETA = 0.1


def preference_loss(policy: Tensor, reference: Tensor) -> Tensor:
    """Mean DPO loss in nats; both (row, segment) log-likelihoods, segments alternating chosen, rejected.

    Pairs that were left out of a row (both log-likelihoods 0) do not count.
    """
    gain = policy - reference
    margin = gain[:, 0::2] - gain[:, 1::2]
    counted = (reference[:, 0::2] != 0) & (reference[:, 1::2] != 0)
    return -functional.logsigmoid(BETA * margin)[counted].mean()


def pairs(known: Facts, packer: Packer, rng: np.random.Generator) -> list[Segment]:
    """Chosen and rejected answers in turn: true and untrue descriptions, right and wrong answers, care and neglect."""
    answers = [
        (DESCRIBE, questions.description(known), questions.description(untrue(known, rng))),
        (SAFETY, "yes", "no") if known.safe else (SAFETY, "no", "yes"),
    ]
    for text, answer in questions.presence(known, rng):
        sample = Sample("", "", text, ("yes", "no"), answer, "yesno")
        answers.append((render(sample), answer, "no" if answer == "yes" else "yes"))
    question = questions.which(known, rng) or questions.colour(known, rng)
    if question is not None:
        text, options, answer = question
        wrong = [option for option in options if option != answer]
        answers.append((render(Sample("", "", text, options, answer)), answer, wrong[rng.integers(len(wrong))]))
    return [packer.segment(text, answer) for text, *both in answers for answer in both]


def untrue(known: Facts, rng: np.random.Generator) -> Facts:
    """The same scene with one class too many, or with one or two left out."""
    here, gone = sorted(known.present & {*ASKED}), sorted(known.absent & {*ASKED})
    if gone and (rng.random() < 0.5 or not here):
        claimed = known.present | {gone[rng.integers(len(gone))]}
    else:
        left_out = rng.permutation(len(here))[: rng.integers(1, 3)]
        claimed = known.present - {here[i] for i in left_out}
    return Facts(frozenset(claimed), known.absent, known.colours, known.safe)


def train(
    scenes: Gallery,
    words: Tokenizer,
    base: Path,
    folder: Path,
    *,
    schedule: Schedule,
    seed: int,
    device: torch.device,
    log: Path,
) -> None:
    """Train pocket-vlm-aligned from the pocket-vlm in `base`, all but its vision tower, and save it to `folder`."""
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration.from_pretrained(base, dtype=torch.float32).to(device)  # pyright: ignore[reportArgumentType]
    model.model.vision_tower.requires_grad_(False)
    packer, policy = Packer(words), Reader(model)
    reference = Reader(copy.deepcopy(model).requires_grad_(False))

    def losses(batch: tuple[Views, np.random.Generator]) -> dict[str, Tensor]:
        seen, rng = batch
        rows = [pairs(known, packer, rng) for known in seen.facts]
        packed, most = packer.pack(rows).to(device), max(len(row) for row in rows)
        with torch.no_grad():
            patches = reference.patches(seen.pixels)
            before = reference.segments(patches, packed, most)
        return {"preference": preference_loss(policy.segments(patches, packed, most), before)}

    batches = views(scenes, schedule, seed, device)
    optimise([(model.parameters(), 1.0)], schedule, batches, losses, device=device, log=log)
    models.save(model, models.vlm_processor(words), folder)
