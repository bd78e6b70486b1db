"""Which part of a dataset is read, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hooks.settings import switch, text, texts, whole

from . import columns


@dataclass(frozen=True)
class Options:
    """Which part of a dataset is read, and how.

    `limit` takes that many images at random under `seed`, `first` the first ones. `columns` says which column of a
    table is what: ("question=q", "image=path"). `revision` is that of the hub. `outside_paths` allows paths
    inside the dataset's files to lead out of its folder. Pictures of more than `max_pixels` (by default
    `pixels.MAX_PIXELS`) are refused before they are decoded. ValueError for what cannot be.
    """

    limit: int | None = None
    first: int | None = None
    seed: int = 0
    columns: Sequence[str] = ()
    revision: str | None = None
    outside_paths: bool = False
    max_pixels: int | None = None

    def __post_init__(self) -> None:
        plain: dict[str, Any] = {
            "seed": whole("seed", self.seed),
            "outside_paths": switch("outside paths", self.outside_paths),
            "columns": texts("columns", self.columns),
        }
        columns.parse(plain["columns"])
        for name in ("limit", "first", "max_pixels"):
            if (number := getattr(self, name)) is not None:
                plain[name] = whole(name.replace("_", " "), number, least=1)
        if self.revision is not None:
            plain["revision"] = text("dataset revision", self.revision)
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        if self.limit is not None and self.first is not None:
            raise ValueError(f"limit {self.limit} takes images at random, first {self.first} the first: give one.")
