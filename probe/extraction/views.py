"""From an image of the dataset to the pictures that the model is shown under a condition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

import hooks

from ..perturbations.catalogue import apply, family_of
from ..perturbations.condition import CLEAN, Condition, Skipped
from ..perturbations.control import Others
from ..perturbations.preparation import prepared
from ..sample import Dataset, Image, Pixels
from . import pixel_bands
from .failures import reason_of
from .token_counts import Sizes

if TYPE_CHECKING:
    from hooks import Model

    from .plan import Plan

InvalidSizes = Callable[[Sizes], str]
"""Sizes of an image's pictures -> why the model cannot take them; empty where it can."""


@dataclass(frozen=True)
class LoadedImage:
    """An image after reading and preparation; `error` is the reason why it could not be read, else empty."""

    image: Image
    pictures: tuple[Pixels, ...] = ()
    error: str = ""

    @property
    def sha256(self) -> str:
        """SHA-256 over the shapes and pixels of all pictures (hex)."""
        digest = sha256()
        for pixels in self.pictures:
            digest.update(f"{pixels.shape}".encode() + pixels.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class PerturbedImage:
    """An image under a condition; without pictures the questions are asked of the text alone.

    `band_power` (channel, band) is that of the pictures at their clean size, where they have one in common. `undefined`
    is the reason why the condition has no view of this image, and `error` that why it could not be made; else both are
    empty.
    """

    pictures: tuple[Pixels, ...] = ()
    band_power: pixel_bands.Power | None = field(default=None, compare=False)
    undefined: str = ""
    error: str = ""


def load(image: Image, preparation: str) -> LoadedImage:
    """Read an image and bring its pictures to the size that the suites ask for."""
    try:
        return LoadedImage(image, tuple(prepared(picture.read(), preparation) for picture in image.pictures))
    except Exception as error:  # a picture's file can make its library raise anything
        return LoadedImage(image, error=reason_of(error))


def perturb(
    loaded: LoadedImage, condition: Condition, *, plan: "Plan", model: "Model", invalid_sizes: InvalidSizes
) -> PerturbedImage:
    """The image under a condition, each picture by its own id, or the reason why there is none."""
    if loaded.error:
        return PerturbedImage(undefined=loaded.error)
    if condition != CLEAN and family_of(condition).text_only:
        return without_image(model)
    made = shown(loaded, condition, dataset=plan.dataset, preparation=plan.preparation, seed=plan.settings.seed)
    if not made.pictures:
        return made
    pictures = made.pictures
    if reason := invalid_sizes(sizes_of(pictures)):
        return PerturbedImage(undefined=reason)
    measured = bool(plan.layout.pictures)
    return PerturbedImage(pictures, pixel_bands.of_pictures(pictures, sizes_of(loaded.pictures)) if measured else None)


def shown(
    loaded: LoadedImage, condition: Condition, *, dataset: Dataset, preparation: str, seed: int
) -> PerturbedImage:
    """The pictures of an image under a condition, whatever is shown them, or the reason why there are none."""
    ids = [picture.id for picture in loaded.image.pictures]
    others = Others(dataset.pictures, ids, preparation)
    try:
        pictures = tuple(
            apply(condition, pixels, image_id=name, seed=seed, others=others)
            for name, pixels in zip(ids, loaded.pictures, strict=True)
        )
    except Skipped as reason:
        return PerturbedImage(undefined=str(reason))
    except Exception as error:  # so can a perturbation of somebody's own
        return PerturbedImage(error=f"perturbation {condition.id}: {reason_of(error)}")
    return PerturbedImage(pictures)


def sizes_of(pictures: Sequence[Pixels]) -> Sizes:
    """The (height, width) of each picture."""
    return tuple((pixels.shape[0], pixels.shape[1]) for pixels in pictures)


def without_image(model: "Model") -> PerturbedImage:
    """The text alone, where the model can be asked without an image."""
    if model.family.text_only:
        return PerturbedImage()
    return PerturbedImage(undefined=f"models of family {model.family.name} cannot be asked without an image")


def size_check(model: "Model") -> InvalidSizes:
    """Why the model cannot take pictures of some sizes, worked out once for each combination of sizes."""

    @cache
    def invalid_sizes(sizes: Sizes) -> str:
        try:
            if model.family.resizes or len(sizes) > 1:
                hooks.view_grids(model.blueprint, sizes)
        except ValueError as error:
            return str(error)
        return ""

    return invalid_sizes
