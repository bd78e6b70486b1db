"""A view through frosted glass: pixels change places with near ones (IC)."""

import numpy as np
from numpy.typing import NDArray

from ...sample import Pixels
from ..family import Family, Parameter
from .blur import blurred

Indices = NDArray[np.int32]


def glass_blur(pixels: Pixels, rng: np.random.Generator, *, sigma: float, reach: int, times: int) -> Pixels:
    """Gaussian of sigma px; `times` times, every pixel takes the value of one at most `reach` px away; gaussian again.

    Pixels are visited one after another from the bottom right, so that values can travel far to the top left. The
    reference means to swap the two pixels, but its swap is of views and copies one way only; that is followed, since
    the published pictures were made so. So are its ranges: a full `reach` is drawn to the top and left only, and
    reach + 1 px stay in place along the top and left, reach - 1 along the bottom and right. A picture too small for
    that is only blurred. Severities 2 and 4 have fewer rounds, and change less, than 1 and 3.
    """
    smooth = blurred(pixels, sigma=sigma).astype(np.uint8)
    height, width = pixels.shape[:2]
    if min(height, width) > 2 * reach:
        source = np.arange(height * width, dtype=np.int32)
        for _ in range(times):
            source = np.take(source, _moved(height, width, rng, reach=reach), mode="clip")
        smooth = np.take(smooth.reshape(-1, 3), source, axis=0, mode="clip").reshape(pixels.shape)
    return blurred(smooth, sigma=sigma).astype(np.uint8)


def _moved(height: int, width: int, rng: np.random.Generator, *, reach: int) -> Indices:
    """For each pixel (as row * width + column), which one's value it has after one round of visits.

    A visit copies from a neighbour: its new value where it was visited before (it lies further down or to the right),
    else its old one. So each pixel points to a neighbour, and a chain of pointers to new values ends at an old one.
    Following every pointer's pointer at once, over and over, halves the chains that are left each time.
    """
    steps = np.arange(-reach, reach, dtype=np.int32)
    offsets = (steps[:, None] + width * steps).ravel()
    drawn = rng.integers(len(offsets), size=(height - 2 * reach, width - 2 * reach), dtype=np.uint16)
    visited = slice(reach + 1, height - reach + 1), slice(reach + 1, width - reach + 1)
    pointers = np.arange(height * width, dtype=np.int32)
    inner = pointers.reshape(height, width)[visited]
    # the first draw is the first visit's: bottom right
    offset = np.take(offsets, drawn[::-1, ::-1], mode="clip")
    # ~index, which is negative, stands for the new value of that pixel, index for its old one
    inner += offset
    inner ^= -(offset > 0).astype(np.int32)
    left = np.flatnonzero(pointers < 0)
    while left.size:
        onward = np.take(pointers, ~np.take(pointers, left), mode="clip")
        pointers[left] = onward
        left = np.take(left, np.flatnonzero(onward < 0))
    return pointers


FAMILIES: tuple[Family, ...] = (
    Family(
        "glass_blur",
        glass_blur,
        "frosted glass: near pixels change places",
        "IC",
        (
            Parameter("sigma", float, "px, of the blur before and after", low=0.1, high=100),
            Parameter("reach", int, "px, how far a value is taken from", low=1, high=100),
            Parameter("times", int, "rounds", low=1, high=100),
        ),
        severities={
            1: {"sigma": 0.7, "reach": 1, "times": 2},
            2: {"sigma": 0.9, "reach": 2, "times": 1},
            3: {"sigma": 1.0, "reach": 2, "times": 3},
            4: {"sigma": 1.1, "reach": 3, "times": 2},
            5: {"sigma": 1.5, "reach": 4, "times": 2},
        },
    ),
)
