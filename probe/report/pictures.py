"""The pictures that the model was shown, made again from the dataset and the seed, as thumbnails."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

import xarray as xr

from stores import Run

from .. import thumbnails
from ..datasets.options import Options
from ..datasets.registry import open_dataset
from ..extraction.ahead import PICTURE_BYTES, Room
from ..extraction.failures import reason_of
from ..extraction.settings import PART
from ..extraction.views import LoadedImage, load, shown
from ..perturbations import CLEAN, Condition, suites
from ..perturbations.catalogue import family_of
from ..results.states import read
from ..sample import Dataset, Image
from ..thumbnails import Thumbnail
from .views import View

THREADS = min(8, os.cpu_count() or 1)
JOINT = " + "
"""Between the revisions of several datasets."""


@dataclass(frozen=True)
class Pictures:
    """The thumbnails of views, and of those without any the reason; `trouble` is why there is none at all."""

    thumbnails: Mapping[View, tuple[Thumbnail, ...]] = field(default_factory=dict[View, "tuple[Thumbnail, ...]"])
    reasons: Mapping[View, str] = field(default_factory=dict[View, str])
    trouble: str = ""


@dataclass(frozen=True)
class Source:
    """Where the pictures of a run come from: its dataset, its conditions by id, and how both were read."""

    dataset: Dataset
    images: Mapping[str, Image]
    conditions: Mapping[str, Condition]
    preparation: str
    seed: int


class NoPictures(ValueError):
    """The pictures of a run cannot be made again."""


def of_run(run: Run, views: Sequence[View]) -> Pictures:
    """Thumbnails of views: those kept in the run, else made again as the model was shown them."""
    if "thumbnails" in run.pictures:
        return kept(run, views)
    try:
        return made_again(run, source_of(run), views)
    except NoPictures as error:
        return Pictures(trouble=f"There are no pictures: {error}")


def kept(run: Run, views: Sequence[View]) -> Pictures:
    """The thumbnails of views that the run holds."""
    stored = run.pictures.thumbnails
    found: dict[View, tuple[Thumbnail, ...]] = {}
    for start in range(0, len(views), step := 64):
        some = views[start : start + step]
        image, condition = (xr.DataArray(list(each), dims="view") for each in zip(*some, strict=True))
        texts = read(stored.isel(image=image, condition=condition)).values
        found |= {view: thumbnails.read(str(text)) for view, text in zip(some, texts.tolist(), strict=True)}
    return Pictures(found, {view: "The model was shown no picture here." for view, own in found.items() if not own})


def source_of(run: Run) -> Source:
    """The dataset and conditions of a run as its plan names them.

    Raises NoPictures where the dataset cannot be opened or is another one now, a condition is not known here, or where
    the run was made from logs: what was shown is not known.
    """
    plan = run.plan
    settings = plan.get("settings", {})
    if "logs" in settings:
        raise NoPictures("the run was made from logs, which hold none.")
    try:
        # whatever a library raises over files that are gone, or a hub that cannot be reached
        dataset, _ = open_dataset(settings["dataset"], options_of(plan))
        conditions = suites.parse(tuple(settings["perturb"]), labels=labels_of(run))
    except Exception as error:
        raise NoPictures(f"the dataset or its conditions cannot be made again ({reason_of(error)}).") from error
    if dataset.fingerprint != plan["dataset"]["fingerprint"]:
        raise NoPictures(f"the dataset {dataset.name!r} has changed since the run was made.")
    by_id = {condition.id: condition for condition in conditions}
    if unknown := [name for name in run.conditions.condition.values.tolist() if name not in by_id]:
        raise NoPictures(f"the condition {unknown[0]!r} of the run is not known here.")
    images = {image.id: image for image in dataset.images}
    return Source(dataset, images, by_id, plan["preparation"], settings["seed"])


def labels_of(run: Run) -> tuple[str, ...]:
    """What the overlays of a run write, in their order."""
    parameters = [json.loads(text) for text in run.conditions.parameters.values.tolist()]
    return tuple(dict.fromkeys(str(each["label"]) for each in parameters if "label" in each))


def options_of(plan: Mapping[str, Any]) -> Options:
    """Which part of its dataset a plan reads, of the very revision that the run was made of."""
    settings = plan["settings"]
    part = {theirs: settings[ours] for ours, theirs in PART.items() if ours in settings}
    revision = plan["dataset"].get("revision", "")
    known = revision and JOINT not in revision  # of several datasets each has its own
    return Options(**part, **({"revision": revision} if known else {}))


def made_again(run: Run, source: Source, views: Sequence[View]) -> Pictures:
    """Thumbnails of views, the images one after the other, some at a time."""
    groups = [(image, [place for _, place in group]) for image, group in groupby(views, key=lambda view: view[0])]
    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(lambda group: _of_image(run, source, *group), groups))
    return Pictures(
        {view: own for part in parts for view, own in part.items() if not isinstance(own, str)},
        {view: own for part in parts for view, own in part.items() if isinstance(own, str)},
    )


def _of_image(run: Run, source: Source, place: int, conditions: Iterable[int]) -> dict[View, Any]:
    """The thumbnails of an image's views, or the reason for none."""
    loaded = load(source.images[str(run.images.image.values[place])], source.preparation, Room(PICTURE_BYTES))
    hashed = str(run.images.sha256.values[place])
    one = partial(_view, source, loaded)
    if loaded.error or (hashed and hashed != loaded.sha256):
        reason = loaded.error or "its file is another one than the model was shown"
        return {(place, each): f"No picture: {reason}." for each in conditions}
    names = run.conditions.condition.values
    return {(place, each): one(source.conditions[str(names[each])]) for each in conditions}


def _view(source: Source, loaded: LoadedImage, condition: Condition) -> "tuple[Thumbnail, ...] | str":
    if condition != CLEAN and family_of(condition).text_only:
        return "The model was shown no picture here."
    made = shown(loaded, condition, dataset=source.dataset, preparation=source.preparation, seed=source.seed)
    if not made.pictures:
        return f"No picture: {made.undefined or made.error}."
    return tuple(map(thumbnails.thumbnail, made.pictures))
