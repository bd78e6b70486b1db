"""The plan of an import: samples, conditions and where each answer is stored; a run like any other, without sites."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hooks.settings import whole
from stores import Layout, hashed

from ..datasets.options import Options
from ..errors import PlanError
from ..extraction.execution import dataset_of
from ..extraction.plan import FORMAT, Plan, sample_row
from ..extraction.settings import PART, Settings
from ..perturbations.condition import Condition
from ..readers.answers import CHOICE
from ..sample import Dataset
from . import conditions, gathered, plain, questions, sources
from .answer_index import AnswerIndex
from .gathered import Gathered
from .reader import LogReader

if TYPE_CHECKING:
    from ..datasets.problems import Problem

LARGEST_BLOCK = 1024
"""Most images of a block: to find answers again takes no time, to commit a unit does."""

BLOCK_SCORES = 1 << 20
"""Most scores of options of a unit, which is in memory until it is written: blocks with many options are smaller."""


@dataclass(frozen=True)
class ImportSettings:
    """What is imported: logs as `PATH` or `CONDITION=PATH`, and how they are read.

    `dataset` names the dataset whose samples were asked, "log" that the logs say themselves what was. `condition` is
    that of logs which name none, `clean` what the logs call the one that the others are compared with. `columns` as
    `sample=id,text=said`; `model` is what answered, the first log's name by default. `epoch` is the one that is
    read of logs with several, by default the first of each sample. `part` says how the dataset is read.
    """

    logs: tuple[str, ...]
    dataset: str = questions.NAME
    condition: str = ""
    clean: str = "clean"
    columns: tuple[str, ...] = ()
    model: str = ""
    epoch: int | None = None
    part: Options = field(default_factory=Options)

    def __post_init__(self) -> None:
        if self.epoch is not None:
            whole("epoch", self.epoch, least=1)

    @property
    def sources(self) -> tuple[sources.Source, ...]:
        """The files with the condition of each."""
        if not self.logs:
            raise PlanError("no log is given. Name one or more: PATH, or CONDITION=PATH.")
        return sources.parse(self.logs, self.condition or self.clean)


@dataclass(frozen=True)
class ImportPlan(Plan):
    """The plan of a run whose answers are in logs. `logs`: what identifies these, and how they are read."""

    logs: Mapping[str, Any]

    @cached_property
    def record(self) -> dict[str, Any]:
        """The plan as plain JSON values, with its hash: the same logs, by their contents, resume the run."""
        part = {ours: getattr(self.settings, ours) for ours, theirs in PART.items() if theirs != "revision"}
        asked = {name: value for name, value in part.items() if value or name == "seed"}
        named = {"model": self.settings.model, "dataset": self.settings.dataset}
        body: dict[str, Any] = {
            "format": FORMAT,
            "settings": {**named, "perturb": [], "limit": None, **asked, "logs": dict(self.logs)},
            "dataset": {
                **dataset_of(self.dataset),
                "images": len(self.dataset.images),
                "samples": len(self.dataset.samples),
            },
            "model": dict(self.model),
            "preparation": self.preparation,
            "conditions": [condition.id for condition in self.conditions],
            "sites": [],
            "block_size": self.layout.block_size,
            "problems": {problem.sample_id: problem.message for problem in self.problems},
        }
        return hashed(json.loads(json.dumps(body)))


@dataclass(frozen=True)
class PlannedImport:
    """The plan of an import, the reader of its logs, and what format each of them is of, by path."""

    plan: ImportPlan
    reader: LogReader
    formats: Mapping[str, str]


def plan(settings: ImportSettings) -> PlannedImport:
    """Read the logs and the dataset's index, and work out the run; nothing is written.

    Raises PlanError for logs without any answer to a sample of the dataset, without a clean condition, or that change
    while they are read; LogError for a file that is no log; DatasetError for a dataset that cannot be read.
    """
    columns = plain.columns(settings.columns)
    files = settings.sources
    digests = {str(each.path): sources.digest(each.path) for each in files}
    if settings.dataset == questions.NAME:
        found, problems = gathered.gather(files, columns, epoch=settings.epoch), ()
        dataset = questions.of_logs(found)
    else:
        opened, problems = _opened(settings)
        known = gathered.known_ids([sample.id for sample in opened.samples])
        found = gathered.gather(files, columns, known, epoch=settings.epoch)
        dataset = _answered(opened, found.answers)
    sources.require_unchanged(files, digests)
    if not dataset.samples:
        raise PlanError(_nothing(settings, found))
    named = conditions.of_logs(found.answers.conditions, settings.clean)
    reader = _reader(settings, dataset, found, named, digests)
    made = _plan(settings, dataset, problems, named, reader, digests)
    return PlannedImport(made, reader, found.formats)


def _opened(settings: ImportSettings) -> "tuple[Dataset, tuple[Problem, ...]]":
    from ..datasets.registry import open_dataset

    dataset, problems = open_dataset(settings.dataset, settings.part)
    named = tuple(replace(sample, dataset=sample.dataset or dataset.name) for sample in dataset.samples)
    return replace(dataset, samples=named), problems


def _answered(dataset: Dataset, answers: AnswerIndex) -> Dataset:
    """The dataset with the samples alone of which there is an answer, and their images, in its own order."""
    samples = tuple(sample for sample in dataset.samples if sample.id in answers)
    kept = {sample.image_id for sample in samples}
    return replace(dataset, samples=samples, images=tuple(image for image in dataset.images if image.id in kept))


def _nothing(settings: ImportSettings, found: Gathered) -> str:
    told = "".join(f"\n  {line}" for line in found.troubles.lines())
    whose = "" if settings.dataset == questions.NAME else f" to a sample of {settings.dataset}"
    return f"the logs have no answer{whose} that can be used.{told}"


def _reader(
    settings: ImportSettings,
    dataset: Dataset,
    found: Gathered,
    named: Mapping[str, Condition],
    digests: Mapping[str, str],
) -> LogReader:
    return LogReader(
        name=settings.model or Path(next(iter(digests))).stem,
        answers=found.answers,
        samples={sample.id: sample for sample in dataset.samples},
        names={condition.id: name for name, condition in named.items()},
        files={
            each.path.name: {
                "format": found.formats[str(each.path)],
                "sha256": digests[str(each.path)],
                "condition": each.condition,
            }
            for each in settings.sources
        },
        left_out=dict(found.troubles.counts),
        scores=_are_scored(dataset, found.answers),
        troubles=found.troubles,
    )


def _are_scored(dataset: Dataset, answers: AnswerIndex) -> bool:
    """Whether every answer among options has the log-likelihoods of all: then no choice need be stored beside."""
    return all(
        given.log_likelihoods is not None
        and len(given.log_likelihoods) == len(sample.options)
        and not any(map(math.isnan, given.log_likelihoods))
        for sample in dataset.samples
        if sample.options
        for given in answers.of_sample(sample.id)
    )


def _plan(
    settings: ImportSettings,
    dataset: Dataset,
    problems: "tuple[Problem, ...]",
    named: Mapping[str, Condition],
    reader: LogReader,
    digests: Mapping[str, str],
) -> ImportPlan:
    part = {ours: getattr(settings.part, theirs) for ours, theirs in PART.items()}
    return ImportPlan(
        settings=Settings(reader.name, settings.dataset, perturb=(), keep="answers", **part),
        dataset=dataset,
        problems=problems,
        conditions=tuple(named.values()),
        preparation="none",
        sites=(),
        model=reader.identity(),
        inputs=reader.inputs(),
        layout=_lay_out(dataset, named, scores=reader.scores),
        logs={
            "digest": questions.digest_of(digests),
            "conditions": list(named),
            "clean": settings.clean,
            "columns": list(settings.columns),
            **({} if settings.epoch is None else {"epoch": settings.epoch}),
        },
    )


def _lay_out(dataset: Dataset, named: Mapping[str, Condition], *, scores: bool) -> Layout:
    index: Mapping[str, int] = {image.id: place for place, image in enumerate(dataset.images)}
    per_image = max(len(sample.options) for sample in dataset.samples) * -(-len(dataset.samples) // len(index))
    rows: Sequence[Any] = [conditions.row(condition, name) for name, condition in named.items()]
    return Layout(
        block_size=max(1, min(LARGEST_BLOCK, len(index), BLOCK_SCORES // max(1, per_image))),
        image_ids=tuple(index),
        samples=tuple(sample_row(sample, dataset, index[sample.image_id]) for sample in dataset.samples),
        conditions=tuple(rows),
        answers=() if scores else (CHOICE,),
    )
