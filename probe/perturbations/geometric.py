"""Where the picture lies: translation, border, scale and rotation. The pictures' content stays (HI)."""

import numpy as np
from PIL import Image

from ..sample import Pixels
from .condition import Skipped
from .family import Family, Parameter

STEPS = (-16, -12, -8, -4, 4, 8, 12, 16)
"""Of translation and border, in px."""

FILLS = {"black": 0, "white": 255}


def resized(pixels: Pixels, height: int, width: int) -> Pixels:
    """(height, width, 3) by bicubic interpolation; the argument itself where the size is already right."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def translation(pixels: Pixels, rng: np.random.Generator, *, dx: int) -> Pixels:
    """Cyclic horizontal roll by dx px, positive to the right: what leaves on one side enters on the other."""
    return np.roll(pixels, dx, axis=1)


def pad_crop(pixels: Pixels, rng: np.random.Generator, *, n: int) -> Pixels:
    """n > 0: a black border of n px per side, canvas grows. n < 0: |n| px cut per side, no resize back.

    Raises Skipped where nothing would be left (a side <= 2|n|).
    """
    if n >= 0:
        return np.pad(pixels, ((n, n), (n, n), (0, 0)))
    height, width = pixels.shape[:2]
    if min(height, width) <= -2 * n:
        raise Skipped(f"pad_crop:n={n} leaves nothing of an image of {width}x{height} px; it needs more than {-2 * n}.")
    return np.ascontiguousarray(pixels[-n:n, -n:n])


def scale(pixels: Pixels, rng: np.random.Generator, *, factor: float, restore: bool) -> Pixels:
    """Both sides times factor, bicubic, rounded, at least 1 px; `restore` resizes back to the original size.

    HI's text says restored, its code does not; the default follows the code.
    """
    height, width = pixels.shape[:2]
    smaller = resized(pixels, *_scaled(height, width, factor))
    return resized(smaller, height, width) if restore else smaller


def scale_pad(pixels: Pixels, rng: np.random.Generator, *, fill: str, factor: float) -> Pixels:
    """The picture times factor (<= 1), bicubic, centred on a canvas of the original size and of one colour."""
    height, width = pixels.shape[:2]
    inner_height, inner_width = _scaled(height, width, factor)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    canvas = np.full_like(pixels, FILLS[fill])
    canvas[top : top + inner_height, left : left + inner_width] = resized(pixels, inner_height, inner_width)
    return canvas


def rotation(pixels: Pixels, rng: np.random.Generator, *, degrees: float) -> Pixels:
    """Counter-clockwise by degrees, bicubic, on a canvas that holds all of it, white outside."""
    turned = Image.fromarray(pixels).rotate(
        degrees, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255)
    )
    return np.array(turned)


def _scaled(height: int, width: int, factor: float) -> tuple[int, int]:
    return max(1, round(height * factor)), max(1, round(width * factor))


FAMILIES: tuple[Family, ...] = (
    Family(
        "translation",
        translation,
        "cyclic horizontal roll",
        "HI",
        (Parameter("dx", int, "px to the right", low=-100_000, high=100_000),),
        listed=tuple({"dx": dx} for dx in STEPS),
    ),
    Family(
        "pad_crop",
        pad_crop,
        "black border added (n > 0) or border cut (n < 0)",
        "HI",
        (Parameter("n", int, "px per side", low=-10_000, high=10_000),),
        listed=tuple({"n": n} for n in STEPS),
        resizes=True,
    ),
    Family(
        "scale",
        scale,
        "made smaller, canvas too",
        "HI",
        (
            Parameter("factor", float, "of both sides", default=0.9, low=0.01, high=4),
            Parameter("restore", bool, "resize back to the original size", default=False),
        ),
        resizes=True,
    ),
    Family(
        "scale_pad",
        scale_pad,
        "made smaller on a canvas of the original size",
        "HI",
        (
            Parameter("fill", str, "canvas", choices=tuple(FILLS)),
            Parameter("factor", float, "of both sides", default=0.9, low=0.01, high=1),
        ),
        listed=tuple({"fill": fill} for fill in FILLS),
    ),
    Family(
        "rotation",
        rotation,
        "turned, canvas grows, white outside",
        "HI",
        (Parameter("degrees", float, "counter-clockwise", low=-360, high=360),),
        listed=({"degrees": -30}, {"degrees": 30}),
        resizes=True,
    ),
)
