"""Frost: a frosted window pane laid over the picture, at five severities (IC)."""

import math

import numpy as np
from PIL import Image

from ...sample import Pixels
from ..family import Family, Parameter
from .frost_textures import textures

ROOM = 1.1
"""A pane is at least so many times as high and as wide as the picture, so that there is something to choose."""

ROWS = 64
"""Rows that are mixed at a time: few enough to stay in a processor's cache."""


def frost(pixels: Pixels, rng: np.random.Generator, *, picture: float, ice: float) -> Pixels:
    """picture * pixels + ice * pane, cut at 255 and truncated; the pane is a random part of one of five textures.

    The textures are ours: drawn by frost_textures with the colours, the contrast and the spectrum that the reference's
    five photographs have (two of which are one and the same; its counterparts here are two). They are stored a tenth
    enlarged, as the any-size reference uses them, and one that is too small for the picture is enlarged further: by
    Pillow's Lanczos filter, the same on every processor and the closest to the reference's sharp bicubic one.
    """
    ground = _pane(pixels.shape[0], pixels.shape[1], rng)
    levels = np.arange(256)
    # a pair of levels always gives the same level, so each of the 65,536 is computed once
    mixed = np.clip(picture * levels[:, None] + ice * levels, 0, 255).astype(np.uint8).ravel()
    frosted = np.empty_like(pixels)
    for top in range(0, len(pixels), ROWS):
        band = np.s_[top : top + ROWS]
        pair = pixels[band].astype(np.uint16)
        pair <<= 8
        pair |= ground[band]
        np.take(mixed, pair, out=frosted[band], mode="clip")
    return frosted


def _pane(height: int, width: int, rng: np.random.Generator) -> Pixels:
    """A random window of (height, width) of a random texture."""
    panes = textures()
    texture = panes[int(rng.integers(0, len(panes)))]
    high, wide = texture.shape[:2]
    scale = max(1.0, ROOM * height / high, ROOM * width / wide)
    tall, broad = math.ceil(high * scale), math.ceil(wide * scale)
    top, left = int(rng.integers(0, tall - height)), int(rng.integers(0, broad - width))
    if scale == 1:
        return texture[top : top + height, left : left + width]
    down, right = high / tall, wide / broad
    # only the part that is seen is enlarged: to the same pixels as if all of it were
    box = (left * right, top * down, (left + width) * right, (top + height) * down)
    return np.asarray(Image.fromarray(texture).resize((width, height), Image.Resampling.LANCZOS, box=box))


FAMILIES: tuple[Family, ...] = (
    Family(
        "frost",
        frost,
        "a frosted pane laid over the picture",
        "IC",
        (
            Parameter("picture", float, "weight of the picture", low=0, high=1),
            Parameter("ice", float, "weight of the pane", low=0, high=1),
        ),
        severities={
            1: {"picture": 1.0, "ice": 0.4},
            2: {"picture": 0.8, "ice": 0.6},
            3: {"picture": 0.7, "ice": 0.7},
            4: {"picture": 0.65, "ice": 0.7},
            5: {"picture": 0.6, "ice": 0.75},
        },
    ),
)
