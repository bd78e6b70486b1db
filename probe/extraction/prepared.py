"""Views as threads prepare them: perturbed, measured and encoded, ahead of the model."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import hooks
from stores import Unit

from ..perturbations.condition import Condition
from ..readers.reader import Place
from .ahead import PICTURE_BYTES, Ahead
from .block import Block
from .views import LoadedImage, PreparedView, Sizes, perturb

FLOAT = 4
"""Bytes of an encoded picture for each of its own, until it is known: float32 at about its size."""


def prepared_views(
    block: Block, unmeasured: Sequence[Condition], measured: Sequence[Condition], pool: ThreadPoolExecutor
) -> Ahead[PreparedView]:
    """Every image of the block under each condition in turn, made ahead by the pool."""
    asked = [*((each, False) for each in unmeasured), *((each, True) for each in measured)]
    sizes: dict[Sizes, int] = {}

    def prepare(row: int, condition: Condition, wanted: bool) -> PreparedView:
        made = prepared(block, row, condition, measured=wanted)
        if made.encoded is not None:
            sizes[block.images[row].sizes] = made.encoded.bytes
        return made

    def work() -> Iterator[tuple[int, partial[PreparedView]]]:
        for condition, wanted in asked:
            for row, loaded in enumerate(block.images):
                yield room(loaded, sizes), partial(prepare, row, condition, wanted)

    return Ahead(pool, work(), most=2 * len(block.images), room=PICTURE_BYTES)


def room(loaded: LoadedImage, encoded: dict[Sizes, int]) -> int:
    """Bytes that a view of an image takes while it is made and waits: its pictures and what they become."""
    return loaded.bytes + encoded.get(loaded.sizes, FLOAT * loaded.bytes)


def prepared(block: Block, row: int, condition: Condition, *, measured: bool = True) -> PreparedView:
    """One image of a block under one condition; `measured` as in `views.perturb`."""
    made = perturb(
        block.images[row],
        condition,
        plan=block.plan,
        reader=block.reader,
        invalid_sizes=block.invalid_sizes,
        measured=measured,
    )
    shown = replace(made, pictures=())
    if made.undefined or made.error:
        return PreparedView(shown)
    view = hooks.View(made.pictures, tuple(each.question for each in block.questions[row]))
    try:
        return PreparedView(shown, block.reader.encode(view, place(block, row, condition)))
    except Exception as error:  # a processor can raise anything on a picture or a text
        return PreparedView(shown, refused=error)


def place(block: Block, row: int, condition: Condition) -> Place:
    """Where a view stands in the run."""
    unit = Unit(block.index, block.plan.conditions.index(condition))
    samples = tuple(each.sample.id for each in block.questions[row])
    return Place(unit, condition.id, block.images[row].image.id, samples)
