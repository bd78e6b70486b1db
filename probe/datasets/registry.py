"""Every dataset by name, and a user's own by path."""

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike, fspath

from ..closest import did_you_mean
from . import jsonl
from .problems import DatasetError, Opened, Problem
from .sample import Dataset

__all__ = ["DATASETS", "DatasetError", "Entry", "Opened", "Problem", "open_dataset"]

STREETS_COUNT = 256
"""Scenes where no limit is given; the world has no end of them."""


@dataclass(frozen=True)
class Entry:
    """A dataset that the package knows. `load` takes the number of images, or None for the default number."""

    name: str
    description: str
    load: Callable[[int | None], Dataset]


def _streets(limit: int | None) -> Dataset:
    # imported here: `probe list datasets` must not wait for the world to be loaded
    from .streets import streets

    return streets(STREETS_COUNT if limit is None else limit)


def _streets_describe(limit: int | None) -> Dataset:
    from .streets import streets_describe

    return streets_describe(STREETS_COUNT if limit is None else limit)


_ENTRIES = (
    Entry("streets", "drawn street scenes: multiple choice, yes/no and safety questions", _streets),
    Entry("streets-describe", "the same scenes, each to be described", _streets_describe),
)

DATASETS: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def open_dataset(name_or_path: str | PathLike[str], *, limit: int | None = None) -> Opened:
    """A dataset by name, or the one in a .jsonl file, with its first `limit` images; and what is wrong with it.

    The problems are those of the whole file, whatever the limit.

    Raises DatasetError for an unknown name, a limit below 1, and files that `jsonl.load` refuses.
    """
    name = fspath(name_or_path)
    if limit is not None and limit < 1:
        raise DatasetError(f"limit {limit}: a dataset needs at least one image. Give 1 or more, or no limit.")
    if name in DATASETS:
        return Opened(DATASETS[name].load(limit))
    if name.lower().endswith(".jsonl"):
        opened = jsonl.load(name)
        return opened if limit is None else Opened(opened.dataset.head(limit), opened.problems)
    hint = did_you_mean(name, DATASETS)
    raise DatasetError(
        f"dataset {name!r} is unknown.{hint} Known: {', '.join(DATASETS)}. Give your own as the path of a .jsonl file."
    )
