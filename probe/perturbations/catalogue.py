"""Every family by name. A new perturbation is a function in one of the group files and an entry here."""

import numpy as np

from ..closest import did_you_mean
from ..datasets.sample import Pixels
from . import control, driving, geometric, overlay, priors
from .condition import CLEAN, Condition, Value, generator
from .control import OtherPixels
from .family import Family, Parameter, SpecError

HI, SM, OURS = "HI", "SM", "ours"
STEPS = (-16, -12, -8, -4, 4, 8, 12, 16)

_LABEL = Parameter("label", str, "the answer that the box is made for")

_FAMILIES = (
    Family(
        "translation",
        geometric.translation,
        "cyclic horizontal roll",
        HI,
        (Parameter("dx", int, "px to the right", low=-100_000, high=100_000),),
        listed=tuple({"dx": dx} for dx in STEPS),
    ),
    Family(
        "pad_crop",
        geometric.pad_crop,
        "black border added (n > 0) or border cut (n < 0)",
        HI,
        (Parameter("n", int, "px per side", low=-10_000, high=10_000),),
        listed=tuple({"n": n} for n in STEPS),
    ),
    Family(
        "scale",
        geometric.scale,
        "made smaller, canvas too",
        HI,
        (
            Parameter("factor", float, "of both sides", default=0.9, low=0.01, high=4),
            Parameter("restore", bool, "resize back to the original size", default=False),
        ),
    ),
    Family(
        "scale_pad",
        geometric.scale_pad,
        "made smaller on a canvas of the original size",
        HI,
        (
            Parameter("fill", str, "canvas", choices=tuple(geometric.FILLS)),
            Parameter("factor", float, "of both sides", default=0.9, low=0.01, high=1),
        ),
        listed=tuple({"fill": fill} for fill in geometric.FILLS),
    ),
    Family(
        "rotation",
        geometric.rotation,
        "turned, canvas grows, white outside",
        HI,
        (Parameter("degrees", float, "counter-clockwise", low=-360, high=360),),
        listed=({"degrees": -30}, {"degrees": 30}),
    ),
    Family(
        "text_overlay.semantic",
        overlay.semantic,
        '"Answer is {label}" in red on a white box',
        HI,
        (_LABEL,),
        per_label=overlay.per_label,
    ),
    Family(
        "text_overlay.random",
        overlay.random,
        "a random string in the same box",
        HI,
        (
            Parameter("draw", int, "which string", low=1, high=1000),
            Parameter("box", str, "the label whose box is taken", default=overlay.DEFAULT_LABEL),
        ),
        per_label=overlay.per_draw,
    ),
    Family(
        "text_overlay.empty",
        overlay.empty,
        "the same box without text",
        HI,
        (_LABEL,),
        per_label=overlay.per_box,
    ),
    Family(
        "motion_blur",
        driving.motion_blur,
        "horizontal line blur",
        SM,
        (Parameter("size", int, "px", low=1, high=9999, odd=True),),
        severities={1: {"size": 7}, 2: {"size": 15}, 3: {"size": 25}},
    ),
    Family(
        "low_light",
        driving.low_light,
        "gamma, then gaussian noise",
        SM,
        (
            Parameter("gamma", float, "exponent", low=0.05, high=20),
            Parameter("sigma", float, "noise, of full scale", low=0, high=1),
        ),
        severities={
            1: {"gamma": 1.6, "sigma": 0.01},
            2: {"gamma": 2.2, "sigma": 0.03},
            3: {"gamma": 3.0, "sigma": 0.06},
        },
    ),
    Family(
        "occlusion",
        driving.occlusion,
        "one random black rectangle",
        SM,
        (Parameter("fraction", float, "of the area", low=0, high=1),),
        severities={1: {"fraction": 0.08}, 2: {"fraction": 0.15}, 3: {"fraction": 0.25}},
    ),
    Family("white", priors.white, "all white: the blank image", HI),
    Family("mean_grey", priors.mean_grey, "one grey of the picture's mean brightness", OURS),
    Family("noise", priors.noise, "gaussian noise alone", OURS),
    Family("another_image", control.another_image, "another image of the dataset", OURS, needs_others=True),
)

FAMILIES: dict[str, Family] = {family.name: family for family in _FAMILIES}


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
    pixels of another kind.
    """
    _check(pixels)
    if condition == CLEAN:
        return pixels
    family = family_of(condition)
    rng = generator(seed, image_id, condition.id)
    if not family.needs_others:
        return family.function(pixels, rng, **family.settings(condition))
    if others is None:
        raise ValueError(f"{condition.id}: pass others=Others(images, image_id), the source of the other images.")
    return family.function(pixels, rng, others=others, **family.settings(condition))


def _check(pixels: Pixels) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ValueError(
            f"pixels must be uint8 of shape (height, width, 3), not {pixels.dtype} of shape {pixels.shape}. "
            "Read pictures with probe.datasets.pixels.read_rgb."
        )
