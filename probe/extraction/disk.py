"""How many bytes a run will write: of numbers exactly, of texts as far as a plan knows them.

Texts lie in chunks of their own: four bytes for the chunk, four for each text, then the texts. Of these a plan knows
the hashes of the images, and that there is no answer where none is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from stores import Layout
from stores.arrays import Array

from ..readers.answers import CHOICE
from ..readers.asking import KINDS
from . import questions
from .plan import Plan

HASH_BYTES = 64
"""Characters of an image's SHA-256."""


@dataclass(frozen=True)
class DiskBytes:
    """Bytes of the files of a run's units. Tables, metadata and the ledger come on top.

    `known`: numbers, and what texts take without their content. `at_most`: whether it is fewer where images have fewer
    tokens than the largest. `unknown`: the texts whose content is not known, in words.
    """

    known: int
    at_most: bool
    unknown: tuple[str, ...]


def of(plan: Plan, *, resizes: bool) -> DiskBytes:
    """The bytes of a plan's units; `resizes` says whether an image's number of tokens may depend on its size."""
    layout = plan.layout
    texts = sum(frames(layout, array) for array in layout.arrays.values() if array.is_text)
    unknown = {"free answers": writes_answers(plan), "thumbnails": plan.settings.keep_thumbnails}
    return DiskBytes(
        known=layout.bytes_on_disk() + texts + HASH_BYTES * len(layout.image_ids),
        at_most=resizes and any(array.shard for array in layout.arrays.values()),
        unknown=tuple(name for name, some in unknown.items() if some),
    )


def writes_answers(plan: Plan) -> bool:
    """Whether the model writes an answer to any sample under the run's own prompt; one without scores always does."""
    if CHOICE in plan.layout.answers:
        return True
    kind, settings, sites = KINDS[plan.model["kind"]], plan.settings, plan.sites
    asked = (questions.of_sample(sample, kind, settings, sites)[0] for sample in plan.dataset.samples)
    return any(each.question.generate for each in asked)


def frames(layout: Layout, array: Array) -> int:
    """Bytes of an array of texts that are all empty, over all units."""
    units = layout.blocks * (len(layout.conditions) if array.per_condition else 1)
    return units * frame(array)


def frame(array: Array) -> int:
    """Bytes of a file of texts that are all empty."""
    return 4 + 4 * prod(array.chunk)


def content_of_texts(layout: Layout, entry: Mapping[str, Any]) -> int:
    """Bytes of the answers and thumbnails of a committed unit, from what its marker says of its files."""
    total = 0
    for array in layout.arrays.values():
        if array.is_text and array.per_condition:
            files = (file["size"] for name, file in entry["files"].items() if name.startswith(f"{array.path}/"))
            total += sum(size - frame(array) for size in files)
    return total
