"""How far the attention of each head moves over the places of the image, from the clean image to a perturbed one.

It is computed during capture, so that no map by head is stored. The definition is the kernel of `analyses.attention`,
which is also that of the stored map's divergence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analyses import attention

from .attended import DIVERGENCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hooks.reading import Answer, AttentionReadout, Grid, Reading
    from stores import Layout

    from .questions import SampleQuestion

    Spread = tuple[Grid, NDArray[np.float16]]

Take = Callable[[int, "Reading"], "Reading"]
"""A row of the block and its reading -> what is kept of it."""

Divergences = Mapping[tuple[int, int], "NDArray[np.float64]"]
"""(layer, head) in bits, of the question at a position of the view in a row of the block."""


class HeadDivergence:
    """The divergences of one block's questions, one condition after the other, clean first.

    How each head spreads over the places of the clean images stays in memory until the block is finished, as shares in
    float16: 1.2 MB a question of 32 layers, 32 heads and 576 places, so 38 MB of a block of 32 images with a question
    each. What a perturbed view has is dropped once it is compared. Both are rounded alike: what is equal diverges by 0.
    """

    def __init__(self) -> None:
        self._clean: dict[tuple[int, int], Spread | None] = {}

    def into(self, found: "dict[tuple[int, int], NDArray[np.float64]]", *, clean: bool) -> "Take":
        """What to do with each reading under one condition: its divergences go into `found`, its maps are dropped.

        There is none where the grid differs from the clean image's, nor where either has no grid.
        """

        def take(row: int, reading: "Reading") -> "Reading":
            for position, answer in enumerate(reading.answers):
                spread = None if answer.attention is None else spread_of(answer.attention)
                if clean:
                    self._clean[row, position] = spread
                before = self._clean.get((row, position))
                if spread is not None and before is not None and spread[0] == before[0]:
                    found[row, position] = attention.divergence(before[1], spread[1])
            return without_maps(row, reading)

        return take


def spread_of(read: "AttentionReadout") -> "Spread | None":
    """The grid, and the shares of each head's attention to it; None without a grid."""
    by_head = read.places_by_head
    return None if read.grid is None or by_head is None else (read.grid, attention.shares(by_head).astype(np.float16))


def without_maps(row: int, reading: "Reading") -> "Reading":
    """The reading of a row without its maps by head, which are large."""
    return replace(reading, answers=tuple(_without_map(answer) for answer in reading.answers))


def _without_map(answer: "Answer") -> "Answer":
    read = answer.attention
    return answer if read is None else replace(answer, attention=replace(read, places_by_head=None))


def fill(
    arrays: "Mapping[str, NDArray[Any]]",
    layout: "Layout",
    block: int,
    questions: "Sequence[Sequence[SampleQuestion]]",
    divergences: Divergences,
) -> None:
    """Put the divergences of the run's own questions in their rows; all others stay undefined."""
    first = layout.sample_rows(block).start
    for (row, position), value in divergences.items():
        asked = questions[row][position]
        if not asked.question.prompt:  # of questions under a site's prompt only the states are stored
            at = layout.sample_index(asked.sample.id) - first
            arrays[f"answers/{DIVERGENCE.name}"][at, :, : value.shape[1]] = value
