"""All datasets by name, and a user's own by path."""

from os import PathLike

from hooks.settings import place, whole

from ..closest import did_you_mean
from . import jsonl, streets
from .entry import Entry
from .problems import DatasetError, Opened, Problem

__all__ = ["DATASETS", "DatasetError", "Entry", "Opened", "Problem", "open_dataset"]

DATASETS: dict[str, Entry] = {entry.name: entry for entry in (*streets.ENTRIES,)}


def open_dataset(name_or_path: str | PathLike[str], *, limit: int | None = None) -> Opened:
    """A dataset by name, or the one in a .jsonl file, with its first `limit` images; and what is wrong with it.

    The problems are those of the complete file, whatever the limit.

    Raises DatasetError for an unknown name and files that `jsonl.load` refuses, ValueError for a limit below 1.
    """
    name = place("dataset", name_or_path)
    limit = None if limit is None else whole("limit", limit, least=1)
    if name in DATASETS:
        return Opened(DATASETS[name].load(limit))
    if name.lower().endswith(".jsonl"):
        opened = jsonl.load(name)
        return opened if limit is None else Opened(opened.dataset.head(limit), opened.problems)
    hint = did_you_mean(name, DATASETS)
    raise DatasetError(
        f"dataset {name!r} is unknown.{hint} Known: {', '.join(DATASETS)}. Give your own as the path of a .jsonl file."
    )
