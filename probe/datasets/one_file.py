"""A picture file that a dataset names in several ways, or through links, is one picture.

Else an image would be counted twice, and the intervals by image be too narrow.
"""

import os
from collections.abc import Mapping

from ..sample import Image, Picture, join_ids

Found = Mapping[str, os.stat_result | None]
"""What the system says of picture files, by path; None of one that is not there."""


def status(path: str) -> os.stat_result | None:
    """What the system says of a file, links followed."""
    try:
        return os.stat(path)
    except (OSError, ValueError):  # ValueError: no path at all, as with a null character
        return None


def size(found: os.stat_result | None) -> int:
    """The bytes of a file, -1 where it is not there."""
    return -1 if found is None else found.st_size


def merged(images: Mapping[str, Image], found: Found) -> tuple[dict[str, Image], dict[str, str]]:
    """The images with one picture for each file, and the new id of each image whose id changed.

    Of several spellings the shortest is the picture's id, and of equally long ones the first in alphabetical order.
    Copies of a file and hard links are files of their own.
    """
    aliases = _aliases({p.id: p for image in images.values() for p in image.pictures}, found)
    if not aliases:
        return dict(images), {}
    made: dict[str, Image] = {}
    moved: dict[str, str] = {}
    for name, image in images.items():
        if name == join_ids(p.id for p in image.pictures) and any(p.id in aliases for p in image.pictures):
            image = Image.of(*(aliases.get(p.id, p) for p in image.pictures))
            moved[name] = image.id
        made.setdefault(image.id, image)
    return made, moved


def _aliases(pictures: Mapping[str, Picture], found: Found) -> dict[str, Picture]:
    """By id, the picture that stands for one."""
    inodes: dict[tuple[int, int], list[Picture]] = {}
    for picture in pictures.values():
        if picture.file and picture.read_labels is None and (state := found[picture.file]) is not None:
            inodes.setdefault((state.st_dev, state.st_ino), []).append(picture)
    aliases: dict[str, Picture] = {}
    for same in inodes.values():
        if len(same) < 2:
            continue
        paths: dict[str, list[Picture]] = {}
        for picture in same:  # not every file system gives each file a number of its own
            paths.setdefault(os.path.realpath(picture.file), []).append(picture)
        for spelt in paths.values():
            shortest = min(spelt, key=lambda picture: (len(picture.id), picture.id))
            aliases |= {picture.id: shortest for picture in spelt if picture is not shortest}
    return aliases
