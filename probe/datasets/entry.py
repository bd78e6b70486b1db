"""A dataset as the registry knows it: where its files or its tables are, how they become samples, whose it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..sample import Dataset
from .hub import Hub
from .problems import Count
from .rows import Read
from .source import Source


@dataclass(frozen=True)
class Entry:
    """A dataset that the package knows.

    `read` gives the rows of the official files on disk (`source.root` is their folder, `source.split` one of `splits`);
    `hub` says where the same is on the hub. `splits` are named with their official numbers, the default first. A
    dataset that is drawn instead has `draw`, which takes the number of images, or None for the default number.
    `files` says in a line which files `read` expects. `bibtex` is the entry of its paper, "" where there is none.
    """

    name: str
    description: str
    draw: Callable[[int | None], Dataset] | None = None
    read: Callable[[Source], Read] | None = None
    hub: Hub | None = None
    splits: Mapping[str, Count] = field(default_factory=lambda: MappingProxyType({}))
    files: str = ""
    license: str = ""
    bibtex: str = ""
