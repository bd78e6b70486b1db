"""Files of street scenes, pictures with their label maps, as rows of a dataset."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from ..sample import Metadata, Picture
from ..scenes import SceneFacts
from . import scene_facts
from .entry import Entry
from .label_tables import LabelTable
from .pixels import UnreadableImage, count_pixels
from .problems import Count, Problem
from .root import Root
from .rows import Read, Row, RowError
from .street_questions import Street

Ask = Callable[[Street], list[Row]]
"""What is asked about a street."""


@dataclass(frozen=True)
class Scene:
    """The picture and the label map of one scene, as paths within the dataset. `labels` is "" where there is none."""

    name: str
    picture: str
    labels: str
    metadata: Metadata


@dataclass(frozen=True)
class Scenes:
    """The scenes of a split in order, label maps without a picture (by name), and how label maps are read.

    `labelled`: whether the split has labels, so that a scene without any is a problem.
    """

    root: Root
    table: LabelTable
    scenes: Sequence[Scene]
    orphans: Mapping[str, str]
    labelled: bool

    def read(self, dataset: str, ask: Ask) -> Read:
        """The rows of a dataset of this name that asks `ask` about each scene."""
        facts = scene_facts.measure(self.table, self.root, [scene.labels for scene in self.scenes if scene.labels])
        identity = json.dumps([[scene.name, _plain(facts.get(scene.labels))] for scene in self.scenes])
        return Read(self._rows(facts, dataset, ask), (dataset, self.table.name, identity))

    def _rows(self, facts: Mapping[str, SceneFacts | str], dataset: str, ask: Ask) -> Iterator[Row | Problem]:
        for scene in self.scenes:
            try:
                yield from ask(self._street(scene, facts, dataset))
            except RowError as error:
                yield Problem(scene.name, f"{scene.picture}: {error}")
        for name, labels in self.orphans.items():
            yield Problem(name, f"{labels}: there is no picture of this label map.")

    def _street(self, scene: Scene, facts: Mapping[str, SceneFacts | str], dataset: str) -> Street:
        known = facts.get(scene.labels)
        if known is None and self.labelled:
            raise RowError("there is no label map of this picture.")
        if isinstance(known, str):
            raise RowError(known)
        path = str(self.root.folder / scene.labels)
        read_labels = partial(self.table.train_ids, path, max_pixels=self.root.max_pixels) if scene.labels else None
        read_scene = partial(_given, known) if known is not None else None
        picture = replace(
            self.root.picture(scene.picture), id=scene.name, read_labels=read_labels, read_scene=read_scene
        )
        if known is not None:
            _same_size(picture, known, self.root.max_pixels)
        return Street(scene.picture, dataset, picture, known, scene.metadata)


def _given(facts: SceneFacts) -> SceneFacts:
    return facts


def _same_size(picture: Picture, facts: SceneFacts, max_pixels: int) -> None:
    try:
        pixels = count_pixels(picture.file, max_pixels=max_pixels)
    except UnreadableImage:  # which is said when it is read
        return
    if pixels != facts.pixels:
        raise RowError(f"its label map has {facts.pixels:,} pixels, the picture {pixels:,}.")


def _plain(facts: SceneFacts | str | None) -> Any:
    return facts.plain() if isinstance(facts, SceneFacts) else bool(facts)  # a message names the machine's paths


def named(root: Root, patterns: Iterable[str], ending: str) -> dict[str, str]:
    """The files that match, by their names without the ending: paths within the dataset."""
    found = root.all(*patterns)
    return {path.name.removesuffix(ending): path.relative_to(root.folder).as_posix() for path in found}


def pair(
    pictures: Mapping[str, str], labels: Mapping[str, str], metadata: Callable[[str], Metadata]
) -> tuple[list[Scene], dict[str, str]]:
    """The scenes of these pictures with the label maps of their names, and the label maps without a picture."""
    scenes = [Scene(name, path, labels.get(name, ""), metadata(name)) for name, path in pictures.items()]
    return scenes, {name: path for name, path in labels.items() if name not in pictures}


def entries(
    name: str,
    pictures: str,
    read: Callable[..., Read],
    counts: Mapping[str, int],
    *,
    files: str,
    license: str,
    bibtex: str,
) -> tuple[Entry, Entry]:
    """The two entries of a street dataset, its questions and its descriptions. `counts`: pictures of each split."""
    both = partial(Entry, files=files, license=license, bibtex=bibtex)
    described = f"{name}-describe"
    return (
        both(
            name,
            f"{pictures}: presence of each critical class, and safety",
            read=partial(read, dataset=name, ask=Street.questions),
            splits=MappingProxyType({split: Count(None, count) for split, count in counts.items()}),
        ),
        both(
            described,
            "the same pictures, each to be described",
            read=partial(read, dataset=described, ask=Street.description),
            splits=MappingProxyType({split: Count(count, count) for split, count in counts.items()}),
        ),
    )
