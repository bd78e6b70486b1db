"""A run's model, pictures and questions, brought back to what they were when it was made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hooks import forwards

from ..errors import PlanError
from ..extraction.asked import of_prompts
from ..reopened import reopen
from .asked import Asked, Setup

if TYPE_CHECKING:
    from hooks import Blueprint, Model
    from stores import Run

    from ..results import Evidence


@dataclass(frozen=True)
class Wanted:
    """What was asked for: how many pairs, drawn by which seed, how many changed copies in a forward, and where."""

    pairs: int
    seed: int = 0
    batch: int = 64
    device: str = "auto"
    trust_remote_code: bool = False


def set_up(run: "Run", wanted: Wanted) -> Setup:
    """The model of a run with its weights, and its pictures.

    Raises PlanError where the pictures cannot be made again, and where the model was not loaded here, is another one
    now, or has nothing that can be changed.
    """
    found = reopen(
        run,
        device=wanted.device,
        trust_remote_code=wanted.trust_remote_code,
        unavailable=_unavailable,
        of_served="its states cannot be written",
    )
    reader, settings, source = found.reader, found.settings, found.source
    prompts = settings.prompt
    asked_of = of_prompts(source.dataset, prompts, reader.kind) if isinstance(prompts, tuple) else source.dataset
    samples = {sample.id: sample for sample in asked_of.samples}
    return Setup(found.model, reader, source, samples, settings.wording, wanted.batch, wanted.seed)


def _unavailable(blueprint: "Blueprint") -> str:
    reason = forwards.unavailable(blueprint)
    return (
        reason
        and f"nothing can be changed in its forwards: {reason}. Use a generative model that reads its own prompt."
    )


def chosen_layers(model: "Model", layers: Sequence[int] | None) -> tuple[int, ...]:
    """The layers that were asked for, none where that was left open. Raises PlanError for one that a model lacks."""
    known = forwards.layers(model)
    if lacking := [layer for layer in layers or () if layer not in known]:
        raise PlanError(f"layer {lacking[0]}: the language model of {model.source} has layers 0-{known[-1]}.")
    return tuple(layers or ())


def asked(evidence: "Evidence", setup: Setup, place: int) -> Asked:
    """A sample of the run by its place, asked as it was."""
    sample = setup.samples[str(evidence.run.answers.sample.values[place])]
    text, options = setup.reader.kind.asked(sample, setup.wording)
    return Asked(setup, sample, text, options, int(evidence.clean_choice.values[place]))
