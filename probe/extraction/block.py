"""One block of a run: its images under every condition, read by the model and committed unit by unit.

Blocks are independent of each other, which is why a run can be interrupted, resumed and spread over machines.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from socket import gethostname
from typing import TYPE_CHECKING, Any

from stores import NonFinite, Unit

from ..perturbations import rereading
from ..perturbations.condition import CLEAN, Condition
from . import failures, head_divergence, payload, questions, readouts
from .ahead import PICTURE_BYTES, Room
from .head_divergence import Divergences, HeadDivergence, Take, without_maps
from .payload import Arrays, Readings
from .plan import Plan
from .questions import CleanAnswers, SampleQuestion
from .reductions import Reducer
from .views import InvalidSizes, LoadedImage, PerturbedImage, PreparedView, load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hooks import Reading, Site
    from hooks.request import Reduce

    from ..readers.reader import Encoded, OpenReader


@dataclass(frozen=True)
class Read:
    """The readings of a block's images under one condition, by row, and why the model could not read a row.

    `shown` is what the model was shown in each row, without the pictures; `divergences` are of each head's attention.
    """

    readings: Readings
    reasons: Mapping[int, str]
    shown: Sequence[PerturbedImage]
    divergences: Divergences = field(default_factory=dict[tuple[int, int], "NDArray[np.float64]"])


@dataclass(frozen=True)
class Block:
    """What all conditions of a block share: its images, their questions in the same order, and what is invalid.

    `invalid`: sample id -> why it cannot be asked. `invalid_sizes`: why the model cannot take pictures of these sizes.
    """

    plan: Plan
    reader: "OpenReader"
    index: int
    images: tuple[LoadedImage, ...]
    questions: tuple[tuple[SampleQuestion, ...], ...]
    invalid: Mapping[str, str]
    invalid_sizes: InvalidSizes
    batch_size: int


def open_block(
    plan: Plan, reader: "OpenReader", index: int, batch_size: int, invalid_sizes: InvalidSizes, pool: ThreadPoolExecutor
) -> Block:
    """Read the block's images and prepare their questions."""
    images = plan.dataset.images[plan.layout.rows(index)]
    read = partial(load, preparation=plan.preparation, room=Room(PICTURE_BYTES))
    loaded = tuple(pool.map(read if reader.reader.sees else LoadedImage, images))
    asked = [questions.of_samples(plan, reader, plan.dataset.samples_of(image.id)) for image in images]
    invalid = {sample: reason for _, reasons in asked for sample, reason in reasons.items()}
    return Block(plan, reader, index, loaded, tuple(valid for valid, _ in asked), invalid, invalid_sizes, batch_size)


def force_clean_answers(block: Block, clean: Iterable[PreparedView]) -> Block:
    """The block with the free answers to its clean images in the questions that teacher-force them."""
    answers: CleanAnswers = {
        (asked.sample.id, asked.question.prompt): answer.text
        for asked, answer in payload.answers(block.questions, read(block, clean).readings)
        if answer.text is not None
    }
    forced = (questions.with_clean_answers(group, block.plan.sites, answers) for group in block.questions)
    return replace(block, questions=tuple(forced))


def read_states(
    block: Block, views: Iterable[PreparedView], reducer: Reducer, heads: HeadDivergence, condition: Condition
) -> Read:
    """Read the states and answers of all images under one condition."""
    plan = block.plan
    keep = frozenset(site.slug for site in plan.sites if site.has_tokens and plan.settings.keep == "tokens")

    def reduce(rows: Sequence[int]) -> "Reduce":
        return reducer.over([block.images[row].image.id for row in rows], clean=condition == CLEAN)

    found: dict[tuple[int, int], NDArray[np.float64]] = {}
    compared = readouts.compares_clean(plan.settings.readouts)
    take = heads.into(found, clean=condition == CLEAN) if compared else without_maps
    way = rereading.way(condition)
    made = read(block, views, plan.sites, keep_tokens=keep, reduce=reduce, take=take, way=way)
    return replace(made, divergences=found)


def read(
    block: Block,
    views: Iterable[PreparedView],
    sites: "Sequence[Site]" = (),
    *,
    keep_tokens: frozenset[str] = frozenset(),
    reduce: "Callable[[Sequence[int]], Reduce] | None" = None,
    take: Take = without_maps,
    way: str = "",
) -> Read:
    """Read all images under one condition, a batch at a time; without sites, only their answers.

    `take` is given each row's reading as soon as it is there, and says what is kept of it.
    """
    at_once = rereading.other_batch(block.batch_size) if way == "batch" else block.batch_size
    shown: list[PerturbedImage] = []
    held: dict[int, PreparedView] = {}

    def batches() -> Iterator[list[int]]:
        for row, each in enumerate(views):
            shown.append(each.shown)
            if each.is_read:
                held[row] = each
            if len(held) == at_once:
                yield list(held)
                held.clear()
        yield list(held)

    def of_rows(rows: Sequence[int]) -> "list[Reading]":
        found = block.reader.read(
            [encoded(held[row], block.questions[row]) for row in rows],
            sites,
            batch_size=at_once,
            keep_tokens=keep_tokens,
            reduce=None if reduce is None else reduce(rows),
            end_of_turn=block.plan.settings.end_of_turn,
            way=way,
        )
        return [take(row, reading) for row, reading in zip(rows, found, strict=True)]

    made, reasons = failures.read_in_turn(of_rows, batches())
    return Read([made.get(row) for row in range(len(shown))], reasons, shown)


def encoded(view: PreparedView, asked: "Sequence[SampleQuestion]") -> "Encoded":
    """A view with its questions as they are now. Raises what the processor raised over it."""
    if view.encoded is None:
        assert view.refused is not None
        raise view.refused
    return replace(view.encoded, questions=tuple(each.question for each in asked))


def assemble(block: Block, unit: Unit, states: Read) -> Arrays:
    """The unit's arrays; the clean unit also fills the table of images."""
    layout, readings = block.plan.layout, states.readings
    arrays = layout.blank(unit)
    if layout.pictures:
        payload.fill_pictures(arrays, [each.band_power for each in states.shown])
        payload.fill_thumbnails(arrays, [each.thumbnails for each in states.shown])
    payload.fill_answers(arrays, layout, unit.block, block.questions, readings)
    head_divergence.fill(arrays, layout, unit.block, block.questions, states.divergences)
    for site, spec in zip(block.plan.sites, layout.sites, strict=True):
        if site.per == "image":
            payload.fill_image_site(arrays, spec, readings)
        else:
            payload.fill_sample_site(arrays, layout, unit.block, site, block.questions, readings)
    if unit.condition == 0:
        payload.fill_images(arrays, block.images)
    return arrays


def unit_report(block: Block, unit: Unit, states: Read, counted: Mapping[str, NonFinite]) -> dict[str, Any]:
    """The unit's failed samples, and the images for which its condition is undefined, each with the reason."""
    plan, perturbed = block.plan, states.shown
    reasons = {row: reason for row, loaded in enumerate(block.images) if (reason := unreadable_reason(block, loaded))}
    reasons |= {row: each.error for row, each in enumerate(perturbed) if each.error and row not in reasons}
    failed = {
        sample.id: f"image {block.images[row].image.id}: {reason}"
        for row, reason in (dict(states.reasons) | reasons).items()
        for sample in plan.dataset.samples_of(block.images[row].image.id)
    }
    undefined = {
        loaded.image.id: each.undefined
        for loaded, each in zip(block.images, perturbed, strict=True)
        if each.undefined and not loaded.error
    }
    image_sites = [site.slug for site in plan.sites if site.per == "image"]
    failed |= dict(block.invalid)
    failed |= payload.failures(counted, plan.layout, unit.block, image_sites, block.questions, states.readings)
    return {"condition": plan.conditions[unit.condition].id, "failed": failed, "undefined": undefined}


def unreadable_reason(block: Block, loaded: LoadedImage) -> str:
    """Why an image cannot be read, by its file or by the model; empty where it can."""
    return loaded.error or block.invalid_sizes(loaded.sizes)


def unit_metadata(reader: "OpenReader", seconds: float) -> dict[str, Any]:
    """Where, when, in which time and, where the reader has weights, with which of them a unit was computed."""
    weights = reader.provenance.get("weights_sha256")
    return {
        "host": gethostname(),
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        **({} if weights is None else {"weights": weights}),
    }
