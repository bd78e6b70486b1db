"""One block of a run: its images under every condition, read through the model and committed unit by unit.

Blocks are independent of each other, which is why a run can be interrupted, resumed and spread over machines.
"""

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from socket import gethostname
from typing import TYPE_CHECKING, Any

import hooks
from stores import Unit, Writer

from ..perturbations.catalogue import apply, family_of
from ..perturbations.condition import CLEAN, Condition, Skipped
from ..perturbations.control import Others
from ..perturbations.preparation import prepared
from ..sample import Image, Pixels, Sample
from . import payload
from .payload import Arrays, Seen
from .plan import Plan
from .questions import Asked, Spoken, ask
from .reductions import Reducer

if TYPE_CHECKING:
    from hooks import Model

PERTURBATION_THREADS = 2

Shown = Pixels | str | None
"""An image under a condition, None where there is none to show, or the reason why the condition is undefined for it."""

Views = list[Future[Shown]]


@dataclass(frozen=True)
class Loaded:
    """An image of the block, read and prepared, or the reason why it could not be."""

    image: Image
    pixels: Pixels | None
    sha256: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Block:
    """What every condition of a block shares.

    `spoken` and `reducer` remember the clean images, `sizes` why pictures of a size are refused, empty where not.
    """

    plan: Plan
    model: "Model"
    index: int
    images: tuple[Loaded, ...]
    samples: Mapping[str, tuple[Sample, ...]]
    refused: Mapping[str, str]
    batch_size: int
    spoken: Spoken = field(default_factory=dict)
    sizes: dict[tuple[int, int], str] = field(default_factory=dict)
    reducer: Reducer = field(default_factory=Reducer)


def run(
    plan: Plan,
    model: "Model",
    index: int,
    pending: Collection[int],
    writer: Writer,
    *,
    batch_size: int,
    on_unit: Callable[[Unit], None],
) -> None:
    """Extract and commit the pending conditions of one block, clean first.

    On resume the clean images are read once more where a condition is measured beside them (token drift, clean answer).
    """
    beside_clean = any(site.has_tokens or site.kind.needs_clean_answer for site in plan.sites)
    order = sorted({*pending, 0} if beside_clean else pending)
    with ThreadPoolExecutor(PERTURBATION_THREADS) as pool:
        block = open_block(plan, model, index, batch_size, pool)
        upcoming = perturb(block, plan.conditions[order[0]], pool)
        for condition, following in zip(order, [*order[1:], None], strict=True):
            started, views = time.perf_counter(), upcoming
            if following is not None:  # perturbed on the CPU while the model is busy with this condition
                upcoming = perturb(block, plan.conditions[following], pool)
            unit = Unit(index, condition)
            arrays, report = measure(block, unit, views)
            if condition in pending:
                writer.commit(unit, arrays, report=report | journal(model, time.perf_counter() - started))
                on_unit(unit)


def open_block(plan: Plan, model: "Model", index: int, batch_size: int, pool: ThreadPoolExecutor) -> Block:
    """Read the block's images, and refuse the samples that the model cannot be asked."""
    images = plan.dataset.images[plan.layout.rows(index)]
    samples = {image.id: plan.dataset.samples_of(image.id) for image in images}
    loaded = tuple(pool.map(lambda image: load(image, plan.preparation), images))
    refused = {
        sample.id: reason for group in samples.values() for sample in group if (reason := refusal(model, plan, sample))
    }
    return Block(plan, model, index, loaded, samples, refused, batch_size)


def load(image: Image, preparation: str) -> Loaded:
    """Read one image and bring it to the size that the suites ask for."""
    try:
        pixels = prepared(image.read(), preparation)
    except (OSError, ValueError) as error:
        return Loaded(image, None, problem=str(error))
    return Loaded(image, pixels, sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest())


def refusal(model: "Model", plan: Plan, sample: Sample) -> str:
    """Why the model cannot be asked this sample (an option that tokenises to nothing), or an empty string."""
    try:
        for asked in ask(sample, model.kind, plan.settings.prompt, plan.sites, {}):
            hooks.capture.check_question(model, asked.question)
    except ValueError as error:
        return str(error)
    return ""


def perturb(block: Block, condition: Condition, pool: ThreadPoolExecutor) -> Views:
    """Start perturbing every image of the block."""
    plan = block.plan

    def one(loaded: Loaded) -> Shown:
        if loaded.pixels is None:
            return loaded.problem
        if condition != CLEAN and family_of(condition).takes_image_away:
            return without_image(block.model)
        try:
            others = Others(plan.dataset.images, loaded.image.id, plan.preparation)
            made = apply(condition, loaded.pixels, image_id=loaded.image.id, seed=plan.settings.seed, others=others)
        except Skipped as reason:
            return str(reason)
        return refused_size(block, made) or made

    return [pool.submit(one, loaded) for loaded in block.images]


def refused_size(block: Block, pixels: Pixels) -> str:
    """Why the model cannot take a picture of this size, or an empty string."""
    height, width = pixels.shape[:2]
    if not block.model.family.resizes:
        return ""
    if (height, width) not in block.sizes:
        try:
            hooks.image_grids(block.model.blueprint, height, width)
            block.sizes[height, width] = ""
        except ValueError as error:
            block.sizes[height, width] = str(error)
    return block.sizes[height, width]


def without_image(model: "Model") -> Shown:
    """What a model is shown instead of a picture: nothing, or the reason why it cannot be asked so."""
    if model.family.text_only:
        return None
    return f"models of family {model.family.name} cannot be asked without an image"


def measure(block: Block, unit: Unit, views: Views) -> tuple[Arrays, dict[str, Any]]:
    """All arrays of one unit, and what the ledger notes about it."""
    results = [view.result() for view in views]
    clean = block.plan.conditions[unit.condition] == CLEAN
    seen = look(block, results, clean=clean)
    if clean and any(site.kind.needs_clean_answer for site in block.plan.sites):
        block.spoken.update(
            ((asked.sample.id, asked.question.prompt), answer.text)
            for view in seen
            for asked, answer in zip(view.asked, view.reading.answers, strict=True)
            if answer.text is not None
        )
        seen = look(block, results, clean=clean)
    return assemble(block, unit, seen), report(block, unit, results, seen)


def look(block: Block, results: list[Shown], *, clean: bool) -> list[Seen]:
    """Read every view of one condition through the model."""
    plan = block.plan
    rows = [row for row, result in enumerate(results) if not isinstance(result, str)]
    asked = [questions(block, block.images[row].image.id) for row in rows]
    views = [
        hooks.View(pixels=results[row], questions=tuple(each.question for each in group))  # type: ignore[arg-type]
        for row, group in zip(rows, asked, strict=True)
    ]
    readings = hooks.capture.read(
        block.model,
        views,
        plan.sites,
        batch_size=block.batch_size,
        keep_tokens=frozenset(site.slug for site in plan.sites if site.has_tokens)
        if plan.settings.keep == "tokens"
        else frozenset(),
        reduce=block.reducer.over([block.images[row].image.id for row in rows], clean=clean),
        max_new_tokens=plan.settings.max_new_tokens,
    )
    return [Seen(row, tuple(group), reading) for row, group, reading in zip(rows, asked, readings, strict=True)]


def questions(block: Block, image_id: str) -> list[Asked]:
    """Everything that is asked about one image."""
    settings = block.plan.settings
    return [
        asked
        for sample in block.samples[image_id]
        if sample.id not in block.refused
        for asked in ask(sample, block.model.kind, settings.prompt, block.plan.sites, block.spoken)
    ]


def assemble(block: Block, unit: Unit, seen: list[Seen]) -> Arrays:
    """The unit's arrays; the clean unit also owns the table of images."""
    layout = block.plan.layout
    arrays = layout.blank(unit)
    payload.fill_answers(arrays, layout, unit.block, seen)
    for site, spec in zip(block.plan.sites, layout.sites, strict=True):
        payload.fill_site(arrays, layout, unit.block, site, spec, seen)
    if unit.condition == 0:
        for row, image in enumerate(block.images):
            if image.pixels is not None:
                arrays["images/sha256"][row] = image.sha256
                arrays["images/height"][row], arrays["images/width"][row] = image.pixels.shape[:2]
    return arrays


def report(block: Block, unit: Unit, results: list[Shown], seen: list[Seen]) -> dict[str, Any]:
    """What the ledger notes: failed samples with the reason, and images that the condition is undefined for."""
    unread = {
        sample.id: f"image {loaded.image.id}: {problem}"
        for loaded in block.images
        if (problem := loaded.problem or (loaded.pixels is not None and refused_size(block, loaded.pixels)))
        for sample in block.samples[loaded.image.id]
    }
    undefined = {
        loaded.image.id: result
        for loaded, result in zip(block.images, results, strict=True)
        if isinstance(result, str) and not loaded.problem
    }
    dtypes = {spec.slug: spec.dtype for spec in block.plan.layout.sites if spec.per == "image"}
    failed = unread | dict(block.refused) | payload.non_finite(seen, dtypes=dtypes)
    return {"condition": block.plan.conditions[unit.condition].id, "failed": failed, "undefined": undefined}


def journal(model: "Model", seconds: float) -> dict[str, Any]:
    """Where, when and by what a unit was made."""
    return {
        "host": gethostname(),
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "weights": model.provenance["weights_sha256"],
    }
