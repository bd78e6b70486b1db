"""The plan of an import: samples, conditions and where each answer is stored; a run like any other, without sites."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stores import ConditionRow, Layout, hashed

from ..datasets.options import Options
from ..errors import PlanError
from ..extraction.execution import dataset_of
from ..extraction.plan import FORMAT, LARGEST_BLOCK, sample_row
from ..extraction.settings import PART
from ..readers.answers import CHOICE
from ..sample import Dataset
from . import conditions, gathered, plain, questions, sources
from .gathered import Gathered
from .troubles import Troubles

if TYPE_CHECKING:
    from ..datasets.problems import Problem

MISSING = "answers missing to samples that are answered under other conditions"


@dataclass(frozen=True)
class ImportSettings:
    """What is imported: logs as `PATH` or `CONDITION=PATH`, and how they are read.

    `dataset` names the dataset whose samples were asked, "log" that the logs say themselves what was. `condition` is
    that of logs which name none, `clean` what the logs call the one that the others are compared with. `columns` as
    `sample=id,text=said`; `model` is what answered, the first log's name by default. `part` says how the dataset is
    read.
    """

    logs: tuple[str, ...]
    dataset: str = questions.NAME
    condition: str = ""
    clean: str = "clean"
    columns: tuple[str, ...] = ()
    model: str = ""
    part: Options = field(default_factory=Options)

    @property
    def sources(self) -> tuple[sources.Source, ...]:
        """The files with the condition of each."""
        if not self.logs:
            raise PlanError("no log is given. Name one or more: PATH, or CONDITION=PATH.")
        return sources.parse(self.logs, self.condition or self.clean)


@dataclass(frozen=True)
class PlannedImport:
    """An import with all that its logs say: the dataset of the samples that were answered, and where they go."""

    dataset: Dataset
    problems: "tuple[Problem, ...]"
    conditions: tuple[ConditionRow, ...]
    names: tuple[str, ...]
    gathered: Gathered
    layout: Layout
    record: dict[str, Any]

    @property
    def troubles(self) -> Troubles:
        """What of the logs could not be used."""
        return self.gathered.troubles


def plan(settings: ImportSettings) -> PlannedImport:
    """Read the logs and the dataset's index, and work out the run; nothing is written.

    Raises PlanError for logs without any answer to a sample of the dataset, or without a clean condition; LogError
    for a file that is no log; DatasetError for a dataset that cannot be read.
    """
    columns = plain.columns(settings.columns)
    files = settings.sources
    if settings.dataset == questions.NAME:
        found, problems = gathered.gather(files, columns), ()
        dataset = questions.of_logs(found)
    else:
        whole, problems = _opened(settings)
        found = gathered.gather(files, columns, gathered.known_ids([sample.id for sample in whole.samples]))
        dataset = _answered(whole, found)
    if not dataset.samples:
        raise PlanError(_nothing(settings, found))
    names = tuple(dict.fromkeys((settings.clean, *found.conditions)))
    rows = conditions.rows(found.conditions, settings.clean)
    layout = _lay_out(dataset, rows, scored=_are_scored(dataset, found))
    digests = {str(each.path): sources.digest(each.path) for each in files}
    record = _record(settings, dataset, problems, names, layout, digests)
    return PlannedImport(dataset, problems, rows, names, found, layout, record)


def _opened(settings: ImportSettings) -> "tuple[Dataset, tuple[Problem, ...]]":
    from ..datasets.registry import open_dataset

    dataset, problems = open_dataset(settings.dataset, settings.part)
    named = tuple(replace(sample, dataset=sample.dataset or dataset.name) for sample in dataset.samples)
    return replace(dataset, samples=named), problems


def _answered(dataset: Dataset, found: Gathered) -> Dataset:
    """The dataset with the samples alone of which there is an answer, and their images, in its own order."""
    samples = tuple(sample for sample in dataset.samples if sample.id in found.answers)
    kept = {sample.image_id for sample in samples}
    return replace(dataset, samples=samples, images=tuple(image for image in dataset.images if image.id in kept))


def _nothing(settings: ImportSettings, found: Gathered) -> str:
    told = "".join(f"\n  {line}" for line in found.troubles.lines())
    whose = "" if settings.dataset == questions.NAME else f" to a sample of {settings.dataset}"
    return f"the logs have no answer{whose} that can be used.{told}"


def _are_scored(dataset: Dataset, found: Gathered) -> bool:
    """Whether every answer among options has the log-likelihoods of all: then no choice need be stored beside."""
    return all(
        given.log_likelihoods is not None
        and len(given.log_likelihoods) == len(sample.options)
        and not any(map(math.isnan, given.log_likelihoods))
        for sample in dataset.samples
        if sample.options
        for given in found.answers[sample.id].values()
    )


def _lay_out(dataset: Dataset, rows: Sequence[ConditionRow], *, scored: bool) -> Layout:
    index = {image.id: place for place, image in enumerate(dataset.images)}
    return Layout(
        block_size=min(LARGEST_BLOCK, len(dataset.images)),
        image_ids=tuple(index),
        samples=tuple(sample_row(sample, dataset, index[sample.image_id]) for sample in dataset.samples),
        conditions=tuple(rows),
        answers=() if scored else (CHOICE,),
    )


def _record(
    settings: ImportSettings,
    dataset: Dataset,
    problems: "tuple[Problem, ...]",
    names: Sequence[str],
    layout: Layout,
    digests: Mapping[str, str],
) -> dict[str, Any]:
    """The plan as plain JSON values, with its hash: the same logs, by their contents, resume the run."""
    model = settings.model or Path(next(iter(digests))).stem
    part = {ours: getattr(settings.part, theirs) for ours, theirs in PART.items() if theirs != "revision"}
    asked = {name: value for name, value in part.items() if value or name == "seed"}
    body: dict[str, Any] = {
        "format": FORMAT,
        "settings": {
            "model": model,
            "dataset": settings.dataset,
            "perturb": [],
            "limit": None,
            **asked,
            "logs": {
                "digest": questions.digest_of(digests),
                "conditions": list(names),
                "clean": settings.clean,
                "columns": list(settings.columns),
            },
        },
        "dataset": {**dataset_of(dataset), "images": len(dataset.images), "samples": len(dataset.samples)},
        "model": {"family": "log", "kind": "generative", "dtype": "float32"},
        "preparation": "none",
        "conditions": [row.condition_id for row in layout.conditions],
        "sites": [],
        "block_size": layout.block_size,
        "problems": {problem.sample_id: problem.message for problem in problems},
    }
    return hashed(json.loads(json.dumps(body)))
