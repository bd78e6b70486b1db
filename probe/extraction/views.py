"""From an image of the dataset to the pictures that the model is shown under a condition."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from .. import thumbnails
from ..perturbations import rereading
from ..perturbations.catalogue import apply, family_of
from ..perturbations.condition import CLEAN, Condition, Skipped
from ..perturbations.control import Others
from ..perturbations.preparation import prepared
from ..sample import Dataset, Image, Pixels
from . import pixel_bands
from .ahead import Room
from .failures import reason_of
from .token_counts import Sizes

if TYPE_CHECKING:
    from ..readers.reader import Encoded, OpenReader
    from .plan import Plan

InvalidSizes = Callable[[Sizes], str]
"""Sizes of an image's pictures -> why the model cannot take them; empty where it can."""


LARGE = 8 << 20
"""Pixels of a picture beyond which one is worked on at a time: a perturbation takes up to 70 bytes for each."""

_alone = Lock()


@dataclass(frozen=True)
class LoadedImage:
    """An image that was read and prepared; `error` is the reason why it could not be, else empty.

    `sha256` (hex) is over the shapes and pixels of all pictures. `kept` are these where there was room for them, else
    they are read again.
    """

    image: Image
    preparation: str = "none"
    sizes: Sizes = ()
    sha256: str = ""
    kept: tuple[Pixels, ...] | None = field(default=None, compare=False, repr=False)
    error: str = ""

    @property
    def bytes(self) -> int:
        """Bytes of its pictures."""
        return 3 * sum(height * width for height, width in self.sizes)

    @property
    def is_large(self) -> bool:
        """Whether it is worked on by itself."""
        return any(height * width > LARGE for height, width in self.sizes)

    def pictures(self) -> tuple[Pixels, ...]:
        """Its pictures, prepared. Raises what reading them raises, and ValueError where they have changed."""
        if self.kept is not None or not self.sizes:
            return self.kept or ()
        pictures = _read(self.image, self.preparation)
        if _hash_of(pictures) != self.sha256:
            raise ValueError("its file was changed while it was in use. Begin a new run.")
        return pictures


@dataclass(frozen=True)
class PerturbedImage:
    """An image under a condition; without pictures the questions are asked of the text alone.

    `band_power` (channel, band) is that of the pictures at their clean size, where they have one in common,
    `thumbnails` are these where the run keeps them. `undefined`
    is the reason why the condition has no view of this image, and `error` that why it could not be made; else both are
    empty.
    """

    pictures: tuple[Pixels, ...] = ()
    band_power: pixel_bands.Power | None = field(default=None, compare=False)
    thumbnails: str = field(default="", compare=False, repr=False)
    undefined: str = ""
    error: str = ""


@dataclass(frozen=True)
class PreparedView:
    """What the model is shown, without the pictures, and what its processor made of them, or raised over them.

    Neither where the condition is undefined for the image or could not be made.
    """

    shown: PerturbedImage
    encoded: "Encoded | None" = field(default=None, repr=False)
    refused: Exception | None = None

    @property
    def is_read(self) -> bool:
        """Whether there is something to read."""
        return self.encoded is not None or self.refused is not None


def load(image: Image, preparation: str, room: Room) -> LoadedImage:
    """Read an image, bring its pictures to the size that the suites ask for, and keep them where there is room."""
    try:
        pictures = _read(image, preparation)
    except Exception as error:  # a picture's file can make its library raise anything
        return LoadedImage(image, error=reason_of(error))
    kept = pictures if room.take(sum(pixels.nbytes for pixels in pictures)) else None
    return LoadedImage(image, preparation, sizes_of(pictures), _hash_of(pictures), kept)


def _read(image: Image, preparation: str) -> tuple[Pixels, ...]:
    return tuple(prepared(picture.read(), preparation) for picture in image.pictures)


def _hash_of(pictures: Sequence[Pixels]) -> str:
    digest = sha256()
    for pixels in pictures:
        digest.update(f"{pixels.shape}".encode())
        digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def perturb(
    loaded: LoadedImage,
    condition: Condition,
    *,
    plan: "Plan",
    reader: "OpenReader",
    invalid_sizes: InvalidSizes,
    measured: bool = True,
) -> PerturbedImage:
    """The image under a condition, each picture by its own id, or the reason why there is none.

    `measured`: whether its power in bands, and thumbnails, are wanted.
    """
    if loaded.error:
        return PerturbedImage(undefined=loaded.error)
    if not reader.reader.sees:
        return PerturbedImage()
    if condition != CLEAN and family_of(condition).text_only:
        return PerturbedImage(undefined=reader.reader.without_picture)
    if rereading.way(condition) == "dtype" and (reason := reader.reader.without_other_dtype):
        return PerturbedImage(undefined=reason)
    made = shown(loaded, condition, dataset=plan.dataset, preparation=plan.preparation, seed=plan.settings.seed)
    if not made.pictures:
        return made
    if reason := invalid_sizes(sizes_of(made.pictures)):
        return PerturbedImage(undefined=reason)
    if not measured or not plan.layout.pictures:
        return made
    small = thumbnails.written(made.pictures) if plan.settings.keep_thumbnails else ""
    return replace(made, band_power=pixel_bands.of_pictures(made.pictures, loaded.sizes), thumbnails=small)


def shown(
    loaded: LoadedImage, condition: Condition, *, dataset: Dataset, preparation: str, seed: int
) -> PerturbedImage:
    """The pictures of an image under a condition, whatever is shown them, or the reason why there are none."""
    with _alone if loaded.is_large else nullcontext():
        return _shown(loaded, condition, dataset, preparation, seed)


def _shown(loaded: LoadedImage, condition: Condition, dataset: Dataset, preparation: str, seed: int) -> PerturbedImage:
    ids = [picture.id for picture in loaded.image.pictures]
    if reason := rereading.left_out(condition, loaded.image.id, seed=seed):
        return PerturbedImage(undefined=reason)
    others = Others(dataset.pictures, ids, preparation)
    try:
        clean = loaded.pictures()
    except Exception as error:  # which could be read before
        return PerturbedImage(error=reason_of(error))
    try:
        pictures = tuple(
            apply(condition, pixels, image_id=name, seed=seed, others=others)
            for name, pixels in zip(ids, clean, strict=True)
        )
    except Skipped as reason:
        return PerturbedImage(undefined=str(reason))
    except Exception as error:  # so can a perturbation of somebody's own
        return PerturbedImage(error=f"perturbation {condition.id}: {reason_of(error)}")
    return PerturbedImage(pictures)


def sizes_of(pictures: Sequence[Pixels]) -> Sizes:
    """The (height, width) of each picture."""
    return tuple((pixels.shape[0], pixels.shape[1]) for pixels in pictures)


def size_check(reader: "OpenReader") -> InvalidSizes:
    """Why the model cannot take pictures of some sizes, worked out once for each combination of sizes."""

    @cache
    def invalid_sizes(sizes: Sizes) -> str:
        try:
            if reader.reader.resizes or len(sizes) > 1:
                reader.reader.grids(sizes)
        except ValueError as error:
            return str(error)
        return ""

    return invalid_sizes
