"""Whether the files of committed units are there with their sizes: one listing of each array's folder.

A lost chunk file reads as its fill value, so that a marker alone does not say that a unit can be read.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any

from . import ledger
from .arrays import Array, Unit
from .catalogue import arrays_of
from .paths import resolved
from .specs import Segmentation, SiteSpec, Sizes, Variable

FEW = 2_000
"""Units whose markers are read at once: they alone know the sizes of texts and of padded tokens."""

SHOWN = 3
"""Files that a message names."""

Damage = Mapping[Unit, tuple[str, ...]]
"""Committed unit -> what is wrong with its files, such as "answers/text/c.0.1 is missing"."""


class DamagedRun(ValueError):
    """Files of a run are missing, or have another size than they were written with."""


def damage(path: str | PathLike[str], *, committed: Collection[Unit] | None = None, exact: bool = False) -> Damage:
    """What is wrong with the files of each committed unit, of all or of those given; empty where nothing is.

    Sizes that depend on the values (texts, padded tokens, compressed arrays) are compared with the markers of few
    units, or of all if `exact`; of more, such a file need only not be empty.

    Raises FileNotFoundError where there is no run, DamagedRun for files made with it, which no unit brings back.
    """
    root = resolved(path)
    record = ledger.read_record(root)
    if record is None:
        raise FileNotFoundError(f"{path} contains no run.")
    check_creation(root, record)
    committed = ledger.done(root) if committed is None else committed
    written = ledger.file_sizes(root, committed) if exact or len(committed) <= FEW else {}
    found = {unit: [f"{_marker(root, unit)} is damaged"] for unit, sizes in written.items() if sizes is None}
    sizes = {name: size for each in written.values() if each for name, size in each.items()}
    for array in arrays_in(record["layout"]):
        fixed = None if record["layout"]["compress"] else array.file_bytes
        for unit, said in damaged_files(root, array, committed, sizes, fixed):
            found.setdefault(unit, []).append(said)
    return {unit: tuple(said) for unit, said in sorted(found.items())}


def said(name: str, size: int, written: int | None) -> str:
    """What is wrong with a file that has `size` bytes (-1: it is not there) instead of those that were written.

    >>> said("answers/text/c.0.1", -1, 20), said("answers/text/c.0.1", 7, 20)
    ('answers/text/c.0.1 is missing', 'answers/text/c.0.1 has 7 bytes instead of 20')
    """
    if size < 0:
        return f"{name} is missing"
    return f"{name} has {size:,} bytes" + ("" if written is None else f" instead of {written:,}")


def check_creation(root: Path, record: Mapping[str, Any]) -> None:
    """Raise DamagedRun where files that were made with the run (its tables, every array's metadata) are not there."""
    sizes = ((name, _size(root / name), file["size"]) for name, file in record["files"].items())
    if lost := [said(name, size, written) for name, size, written in sizes if size != written]:
        raise DamagedRun(f"{root}: {some(lost)}. Copy the run again from where it is whole, or extract it anew.")


def arrays_in(layout: Mapping[str, Any]) -> list[Array]:
    """The arrays that units fill, from a layout as the ledger stores it."""
    sizes = Sizes(**{name: layout[name] for name in Sizes.__dataclass_fields__})
    sites = [SiteSpec.from_json(site) for site in layout["sites"]]
    segmentations = [Segmentation(**one) for one in layout["segmentations"]]
    pictures = [Variable.from_json(one) for one in layout.get("pictures", ())]  # older runs have none
    answers = [Variable.from_json(one) for one in layout.get("answers", ())] if layout["samples"] else None
    return arrays_of(sizes, sites, segmentations, pictures, answers)


def describe(root: Path, damaged: Damage) -> str:
    """The damage in one line, and what to do about it."""
    files = [said for unit in damaged.values() for said in unit]
    units = "1 unit" if len(damaged) == 1 else f"{len(damaged):,} units"
    return (
        f"{root}: files of {units} are missing or short: {some(files)}. Copy the run again from where it is whole, or "
        "rerun the command that made it, which does these units again."
    )


def some(texts: list[str]) -> str:
    """The first texts, and how many there are more."""
    rest = f", … {len(texts):,} in all" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + rest


def damaged_files(
    root: Path, array: Array, committed: Collection[Unit], sizes: Mapping[str, int], fixed: int | None
) -> Iterator[tuple[Unit, str]]:
    """The files of an array that are missing or short, with the unit of each; `fixed` is the size of each, if known."""
    there, prefix = _listed(root / array.path), f"{array.path}/"
    for unit, name in array.names(committed):
        size = there.get(name, -1)
        written = sizes.get(prefix + name) if fixed is None else fixed
        if size != written if written is not None else size < 1:
            yield unit, said(prefix + name, size, written)


def _listed(folder: Path) -> dict[str, int]:
    """The sizes of the files in a folder by name."""
    found: dict[str, int] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # a link to nothing
                    found[entry.name] = entry.stat().st_size
    except FileNotFoundError:
        return {}
    return found


def _size(file: Path) -> int:
    try:
        return os.stat(file).st_size
    except FileNotFoundError:
        return -1


def _marker(root: Path, unit: Unit) -> str:
    return ledger.marker(root, unit).relative_to(root).as_posix()
