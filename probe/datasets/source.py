"""What a dataset is read from, as it was asked for: `NAME[:PATH][@SPLIT]`, and the options beside it."""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from .pixels import MAX_PIXELS
from .problems import DatasetError
from .root import Root

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Source:
    """A dataset's name, the path of its files ("" for the hub), its split ("" for the default one), and options.

    `columns` are pairs (what it is to us, the column of the table). `revision` is that of the hub's repository.
    `outside` allows paths inside the dataset's files to lead out of its folder, `max_pixels` so many in a picture.
    """

    name: str
    path: str = ""
    split: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    revision: str | None = None
    outside: bool = False
    max_pixels: int = MAX_PIXELS

    @property
    def root(self) -> Root:
        """The folder of the dataset's files. Raises DatasetError where there is none."""
        folder = Path(self.path)
        if not folder.exists():
            raise DatasetError(f"dataset '{self.name}:{self.path}': no such file or folder.")
        return Root(folder if folder.is_dir() else folder.parent, self.outside, self.max_pixels)

    @property
    def is_repository(self) -> bool:
        """Whether the name is that of a hub's repository, owner/name."""
        return _REPOSITORY.fullmatch(self.name) is not None


def parse(text: str, known: Collection[str]) -> Source:
    """The parts of `NAME[:PATH][@SPLIT]`, of a path, or of `OWNER/NAME[:CONFIG][@SPLIT]`.

    A text that is a path of something that exists is that path, whatever characters it holds.

    >>> parse("pope:data/POPE@coco-random", ["pope"])
    Source(name='pope', path='data/POPE', split='coco-random', columns=(), revision=None, outside=False, \
max_pixels=67108864)
    >>> parse("questions.jsonl", ["pope"]).path
    'questions.jsonl'
    """
    if os.path.exists(text) and text not in known:
        return Source(name="", path=text)
    body, split = _without_split(text)
    name, _, path = body.partition(":")
    if name in known or (_REPOSITORY.fullmatch(name) and not os.path.exists(body)):
        return Source(name=name, path=os.path.expanduser(path), split=split)
    return Source(name="", path=body, split=split) if _is_path(body) else Source(name=body, split=split)


def _without_split(text: str) -> tuple[str, str]:
    body, at, split = text.rpartition("@")
    # a path may hold an @ of its own: folders are no split names
    return (body, split) if at and body and os.sep not in split else (text, "")


def _is_path(text: str) -> bool:
    return os.path.exists(text) or os.sep in text or bool(re.search(r"\.(jsonl|csv|tsv|parquet)$", text.lower()))
