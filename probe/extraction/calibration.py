"""How long a run will take and how much it will write, measured on a few of its views.

The model is loaded, and a few images, spread over the dataset, are extracted under the clean condition and one
condition of each family, into a temporary folder, as the run itself does it. A block before them warms up. Each
condition of the run then takes what the one of its family took, by view:

    seconds = loading + images x sum over conditions of seconds a view of the condition's family

What a block costs once (its pictures read, its questions prepared) and each commit are done beside the next reading.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from hooks import settings
from stores import Unit, ledger, writing

from ..perturbations.condition import CLEAN, Condition
from . import disk
from .execution import Execution, Target, begin, run_blocks
from .plan import Plan, lay_out

if TYPE_CHECKING:
    from ..readers.reader import Reader

Item = TypeVar("Item")


@dataclass(frozen=True)
class Costs:
    """What was measured: `loading` [s] of the weights, seconds a view and bytes of texts a view, by family.

    `images` is how many images were read under each condition. Texts are what no plan can know: free answers and
    thumbnails.
    """

    images: int
    loading: float
    seconds: Mapping[str, float]
    text_bytes: Mapping[str, float]

    def wall(self, plan: Plan, workers: int = 1) -> float:
        """Seconds that the whole plan takes with so many workers, of which none slows another.

        The last blocks count in full: with more workers than blocks, some have nothing to do.
        """
        blocks = plan.layout.blocks
        view = sum(self.seconds[condition.family] for condition in plan.conditions)
        return self.loading + len(plan.dataset.images) * view * ceil(blocks / workers) / blocks

    def texts(self, plan: Plan) -> float:
        """Bytes of the texts of the whole plan."""
        return len(plan.dataset.images) * sum(self.text_bytes[condition.family] for condition in plan.conditions)


def measure(plan: Plan, reader: "Reader", execution: Execution, *, images: int) -> Costs:
    """Measure a plan's costs on `images` of its images, in this process; nothing is written where the run will be.

    Raises ValueError for a number of images that is too small.
    """
    part = part_of(plan, reader, settings.whole("calibrate", images, least=1))
    size = part.layout.block_size
    warming = [Unit(0, 0)] if part.layout.blocks > 1 else []
    measured = [Unit(part.layout.blocks - 1, k) for k in range(len(part.conditions))]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        target = Target(path, created=False, pending=(*warming, *measured), plan_hash=part.hash)
        with writing(path) as own:
            started = time.perf_counter()
            with closing(reader.open(path)) as opened:
                loaded = time.perf_counter()
                begin(part, target, opened.provenance, execution)
                run_blocks(part, target, own, opened, execution, lambda unit: None)
        markers = [ledger.entry(path, unit) for unit in measured]
    # of reading alone: what else a unit takes is done beside the next one
    spent = [marker["report"]["seconds"] for marker in markers]
    written = [disk.content_of_texts(part.layout, marker) for marker in markers]
    families = [condition.family for condition in part.conditions]
    return Costs(
        images=size,
        loading=loaded - started,
        seconds={family: seconds / size for family, seconds in zip(families, spent, strict=True)},
        text_bytes={family: size_of / size for family, size_of in zip(families, written, strict=True)},
    )


def part_of(plan: Plan, reader: "Reader", images: int) -> Plan:
    """The part of a plan that is measured: blocks of `images`, the first to warm up, and a condition of each family."""
    count = max(1, min(images, plan.layout.block_size, len(plan.dataset.images)))
    chosen = tuple(spread(plan.dataset.images, 2 * count if len(plan.dataset.images) >= 2 * count else count))
    kept = {image.id for image in chosen}
    samples = tuple(sample for sample in plan.dataset.samples if sample.image_id in kept)
    dataset = replace(plan.dataset, images=chosen, samples=samples)
    conditions = tuple(one_of_each_family(plan.conditions))
    layout = lay_out(plan.settings, dataset, conditions, plan.preparation, plan.sites, reader)
    return replace(plan, dataset=dataset, conditions=conditions, layout=replace(layout, block_size=count))


def spread(items: Sequence[Item], count: int) -> Iterator[Item]:
    """So many items at equal distances.

    >>> list(spread("abcdefgh", 3))
    ['a', 'c', 'f']
    """
    return (items[k * len(items) // count] for k in range(count))


def one_of_each_family(conditions: Sequence[Condition]) -> Iterator[Condition]:
    """The clean condition, then of each family the one in the middle: of five severities the third."""
    groups: dict[str, list[Condition]] = {}
    for condition in conditions:
        groups.setdefault(condition.family, []).append(condition)
    yield CLEAN
    for group in groups.values():
        if CLEAN not in group:
            yield group[len(group) // 2]
