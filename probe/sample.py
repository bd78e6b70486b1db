"""What a dataset consists of: images of one or more pictures, and samples that ask about them.

A `Picture` reads its pixels only when asked, so that a dataset of any size fits in memory. Many samples can share one
image; the image, not the sample, is the unit that every bootstrap resamples.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from .scenes import SceneFacts

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Kind = Literal["mcq", "yesno", "safety", "open", "describe"]

Pixels = NDArray[np.uint8]
"""(height, width, 3) RGB."""

LabelMap = NDArray[np.uint8]
"""(height, width) Cityscapes train ids, 255 where undefined."""

Size = tuple[int, int]
"""(height, width)."""

Plain = str | int | float | bool | None
"""A value of a sample's metadata."""


@dataclass(frozen=True)
class Picture:
    """One picture with its own id. `read` and its like can be pickled, so that pictures can be sent to workers.

    `read_size` gives its (height, width) without reading all of it. `file` is where it lies, "" where it is no file.
    `read_labels` and `read_scene` give the label map of a street scene and what that says of it, where there is one.
    """

    id: str
    read: Callable[[], Pixels]
    read_labels: Callable[[], LabelMap] | None = None
    read_size: Callable[[], Size] | None = None
    file: str = ""
    read_scene: Callable[[], SceneFacts] | None = None

    def size(self) -> Size:
        """Its (height, width). Raises what reading it raises."""
        if self.read_size is not None:
            return self.read_size()
        height, width, _ = self.read().shape
        return height, width


@dataclass(frozen=True)
class Image:
    """What a sample asks about: one picture, or several in order."""

    id: str
    pictures: tuple[Picture, ...]

    @classmethod
    def of(cls, *pictures: Picture) -> "Image":
        """The image of these pictures, with an id made of theirs.

        >>> Image.of(Picture("a.png", lambda: np.zeros((1, 1, 3), np.uint8))).id
        'a.png'
        """
        return cls(join_ids(picture.id for picture in pictures), pictures)


def join_ids(ids: Iterable[str]) -> str:
    """The id of an image of these pictures.

    >>> join_ids(["before.png", "after.png"])
    'before.png + after.png'
    """
    return " + ".join(ids)


class Metadata(Mapping[str, Plain]):
    """A frozen mapping from names to plain values.

    >>> Metadata({"question_type": "what", "year": 2014})["year"]
    2014
    """

    def __init__(self, values: Mapping[str, Plain] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> Plain:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Metadata({self._values!r})"


@dataclass(frozen=True)
class Sample:
    """One question about one image: its options (none for an open question) and the right answers.

    `references` are all answers that count as right, such as the ten of a VQA question, in the dataset's order and with
    its repetitions. `answer` is the correct option, or the first reference of an open question; None where the dataset
    has none. Each is filled from the other where only one is given. `dataset` is the name of the dataset that the
    sample comes from, `metadata` is whatever else is known of it. `official` is the whole message as the benchmark
    itself words it, "" where it has no wording of its own. `prompt` is the wording under which it is asked, "" for that
    of its kind.
    """

    id: str
    image_id: str
    question: str
    options: tuple[str, ...] = ()
    answer: str | None = None
    kind: Kind = "mcq"
    references: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    dataset: str = ""
    official: str = ""
    prompt: str = ""

    def __post_init__(self) -> None:
        if self.references and self.answer is None:
            object.__setattr__(self, "answer", self.references[0])
        elif self.answer and self.answer.strip() and not self.references:
            object.__setattr__(self, "references", (self.answer,))


@dataclass(frozen=True)
class Dataset:
    """Images in a fixed order and the samples that ask about them.

    `fingerprint` identifies the content (file hashes, or the generator's version and seed): two datasets with the same
    fingerprint have the same pixels and the same questions. `revision` is that of a hub's repository, "" elsewhere.
    `notes` are remarks on it as a whole, such as a number of samples that is not the official one.
    """

    name: str
    images: tuple[Image, ...]
    samples: tuple[Sample, ...]
    fingerprint: str
    revision: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures of all images in order of first use, each id once."""
        return tuple({picture.id: picture for image in self.images for picture in image.pictures}.values())

    def samples_of(self, image_id: str) -> tuple[Sample, ...]:
        """The samples that share one image, in dataset order."""
        return self._by_image.get(image_id, ())

    @cached_property
    def _by_image(self) -> dict[str, tuple[Sample, ...]]:
        groups: dict[str, list[Sample]] = {}
        for sample in self.samples:  # once: a search per image would take images x samples steps
            groups.setdefault(sample.image_id, []).append(sample)
        return {image_id: tuple(group) for image_id, group in groups.items()}

    def head(self, limit: int) -> "Dataset":
        """The first `limit` images with all their samples."""
        images = self.images[:limit]
        kept = {image.id for image in images}
        samples = tuple(sample for sample in self.samples if sample.image_id in kept)
        return replace(self, images=images, samples=samples)


def fingerprint(*parts: str, begun: "Hash | None" = None) -> str:
    """A short hash of everything that determines a dataset's content. `begun` has taken a first part already.

    >>> fingerprint("text", "12") == fingerprint("12", begun=sha256(b"text"))
    True
    """
    digest = sha256() if begun is None else begun.copy()
    digest.update("\0".join(parts if begun is None else ("", *parts)).encode())
    return digest.hexdigest()[:16]
