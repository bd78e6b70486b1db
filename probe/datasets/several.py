"""Several datasets in one run: `vqav2+gqa+textvqa`, each with its own images, told apart by `dataset`."""

import os
from collections.abc import Collection, Sequence
from dataclasses import replace

from ..sample import Dataset, Image, Picture, Sample, fingerprint, join_ids
from .problems import DatasetError, Opened, Problem

MARK = "+"


def names(text: str, known: Collection[str]) -> tuple[str, ...]:
    """The datasets that a text names, one or several joined by +. A path may hold a + of its own.

    >>> names("vqav2+gqa:data/GQA@val", ["vqav2", "gqa"])
    ('vqav2', 'gqa:data/GQA@val')
    >>> names("my+questions.jsonl", ["vqav2"])
    ('my+questions.jsonl',)
    """
    parts = text.split(MARK)
    if os.path.exists(text) or len(parts) == 1:
        return (text,)
    # a + begins a dataset where what follows is one: other pluses belong to the path before them
    joined = [parts[0]]
    for part in parts[1:]:
        if _is_dataset(part, known):
            joined.append(part)
        else:
            joined[-1] = f"{joined[-1]}{MARK}{part}"
    return tuple(joined)


def _is_dataset(text: str, known: Collection[str]) -> bool:
    body = text.rpartition("@")[0] or text
    return body.partition(":")[0] in known or os.path.exists(text) or os.path.exists(body)


def joined(opened: Sequence[Opened]) -> Opened:
    """One dataset of several, in their order: every id begins with the dataset's name.

    Pictures keep their own ids, by which they are perturbed, so that they look as in a run of the one dataset; where
    two datasets name different pictures alike, the later one's begin with its name too. Raises DatasetError for two of
    one name.
    """
    titles = [each.dataset.name for each in opened]
    if twice := [title for title in titles if titles.count(title) > 1]:
        raise DatasetError(f"dataset {twice[0]!r} is named twice. Name each once.")
    known: dict[str, Picture] = {}
    images: list[Image] = []
    samples: list[Sample] = []
    problems: list[Problem] = []
    for dataset, wrong in opened:
        title = dataset.name
        own = {picture.id: _apart(picture, title, known) for picture in dataset.pictures}
        known |= {picture.id: picture for picture in own.values()}
        for image in dataset.images:
            images.append(Image(f"{title}/{image.id}", tuple(own[picture.id] for picture in image.pictures)))
        for sample in dataset.samples:
            ids = {"id": f"{title}/{sample.id}", "image_id": f"{title}/{sample.image_id}"}
            samples.append(replace(sample, **ids, dataset=sample.dataset or title))
        problems += [Problem(f"{title}/{problem.sample_id}", problem.message) for problem in wrong]
    return Opened(
        Dataset(
            MARK.join(titles),
            tuple(images),
            tuple(samples),
            fingerprint(*(part for each in opened for part in (each.dataset.name, each.dataset.fingerprint))),
            revision=join_ids(each.dataset.revision for each in opened if each.dataset.revision),
            notes=tuple(note for each in opened for note in each.dataset.notes),
        ),
        tuple(problems),
    )


def _apart(picture: Picture, title: str, known: dict[str, Picture]) -> Picture:
    other = known.get(picture.id)
    same = other is None or (bool(picture.file) and os.path.realpath(picture.file) == os.path.realpath(other.file))
    return picture if same else replace(picture, id=f"{title}/{picture.id}")
