"""Every family by name, and how a condition is applied.

A new perturbation of ours is a function and an entry in `FAMILIES` of its group's file; one of your own is made with
`perturbation` (see `extension`).
"""

import numpy as np

from ..closest import did_you_mean
from ..sample import Pixels
from . import common, control, driving, frequency, geometric, overlay, priors, rereading
from .condition import CLEAN, Condition, Value, generator
from .control import OtherPixels
from .family import Family, SpecError

GROUPS = (geometric, overlay, driving, common, frequency, priors, control, rereading)

FAMILIES: dict[str, Family] = {family.name: family for group in GROUPS for family in group.FAMILIES}


def family_of(condition: Condition) -> Family:
    """The family of a condition; SpecError with the closest name where there is none."""
    if condition.family not in FAMILIES:
        hint = did_you_mean(condition.family, FAMILIES)
        raise SpecError(f"perturbation family {condition.family!r} is unknown.{hint} Known: {', '.join(FAMILIES)}.")
    return FAMILIES[condition.family]


def settings(condition: Condition) -> dict[str, Value]:
    """All parameters of a condition by name, defaults filled in: what a run records.

    >>> settings(Condition("scale"))
    {'factor': 0.9, 'restore': False}
    """
    return {} if condition == CLEAN else family_of(condition).settings(condition)


def apply(
    condition: Condition, pixels: Pixels, *, image_id: str, seed: int, others: OtherPixels | None = None
) -> Pixels:
    """The picture under one condition: a pure function of (condition, pixels, image id, seed).

    `pixels` and the result are (height, width, 3) uint8 RGB, of possibly different sizes. The result may be the
    argument itself (`clean` always is), so write into neither. `others` serves `another_image` alone.

    >>> black = np.zeros((2, 3, 3), np.uint8)
    >>> apply(FAMILIES["white"].condition(), black, image_id="cat", seed=0)[0, 0].tolist()
    [255, 255, 255]

    Raises Skipped where the condition is undefined for this image, SpecError for an unknown family, ValueError for
    pixels of another kind, also where they come out of a family of your own.
    """
    if wrong := _wrong(pixels):
        raise ValueError(f"pixels must be {wrong} Read pictures with probe.datasets.pixels.read_rgb.")
    if condition == CLEAN:
        return pixels
    family = family_of(condition)
    family.require(condition)
    given = pixels.view()
    given.flags.writeable = False  # the next condition takes the same picture
    result = family.function(given, generator(seed, image_id, condition.id), **_arguments(family, condition, others))
    if result is given:
        return pixels
    if wrong := _wrong(result):
        raise ValueError(f"perturbation {condition.id!r} must return {wrong}")
    if result.shape != pixels.shape and not (family.resizes or family.needs_others):
        raise ValueError(
            f"perturbation {condition.id!r} made {result.shape} of {pixels.shape}: say so with Family(resizes=True)."
        )
    return np.ascontiguousarray(result)


def _arguments(family: Family, condition: Condition, others: OtherPixels | None) -> dict[str, object]:
    settings = family.settings(condition)
    if not family.needs_others:
        return {**settings}
    if others is None:
        raise ValueError(f"{condition.id}: pass others=Others(images, image_id), the source of the other images.")
    return {**settings, "others": others}


def _wrong(pixels: object) -> str:
    if not isinstance(pixels, np.ndarray):
        return f"a uint8 array of shape (height, width, 3), not {type(pixels).__name__}."
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        return f"uint8 of shape (height, width, 3), not {pixels.dtype} of shape {pixels.shape}."
    return ""
