"""What `probe segment` is asked for."""

import re
from dataclasses import dataclass
from os import PathLike
from pathlib import PurePath
from typing import Any, get_args

from hooks import settings
from hooks.load_options import LoadOptions

from .label_files import Ids


@dataclass(frozen=True)
class SegmentRequest:
    """A model, or a folder of label maps under its name, and the pictures; None is whatever the run has.

    ValueError for what cannot be.
    """

    model: str
    dataset: str
    perturb: tuple[str, ...] | None = None
    limit: int | None = None
    first: int | None = None
    seed: int | None = None
    columns: tuple[str, ...] | None = None
    dataset_revision: str | None = None
    outside_paths: bool | None = None
    max_pixels: int | None = None
    predictions: str | PathLike[str] | None = None
    ids: Ids = "train"
    allow_lost: bool = False
    batch_size: int = 1
    durable: bool = False
    loading: LoadOptions = LoadOptions()

    def __post_init__(self) -> None:
        plain: dict[str, Any] = {
            "model": settings.place("model", self.model),
            "dataset": settings.place("dataset", self.dataset),
            "ids": settings.choice("ids", self.ids, get_args(Ids)),
            "allow_lost": settings.switch("allow lost", self.allow_lost),
            "batch_size": settings.whole("batch size", self.batch_size, least=1),
            "durable": settings.switch("durable", self.durable),
        }
        if self.predictions is not None:
            plain["predictions"] = settings.place("predictions", self.predictions)
        if self.seed is not None:
            plain["seed"] = settings.whole("seed", self.seed)
        for name in ("limit", "first", "max_pixels"):
            if (number := getattr(self, name)) is not None:
                plain[name] = settings.whole(name.replace("_", " "), number, least=1)
        for name in ("perturb", "columns"):
            texts = getattr(self, name)
            plain[name] = None if texts is None else settings.texts(name, texts) or None
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    @property
    def slug(self) -> str:
        """The name of the model in the run: the last part of its path or hub id.

        >>> SegmentRequest("nvidia/segformer-b0-finetuned-cityscapes-512-1024", "streets").slug
        'segformer-b0-finetuned-cityscapes-512-1024'
        """
        name = re.sub(r"[^A-Za-z0-9_.@+-]", "_", PurePath(self.model).name)
        return name if name[:1].isalnum() else f"model{name}"

    @property
    def part(self) -> dict[str, Any]:
        """Which part of the dataset was asked for, None for what was left open."""
        return {
            "limit": self.limit,
            "first": self.first,
            "seed": self.seed,
            "columns": None if self.columns is None else list(self.columns),
            "revision": self.dataset_revision,
            "outside_paths": self.outside_paths,
            "max_pixels": self.max_pixels,
        }
