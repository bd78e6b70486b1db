"""From an image of the dataset to what the model is shown under a condition."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

import hooks

from ..perturbations.catalogue import apply, family_of
from ..perturbations.condition import CLEAN, Condition, Skipped
from ..perturbations.control import Others
from ..perturbations.preparation import prepared
from ..sample import Image, Pixels

if TYPE_CHECKING:
    from hooks import Model

    from .plan import Plan

InvalidSize = Callable[[int, int], str]
"""(height, width) -> why the model cannot take a picture of this size; empty where it can."""


@dataclass(frozen=True)
class LoadedImage:
    """An image after reading and preparation; `error` is the reason why it could not be read, else empty."""

    image: Image
    pixels: Pixels | None
    sha256: str = ""
    error: str = ""


@dataclass(frozen=True)
class PerturbedImage:
    """An image under a condition; without pixels the questions are asked of the text alone.

    `undefined` is the reason why the condition has no view of this image, else empty.
    """

    pixels: Pixels | None = None
    undefined: str = ""


def load(image: Image, preparation: str) -> LoadedImage:
    """Read an image and bring it to the size that the suites ask for."""
    try:
        pixels = prepared(image.read(), preparation)
    except (OSError, ValueError) as error:
        return LoadedImage(image, None, error=str(error))
    return LoadedImage(image, pixels, sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest())


def perturb(
    loaded: LoadedImage, condition: Condition, *, plan: "Plan", model: "Model", invalid_size: InvalidSize
) -> PerturbedImage:
    """The image under a condition, or the reason why there is none."""
    if loaded.pixels is None:
        return PerturbedImage(undefined=loaded.error)
    if condition != CLEAN and family_of(condition).text_only:
        return without_image(model)
    try:
        others = Others(plan.dataset.images, loaded.image.id, plan.preparation)
        pixels = apply(condition, loaded.pixels, image_id=loaded.image.id, seed=plan.settings.seed, others=others)
    except Skipped as reason:
        return PerturbedImage(undefined=str(reason))
    if reason := invalid_size(*pixels.shape[:2]):
        return PerturbedImage(undefined=reason)
    return PerturbedImage(pixels)


def without_image(model: "Model") -> PerturbedImage:
    """The text alone, where the model can be asked without an image."""
    if model.family.text_only:
        return PerturbedImage()
    return PerturbedImage(undefined=f"models of family {model.family.name} cannot be asked without an image")


def size_check(model: "Model") -> InvalidSize:
    """Why the model cannot take a size, worked out once for each size."""

    @cache
    def invalid_size(height: int, width: int) -> str:
        try:
            if model.family.resizes:
                hooks.image_grids(model.blueprint, height, width)
        except ValueError as error:
            return str(error)
        return ""

    return invalid_size
