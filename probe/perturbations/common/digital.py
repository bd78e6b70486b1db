"""What storing a picture costs: JPEG compression and too few pixels (IC)."""

from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from ...sample import Pixels
from ..condition import Skipped
from ..family import Family, Parameter

LONGEST_JPEG = 65_500
"""The longest side in px that the JPEG library writes."""


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    """The picture after writing it as JPEG (Pillow; colour at half the resolution, as is its default) and reading it.

    Raises Skipped where the picture is too long for the format.
    """
    height, width = pixels.shape[:2]
    if max(height, width) > LONGEST_JPEG:
        raise Skipped(f"an image of {width}x{height} px does not fit into a JPEG: {LONGEST_JPEG} px a side at most.")
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    # reads the same bytes as Pillow does, straight into an array: faster
    return np.asarray(cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


def jpeg_compression(pixels: Pixels, rng: np.random.Generator, *, quality: int) -> Pixels:
    """Written and read as JPEG of this quality."""
    return jpeg(pixels, quality)


def pixelate(pixels: Pixels, rng: np.random.Generator, *, fraction: float) -> Pixels:
    """Both sides times fraction (cut off, at least 1 px) by area means, then back to size by repeating pixels."""
    height, width = pixels.shape[:2]
    few = max(1, int(width * fraction)), max(1, int(height * fraction))
    coarse = Image.fromarray(pixels).resize(few, Image.Resampling.BOX)
    return np.array(coarse.resize((width, height), Image.Resampling.NEAREST))


FAMILIES: tuple[Family, ...] = (
    Family(
        "pixelate",
        pixelate,
        "fewer, larger pixels",
        "IC",
        (Parameter("fraction", float, "of both sides", low=0, high=1),),
        severities={
            1: {"fraction": 0.6},
            2: {"fraction": 0.5},
            3: {"fraction": 0.4},
            4: {"fraction": 0.3},
            5: {"fraction": 0.25},
        },
    ),
    Family(
        "jpeg_compression",
        jpeg_compression,
        "JPEG artefacts",
        "IC",
        (Parameter("quality", int, "of Pillow's JPEG", low=1, high=100),),
        severities={1: {"quality": 25}, 2: {"quality": 18}, 3: {"quality": 15}, 4: {"quality": 10}, 5: {"quality": 7}},
    ),
)
