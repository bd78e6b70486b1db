"""What a run will do, worked out before any weights are loaded.

`Settings` are the choices that determine the numbers; a `Plan` is their consequence for one dataset and one model:
conditions, sites, blocks, forwards, bytes. A run is identified by its plan: the same plan resumes it, another is
refused. How the work is executed (batch size, device, workers) is not part of the plan.
"""

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

from hooks.state_kinds import NORM
from stores import ConditionRow, Layout, SampleRow, SiteSpec, Unit, Variable, hashed
from stores.object_paths import ObjectPath
from stores.paths import resolved

from .. import prompts
from ..datasets.labels import overlay_labels
from ..perturbations import catalogue, suites
from ..perturbations.condition import Condition
from ..readers.answers import CHOICE
from ..readers.reader import Attention
from ..sample import Dataset, Sample
from ..thumbnails import THUMBNAILS
from . import asked, pixel_bands, readouts, reductions, token_counts
from .attended import Sizes
from .forms import FORMS
from .settings import LATER, Keep, Settings

if TYPE_CHECKING:
    from hooks.sites import Site

    from ..datasets.problems import Problem
    from ..readers.reader import Reader


FORMAT = 1


LARGEST_BLOCK = 32
"""Most images of a block: an interruption costs at most one block's work under one condition."""


BLOCK_BYTES = 256 << 20
"""Most bytes of activations of a unit, which are in memory until they are written; larger blocks are made smaller."""


@dataclass(frozen=True)
class Plan:
    """Everything that a run will do: its questions, conditions and sites, and where each number is stored.

    `inputs` is what pictures and texts go through on their way into the model (`hooks.identity`). It is not in the
    plan's hash, but compared where a run is there already.
    """

    settings: Settings
    dataset: Dataset
    problems: "tuple[Problem, ...]"
    conditions: tuple[Condition, ...]
    preparation: str
    sites: "tuple[Site, ...]"
    model: Mapping[str, Any]
    inputs: Mapping[str, Any]
    layout: Layout

    @property
    def units(self) -> tuple[Unit, ...]:
        """Every (block, condition) of the run, clean first within each block."""
        return self.layout.units()

    @property
    def vision_forwards(self) -> int:
        """Images times conditions: how often the vision tower runs if each view is encoded once."""
        return len(self.dataset.images) * len(self.conditions)

    @property
    def naive_forwards(self) -> int:
        """How often it would run with a full forward for each option and each open question."""
        each = sum(max(1, len(sample.options)) for sample in self.dataset.samples)
        return each * len(self.conditions)

    @property
    def hash(self) -> str:
        """The hash that identifies the plan."""
        return self.record["hash"]

    @cached_property
    def record(self) -> dict[str, Any]:
        """The plan as plain JSON values, with its hash, as `_ledger/plan.json` stores it."""
        body: dict[str, Any] = {
            "format": FORMAT,
            "settings": json.loads(json.dumps(written(self.settings))),
            "dataset": {
                "name": self.dataset.name,
                "fingerprint": self.dataset.fingerprint,
                "images": len(self.dataset.images),
                "samples": len(self.dataset.samples),
                **({"revision": self.dataset.revision} if self.dataset.revision else {}),
            },
            "model": dict(self.model),
            "preparation": self.preparation,
            "conditions": [condition.id for condition in self.conditions],
            "sites": [site.canonical for site in self.sites],
            "block_size": self.layout.block_size,
            "problems": {problem.sample_id: problem.message for problem in self.problems},
            **({"asked": asked.VERSION} if isinstance(self.settings.prompt, tuple) else {}),
        }
        return hashed(body)


def make(settings: Settings, dataset: Dataset, problems: "tuple[Problem, ...]", reader: "Reader") -> Plan:
    """Work out a run from its settings, its dataset and the reader of its model; nothing is loaded or written.

    Raises ValueError (or a subclass) for an unknown site, family or suite, and for a dataset without any usable sample.
    """
    if not dataset.samples:
        reasons = "".join(f"\n  {problem.sample_id}: {problem.message}" for problem in problems[:5])
        raise ValueError(f"dataset {settings.dataset!r} has no sample that can be asked.{reasons}")
    settings = for_reader(settings, reader)
    conditions = suites.parse(settings.perturb, labels=overlay_labels(dataset))
    preparation = suites.prepare(settings.perturb)
    sites = choose_sites(settings, reader)
    require_askable(sites, dataset)
    return Plan(
        settings=replace(settings, sites=tuple(site.canonical for site in sites)),
        dataset=dataset,
        problems=problems,
        conditions=conditions,
        preparation=preparation,
        sites=sites,
        model=reader.identity(),
        inputs=reader.inputs(),
        layout=lay_out(settings, dataset, conditions, preparation, sites, reader),
    )


def for_reader(settings: Settings, reader: "Reader") -> Settings:
    """The settings as they are for a reader: of one without states answers are all that is kept.

    Raises ValueError where they ask it for something that it has not.
    """
    for name, reason in reader.cannot.items():
        if getattr(settings, name) != Settings.__dataclass_fields__[name].default:
            raise ValueError(f"{settings.model} {reason}. Leave out {option(name)}.")
    if readouts.LENS in settings.readouts and NORM not in reader.towers:
        raise ValueError(f"{settings.model} has no head whose reading of states is known. Leave out --readouts lens.")
    if readouts.looks(settings.readouts) and reader.attention.reason:
        raise ValueError(
            f"{settings.model}: no attention to the image can be read, because {reader.attention.reason}. Leave out "
            "--readouts attention."
        )
    if reader.towers or settings.keep == "answers":
        return settings
    if settings.sites or settings.keep == "tokens":
        asked = f"--site {settings.sites[0]}" if settings.sites else "--keep tokens"
        raise ValueError(f"{settings.model} gives answers and no states. Leave out {asked}.")
    return replace(settings, keep="answers")


def option(name: str) -> str:
    """A setting as the command line names it."""
    return f"--{name.replace('_', '-')}"


def require_askable(sites: "Sequence[Site]", dataset: Dataset) -> None:
    """Raise ValueError for a site whose prompt goes with no sample: nothing would be stored there."""
    for site in sites:
        name = site.prompt
        if name and all(prompts.unsuitable(sample, name) for sample in dataset.samples):
            raise ValueError(f"site {site.canonical!r}: {prompts.unsuitable(dataset.samples[0], name)}")


def written(settings: Settings) -> dict[str, Any]:
    """The settings by name, those that came later only where they are not what runs did before.

    The revision that was asked for is none of them: what it came to stands with the dataset, so that a run whose
    dataset has a newer revision since is resumed by naming its own.
    """
    named = {name: value for name, value in asdict(settings).items() if name not in LATER or value != LATER[name]}
    return {name: value for name, value in named.items() if name != "dataset_revision"}


def choose_sites(settings: Settings, reader: "Reader") -> "tuple[Site, ...]":
    """The sites of a run: those asked for, else the reader's default ones; none when only answers are kept.

    A run with the lens also has, by default, the state that the head reads.
    """
    from hooks.sites import parse_all

    if settings.keep == "answers":
        return ()
    behind_norm = (f"{NORM}:context_last",) if readouts.LENS in settings.readouts else ()
    return parse_all(settings.sites or (*reader.default_sites, *behind_norm), reader.towers)


def prompt_text(reader: "Reader", sample: Sample, prompt: prompts.PromptName | None, *, pictures: int) -> str:
    """The whole prompt of a sample, or its captions one a line; "" where it cannot be asked."""
    try:
        return reader.prompt_text(sample, prompt, pictures=pictures)
    except ValueError:  # said when the sample is asked
        return ""


def lay_out(
    settings: Settings,
    dataset: Dataset,
    conditions: tuple[Condition, ...],
    preparation: str,
    sites: "tuple[Site, ...]",
    reader: "Reader",
) -> Layout:
    """The store's arrays for a run, with as many images in a block as `BLOCK_BYTES` of activations allow."""
    with_tokens = any(site.has_tokens for site in sites) or "attention_map" in settings.readouts
    tokens = most_tokens(dataset, conditions, preparation, reader) if with_tokens else {}
    specs = tuple(site_spec(site, tokens.get(site.tower, 0), settings.keep, reader.dtype) for site in sites)
    width = 4 if reader.dtype == "float32" else 2
    per_image = sum((spec.tokens or 1) * len(spec.layers) * spec.features * width for spec in specs)
    image_index = {image.id: index for index, image in enumerate(dataset.images)}
    pictures = {image.id: len(image.pictures) for image in dataset.images}
    return Layout(
        block_size=max(1, min(LARGEST_BLOCK, len(dataset.images), BLOCK_BYTES // max(per_image, 1))),
        image_ids=tuple(image.id for image in dataset.images),
        samples=tuple(
            sample_row(
                sample,
                dataset,
                image_index[sample.image_id],
                prompt_text(reader, sample, settings.wording, pictures=pictures[sample.image_id]),
            )
            for sample in dataset.samples
        ),
        conditions=tuple(condition_row(condition) for condition in conditions),
        sites=specs,
        pictures=(pixel_bands.BAND_POWER, *((THUMBNAILS,) if settings.keep_thumbnails else ())),
        answers=beside_answers(settings, reader, tokens),
    )


def sample_row(sample: Sample, dataset: Dataset, image_index: int, prompt_text: str = "") -> SampleRow:
    """A sample as the store has it."""
    return SampleRow(
        sample_id=sample.id,
        image_index=image_index,
        question=sample.question,
        answer=sample.answer or "",
        kind=sample.kind,
        options=sample.options,
        references=sample.references,
        metadata=json.dumps(dict(sample.metadata), sort_keys=True, ensure_ascii=False),
        dataset=sample.dataset or dataset.name,
        prompt_text=prompt_text,
    )


def beside_answers(settings: Settings, reader: "Reader", tokens: Mapping[str, int]) -> tuple[Variable, ...]:
    """What is stored beside the scores of options; `tokens` are the largest number of grid tokens by tower."""
    layers = reader.towers["language"].layers + 1 if settings.readouts else 0
    looking = reader.attention if readouts.looks(settings.readouts) else Attention()
    sizes = Sizes(layers, looking.heads, tokens.get(looking.tower, 0))
    return (
        *((FORMS,) if settings.forms else ()),
        *(() if reader.scores else (CHOICE,)),
        *readouts.stored(settings.readouts, sizes),
    )


def most_tokens(
    dataset: Dataset, conditions: tuple[Condition, ...], preparation: str, reader: "Reader"
) -> dict[str, int]:
    """The largest number of grid tokens of any view, in each tower."""
    return token_counts.largest(dataset, conditions, preparation, grids=reader.grids, resizes=reader.resizes)


def site_spec(site: "Site", tokens: int, keep: Keep, dtype: str) -> SiteSpec:
    """How one site is stored."""
    return SiteSpec(
        slug=site.slug,
        site=site.canonical,
        layers=site.layers,
        features=site.features,
        per=site.per,
        dtype=dtype,  # type: ignore[arg-type]
        tokens=tokens if site.has_tokens else None,
        keep_tokens=site.has_tokens and keep == "tokens",
        unit=site.kind.unit,
        variables=reductions.VARIABLES if site.has_tokens else (),
        attrs={"final_norm": site.final_norm, "tower_layers": site.tower_layers},
    )


def condition_row(condition: Condition) -> ConditionRow:
    """A condition as a row of the store's table."""
    return ConditionRow(
        condition_id=condition.id,
        family=condition.family,
        severity=-1 if condition.severity is None else condition.severity,
        parameters=json.dumps(catalogue.settings(condition), sort_keys=True),
    )


def differences(
    stored: Mapping[str, Any], planned: Mapping[str, Any], prefix: str = "", *, other: str = "you asked for"
) -> list[str]:
    """The differences between two plans, one a line, without their hashes; `other` is said before a planned value.

    >>> differences({"settings": {"seed": 0}, "hash": "a"}, {"settings": {"seed": 1}, "hash": "b"})
    ['settings.seed: the run has 0, you asked for 1']
    """
    lines: list[str] = []
    for key in sorted({*stored, *planned} - {"hash"}):
        old, new = stored.get(key), planned.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines += differences(old, new, f"{prefix}{key}.", other=other)
        elif old != new:
            lines.append(f"{prefix}{key}: the run has {brief(old)}, {other} {brief(new)}")
    return lines


def brief(value: Any) -> str:
    """A value as JSON, cut to what fits on a line."""
    text = json.dumps(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def free_bytes(path: str | PathLike[str]) -> float:
    """Free disk space at the path of a run, in bytes; its folders need not exist yet. An object store has no end."""
    path = resolved(path)
    if isinstance(path, ObjectPath):
        return math.inf
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return shutil.disk_usage(existing).free
