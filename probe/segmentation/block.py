"""One block of a run: its label maps against the predicted ones, condition by condition, committed unit by unit."""

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses import segmentation
from stores import Held, Layout, Unit, Writer
from stores.segmentations import Added

from ..extraction import payload, pixel_bands
from ..extraction.ahead import PICTURE_BYTES, Room
from ..extraction.failures import read_each, reason_of
from ..extraction.views import LoadedImage, PerturbedImage, load, shown, sizes_of
from ..label_maps import CLASSES, UNDEFINED
from ..perturbations.catalogue import family_of
from ..perturbations.condition import CLEAN, Condition
from ..sample import Image, LabelMap, Size
from .label_source import LabelSource, Scene
from .scenes import MOVING, Scenes

PERTURBATION_THREADS = 2


@dataclass(frozen=True)
class Job:
    """What is done with the scenes: where predictions come from, and where confusions go.

    `pictures` writes the table of pictures of a run that has nothing else, for the units in `unmeasured`.
    """

    scenes: Scenes
    source: LabelSource
    added: Added
    folder: Held
    batch_size: int
    durable: bool
    pictures: Writer | None = None
    unmeasured: frozenset[Unit] = frozenset()


@dataclass(frozen=True)
class Truth:
    """The label map of an image, in train ids, or the reason why there is none.

    `labels` reads it, where there was no room to keep it anew; `size` is its (height, width).
    """

    labels: Callable[[], LabelMap] | None = None
    size: Size = (0, 0)
    error: str = ""


@dataclass(frozen=True)
class Block:
    """The images of a block with their label maps."""

    job: Job
    index: int
    images: tuple[LoadedImage, ...]
    truths: tuple[Truth, ...]


@dataclass
class Counts:
    """The confusions of a unit, -1 where an image has none, and the reasons: by image id, or of the condition."""

    confusion: NDArray[np.int32]
    unassigned: NDArray[np.int32]
    failed: dict[str, str]
    undefined: dict[str, str]

    @classmethod
    def of(cls, images: int) -> "Counts":
        """Those of a unit of which nothing is known yet."""
        classes = len(CLASSES)
        return cls(np.full((images, classes, classes), -1, np.int32), np.full((images, classes), -1, np.int32), {}, {})


def run(job: Job, index: int, pending: Sequence[Unit], on_unit: Callable[[Unit], None]) -> None:
    """Segment the pending units of one block, and commit each."""
    images = job.scenes.dataset.images[job.scenes.layout.rows(index)]
    with ThreadPoolExecutor(PERTURBATION_THREADS) as pool:
        room = Room(PICTURE_BYTES)
        read = partial(load, preparation=job.scenes.preparation, room=room)
        read = read if _reads_pictures(job, pending) else LoadedImage
        block = Block(job, index, tuple(pool.map(read, images)), tuple(pool.map(partial(truth_of, room=room), images)))
        for unit in pending:
            started = time.perf_counter()
            counts, powers = segment(block, unit, pool)
            if job.pictures is not None and unit in job.unmeasured:
                job.pictures.commit(unit, picture_arrays(job.scenes.layout, block, unit, powers), report={})
            condition = job.scenes.conditions[unit.condition].id
            report: dict[str, Any] = {
                "condition": condition,
                "failed": counts.failed,
                "undefined": counts.undefined,
                "seconds": round(time.perf_counter() - started, 3),
                **job.source.report([image.id for image in images], condition),
            }
            values = {"confusion": counts.confusion, "unassigned": counts.unassigned}
            job.added.commit(unit, values, report=report, folder=job.folder, durable=job.durable)
            on_unit(unit)


def segment(block: Block, unit: Unit, pool: ThreadPoolExecutor) -> tuple[Counts, list[pixel_bands.Power | None]]:
    """The confusions of a unit, and the band power of its pictures where it is to be written."""
    job, rows = block.job, range(len(block.images))
    condition = job.scenes.conditions[unit.condition]
    counts, powers = Counts.of(len(rows)), list[pixel_bands.Power | None]([None] * len(rows))
    measured = unit in job.unmeasured
    show = partial(_show, block, condition, needed=measured or job.source.needs_pictures, measured=measured)
    batches = [rows[start : start + job.batch_size] for start in range(0, len(rows), job.batch_size)]
    upcoming = [pool.submit(show, row) for row in batches[0]]
    for batch, following in zip(batches, [*batches[1:], range(0)], strict=True):
        started, upcoming = upcoming, [pool.submit(show, row) for row in following]
        made = dict(zip(batch, (each.result() for each in started), strict=True))
        for row, view in made.items():
            powers[row] = view.band_power
        compare(block, condition, made, counts)
    return counts, powers


def compare(block: Block, condition: Condition, views: dict[int, PerturbedImage], counts: Counts) -> None:
    """Count the pixels of some rows of a block under a condition, or say why they cannot be."""
    ready: list[int] = []
    for row, view in views.items():
        image, truth = block.images[row], block.truths[row]
        if reason := image.error or truth.error or view.error:
            counts.failed[image.image.id] = reason
        elif reason := view.undefined or _moved(condition, image, view):
            counts.undefined[image.image.id] = reason
        else:
            ready.append(row)

    def predict(rows: Sequence[int]) -> list[tuple[LabelMap, LabelMap]]:
        found = block.job.source.predict([_scene(block, condition, row, views[row]) for row in rows])
        return [(_labels(block.truths[row]), each) for row, each in zip(rows, found, strict=True)]

    found, reasons = read_each(predict, ready)
    for row, (labels, predicted) in found.items():
        counts.confusion[row], counts.unassigned[row] = confusion(labels, predicted)
    counts.failed.update({block.images[row].image.id: reason for row, reason in reasons.items()})


def confusion(labels: LabelMap, predicted: LabelMap) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(true, predicted) and (true): pixels by class, and those that are given none; 255 in `labels` is not counted.

    >>> counts, unassigned = confusion(np.array([[0, 0, 255]], np.uint8), np.array([[0, 255, 255]], np.uint8))
    >>> int(counts[0, 0]), int(unassigned[0])
    (1, 1)
    """
    named = predicted != UNDEFINED
    counts = segmentation.confusion(np.where(named, labels, np.uint8(UNDEFINED)), predicted, classes=len(CLASSES))
    missed = labels[~named & (labels != UNDEFINED)]
    return np.asarray(counts), np.bincount(missed, minlength=len(CLASSES))


def truth_of(image: Image, room: Room) -> Truth:
    """The label map of an image of one picture, kept where there is room."""
    if len(image.pictures) != 1:
        return Truth(error=f"it has {len(image.pictures)} pictures, and a label map is of one.")
    read = image.pictures[0].read_labels
    if read is None:
        return Truth(error="there is no label map of this picture.")
    try:
        labels = read()
    except Exception as error:  # a file can make its library raise anything
        return Truth(error=reason_of(error))
    height, width = labels.shape
    return Truth((lambda: labels) if room.take(labels.nbytes) else read, (height, width))


def _labels(truth: Truth) -> LabelMap:
    assert truth.labels is not None
    return truth.labels()


def picture_arrays(
    layout: Layout, block: Block, unit: Unit, powers: Sequence[pixel_bands.Power | None]
) -> payload.Arrays:
    """The unit's arrays of a run of pictures alone."""
    arrays = layout.blank(unit)
    payload.fill_pictures(arrays, powers)
    if unit.condition == 0:
        payload.fill_images(arrays, block.images)
    return arrays


def _show(block: Block, condition: Condition, row: int, *, needed: bool, measured: bool) -> PerturbedImage:
    loaded, scenes = block.images[row], block.job.scenes
    if loaded.error:
        return PerturbedImage()
    if condition != CLEAN and family_of(condition).text_only:
        return PerturbedImage(undefined="the condition shows no picture")
    if not needed:
        return PerturbedImage()
    view = shown(loaded, condition, dataset=scenes.dataset, preparation=scenes.preparation, seed=scenes.seed)
    if not measured or not view.pictures:
        return view
    return replace(view, band_power=pixel_bands.of_pictures(view.pictures, loaded.sizes))


def _moved(condition: Condition, loaded: LoadedImage, view: PerturbedImage) -> str:
    """Why the label map does not fit the picture under a condition; empty where it does."""
    if condition.family in MOVING:
        return f"{condition.family} moves the picture, and its label map stays where it is"
    if condition.family != "scale" and view.pictures and sizes_of(view.pictures) != loaded.sizes:
        return f"{condition.family} changes the size of the picture in a way that its label map does not know"
    return ""


def _scene(block: Block, condition: Condition, row: int, view: PerturbedImage) -> Scene:
    pixels = view.pictures[0] if view.pictures else None
    return Scene(block.images[row].image.id, condition, pixels, block.truths[row].size)


def _reads_pictures(job: Job, pending: Collection[Unit]) -> bool:
    return job.source.needs_pictures or not job.unmeasured.isdisjoint(pending)
