"""A run's model and pictures, brought back to what they were when it was made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import kept_comparison
from .errors import PlanError
from .extraction.execution import PREFIX, Execution, reader_of
from .extraction.plan import differences
from .extraction.settings import Settings
from .readers.local import LocalReader, OpenLocalReader
from .report.pictures import NoPictures, Source, source_of

if TYPE_CHECKING:
    from hooks import Blueprint, Model
    from stores import Run


@dataclass(frozen=True)
class Reopened:
    """The model of a run with its weights, how it is asked, its settings, and where its pictures come from."""

    model: "Model"
    reader: LocalReader
    settings: Settings
    source: Source


def reopen(
    run: "Run", *, device: str, trust_remote_code: bool, unavailable: "Callable[[Blueprint], str]", of_served: str
) -> Reopened:
    """The model of a run with its weights, and its pictures.

    `unavailable` says why a model is of no use here, before its weights are loaded; `of_served` the same of a model
    behind an address. Raises PlanError for these, where the pictures cannot be made again, and where the model is
    another one now.
    """
    kept_comparison.refuse(run.plan, run.path)
    if run.provenance.get("model", "") is None:
        raise PlanError(f"{run.path} is of pictures and label maps alone: no model was asked. Use another run.")
    try:
        source = source_of(run)
    except NoPictures as error:
        raise PlanError(f"the model cannot be shown the pictures of {run.path} again: {error}") from error
    given = {name: value for name, value in run.plan["settings"].items() if name in Settings.__dataclass_fields__}
    settings = Settings(**given)
    if settings.model.startswith(PREFIX):
        raise PlanError(f"{settings.model} is served elsewhere: {of_served}. Use a model loaded here.")
    reader = reader_of(settings, Execution(device=device, trust_remote_code=trust_remote_code))
    assert isinstance(reader, LocalReader)
    if changed := differences(run.plan["model"], reader.identity(), other="here it has"):
        raise PlanError(f"the model is not as {run.path} had it: {'; '.join(changed)}. Bring that back (--device).")
    if reason := unavailable(reader.blueprint):
        raise PlanError(reason)
    opened = reader.open(run.path)
    assert isinstance(opened, OpenLocalReader)
    weights = [made.get("weights_sha256") for made in (run.provenance["model"], opened.provenance)]
    if None not in weights and weights[0] != weights[1]:
        raise PlanError(f"{run.path} was made with other weights of {settings.model}. Bring them back.")
    return Reopened(opened.model, reader, settings, source)
