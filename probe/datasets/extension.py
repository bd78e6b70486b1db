"""Datasets of installed packages, offered through the entry-point group `probe.datasets`.

[project.entry-points."probe.datasets"]
my_set = "my_package:ENTRY"
"""

import warnings
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from .entry import Entry

GROUP = "probe.datasets"


def add(known: dict[str, Entry], entry: Entry) -> None:
    """Put an entry beside ours. Raises ValueError where it is none, or its name is taken or cannot be written."""
    if not isinstance(entry, Entry):
        raise ValueError(f"{entry!r} is no probe.datasets.entry.Entry.")
    if not entry.name or set(entry.name) & set(":@/\\"):
        raise ValueError(f"dataset name {entry.name!r}: write it without : @ / and \\.")
    if entry.name in known and known[entry.name] != entry:
        raise ValueError(f"a dataset {entry.name!r} is there already. Choose another name.")
    known[entry.name] = entry


def load_installed(known: dict[str, Entry], found: Sequence[EntryPoint] | None = None) -> None:
    """Add the entries that installed packages offer: one, or several in a list or tuple.

    One that cannot be loaded is left out with a warning that names it; the others are there.
    """
    for point in entry_points(group=GROUP) if found is None else found:
        try:
            offered = point.load()
            for entry in offered if isinstance(offered, list | tuple) else (offered,):
                add(known, entry)
        except Exception as error:  # whatever another package raises must not take ours down
            warnings.warn(f"dataset {point.name!r} ({point.value}) is left out: {error}", stacklevel=2)
