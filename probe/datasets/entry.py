"""A dataset as the registry knows it."""

from collections.abc import Callable
from dataclasses import dataclass

from ..sample import Dataset


@dataclass(frozen=True)
class Entry:
    """A dataset that the package knows. `load` takes the number of images, or None for the default number.

    `bibtex` is the entry of its paper, "" where there is none.
    """

    name: str
    description: str
    load: Callable[[int | None], Dataset]
    bibtex: str = ""
