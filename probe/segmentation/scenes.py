"""What is segmented: the pictures of a run under its conditions, or those of a new run of pictures alone."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stores import Layout, hashed, ledger
from stores.paths import resolved

from ..datasets.labels import overlay_labels
from ..datasets.options import Options
from ..datasets.problems import DatasetNote
from ..datasets.registry import open_dataset
from ..errors import PlanError, PlanMismatch
from ..extraction import pixel_bands
from ..extraction.plan import FORMAT, LARGEST_BLOCK, condition_row, differences
from ..extraction.settings import PART
from ..perturbations import suites
from ..perturbations.condition import Condition
from ..sample import Dataset
from .request import SegmentRequest

PERTURB = ("driving",)
"""The perturbations of a new run where none are given: label maps stay as they are under these."""


MOVING = ("translation", "pad_crop", "scale_pad", "rotation", "another_image")
"""Families under which a pixel is no longer where the label map has it."""


@dataclass(frozen=True)
class Scenes:
    """The images of a run and their conditions. `layout` has its blocks; `record` is the plan of the run.

    `created`: whether the run is there already. `alone`: whether it holds pictures and label maps alone, so that
    `layout` is its own; then `problems` says what of the dataset cannot be used, by name.
    """

    path: Path
    dataset: Dataset
    conditions: tuple[Condition, ...]
    preparation: str
    seed: int
    layout: Layout
    record: Mapping[str, Any]
    created: bool
    alone: bool
    problems: Mapping[str, str] = field(default_factory=dict[str, str])


def find(request: SegmentRequest, out: Path) -> Scenes:
    """The scenes of the run at `out`, with all that it records, or those of a new one.

    Raises PlanMismatch where the run is of another dataset, or of other conditions or images than were asked for, and
    PlanError where the dataset has no label maps.
    """
    path = resolved(out)
    stored = ledger.read_record(path)
    scenes = _new(request, path) if stored is None else _of_run(request, path, stored)
    if not any(picture.read_labels for picture in scenes.dataset.pictures):
        raise PlanError(
            f"dataset {scenes.dataset.name!r} has no label maps. Give one that has: cityscapes, camvid or streets."
        )
    return scenes


def _new(request: SegmentRequest, path: Path) -> Scenes:
    part = Options(**{name: value for name, value in request.part.items() if value is not None})
    dataset, wrong = open_dataset(request.dataset, part)
    for note in dataset.notes:
        warnings.warn(DatasetNote(note), stacklevel=4)
    problems = {problem.sample_id: problem.message for problem in wrong}
    if not dataset.images:
        raise PlanError(
            f"dataset {request.dataset!r} has no image that can be used. {next(iter(problems.values()), '')}"
        )
    specs = PERTURB if request.perturb is None else request.perturb
    conditions = suites.parse(specs, labels=overlay_labels(dataset))
    preparation = suites.prepare(specs)
    layout = _layout(dataset, conditions, min(LARGEST_BLOCK, len(dataset.images)))
    ours = {theirs: ours for ours, theirs in PART.items() if theirs != "revision"}
    asked = {ours[name]: value for name, value in asdict(part).items() if name in ours and (value or name == "seed")}
    body: dict[str, Any] = {
        "format": FORMAT,
        "settings": {"model": "", "dataset": request.dataset, "perturb": list(specs), "limit": None, **asked},
        "dataset": _describe(dataset),
        "model": None,
        "preparation": preparation,
        "conditions": [condition.id for condition in conditions],
        "sites": [],
        "block_size": layout.block_size,
        "problems": problems,
    }
    body = json.loads(json.dumps(body))
    record = hashed(body)
    return Scenes(path, dataset, conditions, preparation, part.seed, layout, record, False, True, problems)


def _of_run(request: SegmentRequest, path: Path, stored: Mapping[str, Any]) -> Scenes:
    plan = stored["plan"]
    settings = plan["settings"]
    recorded = {theirs: settings[ours] for ours, theirs in PART.items() if ours in settings}
    recorded["revision"] = plan["dataset"].get("revision")
    asked = {name: value for name, value in request.part.items() if value is not None}
    if found := differences({"settings": recorded}, {"settings": _plain(recorded | asked)}):
        raise PlanMismatch(path, found)
    dataset = open_dataset(request.dataset, Options(**recorded)).dataset
    labels = overlay_labels(dataset)
    specs = tuple(settings["perturb"]) if request.perturb is None else request.perturb
    conditions, preparation = suites.parse(specs, labels=labels), suites.prepare(specs)
    now = {
        "dataset": _describe(dataset),
        "conditions": [condition.id for condition in conditions],
        "preparation": preparation,
    }
    # several prompts make other samples of the same images
    before = {**plan, "dataset": {**plan["dataset"], "samples": len(dataset.samples)}}
    if found := differences({name: before[name] for name in now}, now):
        raise PlanMismatch(path, found)
    layout = _layout(dataset, conditions, plan["block_size"])
    alone = plan["model"] is None
    problems = plan.get("problems", {}) if alone else {}
    return Scenes(path, dataset, conditions, preparation, settings["seed"], layout, plan, True, alone, problems)


def _layout(dataset: Dataset, conditions: tuple[Condition, ...], block_size: int) -> Layout:
    return Layout(
        block_size=block_size,
        image_ids=tuple(image.id for image in dataset.images),
        samples=(),
        conditions=tuple(map(condition_row, conditions)),
        pictures=(pixel_bands.BAND_POWER,),
    )


def _describe(dataset: Dataset) -> dict[str, Any]:
    """The dataset as the plan of a run records it."""
    return {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "images": len(dataset.images),
        "samples": len(dataset.samples),
        **({"revision": dataset.revision} if dataset.revision else {}),
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(values))
