"""The two things that a dataset is made of: images, and samples that ask about them.

An `Image` is cheap to hold: it knows how to read its pixels, and reads them only when asked. Many samples can share
one image; the image, not the sample, is the unit that every bootstrap resamples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["mcq", "yesno", "safety", "open", "describe"]

Pixels = NDArray[np.uint8]
"""(height, width, 3) RGB."""

LabelMap = NDArray[np.uint8]
"""(height, width) Cityscapes train ids, 255 where undefined."""


@dataclass(frozen=True)
class Image:
    """One picture with its own id. `read` and its like are picklable, so that images can travel to workers.

    `read_size` is a cheaper way to its (height, width) than reading it.
    """

    id: str
    read: Callable[[], Pixels]
    read_labels: Callable[[], LabelMap] | None = None
    read_size: Callable[[], tuple[int, int]] | None = None

    def size(self) -> tuple[int, int]:
        """Its (height, width); raises what reading it raises."""
        if self.read_size is not None:
            return self.read_size()
        height, width, _ = self.read().shape
        return height, width


@dataclass(frozen=True)
class Sample:
    """One image with one question: its options (none for an open question) and the right answer.

    `answer` is the text of the correct option, or the reference text of an open question, or None where the dataset
    has none.
    """

    id: str
    image_id: str
    question: str
    options: tuple[str, ...] = ()
    answer: str | None = None
    kind: Kind = "mcq"


@dataclass(frozen=True)
class Dataset:
    """Images in a fixed order and the samples that ask about them.

    `fingerprint` says which content this is (file hashes, or the generator's version and seed): two datasets with one
    fingerprint give the same pixels and the same questions.
    """

    name: str
    images: tuple[Image, ...]
    samples: tuple[Sample, ...]
    fingerprint: str

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
        return Dataset(self.name, images, samples, self.fingerprint)


def fingerprint(*parts: str) -> str:
    """A short hash of everything that determines a dataset's content."""
    return sha256("\0".join(parts).encode()).hexdigest()[:16]
