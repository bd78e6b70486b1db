"""All datasets by name, and a user's own by path or by the hub's name."""

from collections.abc import Iterator
from dataclasses import replace
from os import PathLike
from typing import Any

from hooks.settings import place

from ..closest import did_you_mean
from . import (
    blink,
    camvid,
    choosing,
    cityscapes,
    coco_captions,
    columns,
    extension,
    gqa,
    mmbench,
    mmmu,
    own,
    pope,
    seedbench,
    several,
    streets,
    textvqa,
    vqav2,
)
from .entry import Entry
from .options import Options
from .pixels import MAX_PIXELS
from .problems import Count, DatasetError, Opened, Problem
from .rows import Read, collect
from .source import Source, parse

__all__ = ["DATASETS", "Count", "DatasetError", "Entry", "Opened", "Options", "Problem", "open_dataset"]

MODULES = (
    streets,
    pope,
    seedbench,
    mmmu,
    blink,
    mmbench,
    gqa,
    vqav2,
    textvqa,
    coco_captions,
    cityscapes,
    camvid,
)
"""The files of our datasets, in the order in which they are listed."""

DATASETS: dict[str, Entry] = {entry.name: entry for module in MODULES for entry in module.ENTRIES}

extension.load_installed(DATASETS)


def open_dataset(name_or_path: str | PathLike[str], options: Options | None = None, **given: Any) -> Opened:
    """A dataset by name, by the path of a user's own files, or by the hub's name; and what is wrong with it.

    `NAME[:PATH][@SPLIT]`: one of `DATASETS`, from the official files in PATH or else from the hub. A path: a .jsonl,
    .csv, .tsv or .parquet file, or a folder of pictures. `OWNER/NAME[:CONFIG][@SPLIT]`, also written `hf://OWNER/NAME…`:
    a dataset of the hub, with `columns`. Several are joined by +; `limit` and `first` then hold for each. `given` are
    the fields of `Options` by name. The problems are those of the whole dataset, whatever part of it is taken.

    Raises DatasetError for what is unknown, cannot be read or reached, ValueError for options that cannot be.
    """
    options = Options(**given) if options is None else options
    texts = several.names(place("dataset", name_or_path), DATASETS)
    opened = [_open_one(text, options) for text in texts]
    return opened[0] if len(opened) == 1 else several.joined(opened)


def _open_one(text: str, options: Options) -> Opened:
    asked = parse(text.removeprefix("hf://"), DATASETS)
    source = replace(
        asked,
        columns=columns.parse(options.columns),
        revision=options.revision,
        outside=options.outside_paths,
        max_pixels=options.max_pixels or MAX_PIXELS,
    )
    if source.name in DATASETS:
        return _known(DATASETS[source.name], source, options)
    if source.path or source.is_repository:
        return _chosen(own.read(source), own.name(source), options)
    hint = did_you_mean(source.name, DATASETS)
    raise DatasetError(
        f"dataset {source.name!r} is unknown.{hint} Known: {', '.join(DATASETS)}. Give your own as the path of a "
        ".jsonl, .csv or .tsv file or of a folder of pictures, or as the hub's OWNER/NAME with --columns."
    )


def _known(entry: Entry, source: Source, options: Options) -> Opened:
    """One of our datasets: drawn, from its files, or from the hub."""
    if entry.draw is not None:
        if source.path or source.split:
            raise DatasetError(f"dataset {entry.name!r} is drawn: it has no files and no splits. Give its name alone.")
        return Opened(entry.draw(options.limit or options.first))
    split = source.split or next(iter(entry.splits))
    if split not in entry.splits:
        hint = did_you_mean(split, entry.splits)
        raise DatasetError(f"dataset {entry.name!r} has no split {split!r}.{hint} It has: {', '.join(entry.splits)}.")
    source = replace(source, split=split)
    return _chosen(_rows(entry, source), entry.name, options, official=entry.splits[split])


def _rows(entry: Entry, source: Source) -> Read:
    if source.path and entry.read is not None:
        return entry.read(source)
    if entry.hub is None or (not source.path and source.split not in entry.hub.tables):
        raise DatasetError(
            f"dataset {entry.name!r} is read from its official files: {entry.name}:PATH, where PATH holds "
            f"{entry.files}."
        )
    return entry.hub.read(source)


def _chosen(read: Read, name: str, options: Options, official: Count | None = None) -> Opened:
    """The part of a dataset that is asked for, with its pictures on this machine."""
    whole, problems = collect(name, read)
    found = Count(len(whole.samples) + len(problems), len(whole.images))
    notes = () if official is None else tuple(_other_counts(name, found, official))
    dataset = whole
    if options.limit is not None:
        dataset = choosing.at_random(dataset, options.limit, seed=options.seed)
    if options.first is not None:
        dataset = choosing.first(dataset, options.first)
    if read.fetch is not None:
        read.fetch(frozenset(picture.id for picture in dataset.pictures))
    return Opened(replace(dataset, revision=read.revision, notes=notes), problems)


def _other_counts(name: str, found: Count, official: Count) -> Iterator[str]:
    """A note where a split has other numbers of samples or images than it officially has."""
    for what, have, want in (
        ("samples", found.samples, official.samples),
        ("images", found.images, official.images),
    ):
        if want is not None and have != want:
            yield f"dataset {name!r} has {have:,} {what} here; officially it has {want:,}."
