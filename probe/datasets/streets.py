"""`streets` and `streets-describe`: the embedded datasets, drawn street scenes with exact label maps."""

from collections.abc import Callable
from functools import partial

from ..pocket.streets import streets, streets_describe
from ..sample import Dataset
from .entry import Entry

__all__ = ["ENTRIES", "streets", "streets_describe"]

COUNT = 256
"""Number of scenes where no limit is given; any number can be drawn."""


def _draw(scenes: Callable[[int], Dataset], limit: int | None) -> Dataset:
    return scenes(COUNT if limit is None else limit)


ENTRIES = (
    Entry(
        "streets",
        "drawn street scenes: multiple choice, yes/no and safety questions",
        draw=partial(_draw, streets),
    ),
    Entry("streets-describe", "the same scenes, each to be described", draw=partial(_draw, streets_describe)),
)
