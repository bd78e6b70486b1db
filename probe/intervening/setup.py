"""A run's model, pictures and questions, brought back to what they were when it was made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hooks import forwards

from .. import kept_comparison
from ..errors import PlanError
from ..extraction.asked import of_prompts
from ..extraction.execution import PREFIX, Execution, reader_of
from ..extraction.plan import differences
from ..extraction.settings import Settings
from ..readers.local import LocalReader, OpenLocalReader
from ..report.pictures import NoPictures, source_of
from .asked import Asked, Setup

if TYPE_CHECKING:
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
    kept_comparison.refuse(run.plan, run.path)
    try:
        source = source_of(run)
    except NoPictures as error:
        raise PlanError(f"the model cannot be shown the pictures of {run.path} again: {error}") from error
    given = {name: value for name, value in run.plan["settings"].items() if name in Settings.__dataclass_fields__}
    settings = Settings(**given)
    if settings.model.startswith(PREFIX):
        raise PlanError(f"{settings.model} is served elsewhere: its states cannot be written. Use a model loaded here.")
    reader = reader_of(settings, Execution(device=wanted.device, trust_remote_code=wanted.trust_remote_code))
    assert isinstance(reader, LocalReader)
    if changed := differences(run.plan["model"], reader.identity(), other="here it has"):
        raise PlanError(f"the model is not as {run.path} had it: {'; '.join(changed)}. Bring that back (--device).")
    opened = reader.open(run.path)
    assert isinstance(opened, OpenLocalReader)
    if reason := forwards.unavailable(opened.model):
        raise PlanError(
            f"nothing can be changed in its forwards: {reason}. Use a generative model that reads its own prompt."
        )
    weights = [made.get("weights_sha256") for made in (run.provenance["model"], opened.provenance)]
    if None not in weights and weights[0] != weights[1]:
        raise PlanError(f"{run.path} was made with other weights of {settings.model}. Bring them back.")
    prompts = settings.prompt
    asked_of = of_prompts(source.dataset, prompts, reader.kind) if isinstance(prompts, tuple) else source.dataset
    samples = {sample.id: sample for sample in asked_of.samples}
    return Setup(opened.model, reader, source, samples, settings.wording, wanted.batch, wanted.seed)


def asked(evidence: "Evidence", setup: Setup, place: int) -> Asked:
    """A sample of the run by its place, asked as it was."""
    sample = setup.samples[str(evidence.run.answers.sample.values[place])]
    text, options = setup.reader.kind.asked(sample, setup.wording)
    return Asked(setup, sample, text, options, int(evidence.clean_choice.values[place]))
