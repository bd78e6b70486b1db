"""What is kept of the reference's corrupted pictures, so that ours can be compared without running it again.

The photographs are those inside scikit-image's wheel. Of a deterministic corruption three windows are kept; of a
random one the statistics below, averaged over seeds.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft
from skimage import data

DETERMINISTIC = (
    "defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate", "jpeg_compression", "gaussian_blur", "saturate",
)  # fmt: skip
RANDOM = (
    "gaussian_noise", "shot_noise", "impulse_noise", "glass_blur", "motion_blur", "snow", "frost", "fog",
    "elastic_transform", "speckle_noise", "spatter",
)  # fmt: skip
AUTHORS = ("motion_blur", "snow", "elastic_transform")
"""Random corruptions of which the authors' own pictures are kept too: they are made in another way."""

SEVERITIES = (1, 2, 3, 4, 5)

PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket")
SQUARE = (224, 224)
SIZES: tuple[tuple[str, tuple[int, int]], ...] = (
    *((name, SQUARE) for name in PHOTOGRAPHS),
    ("coffee", (320, 200)),
    ("chelsea", (200, 320)),
)
"""Photographs and the (width, height) that they are shown at."""

DRAWN_ON = ("astronaut 224x224", "coffee 320x200")
"""The pictures that random corruptions are compared on."""

WINDOW, BANDS = 32, 8
STATISTICS = (
    *(f"mean {channel}" for channel in "RGB"),
    *(f"standard deviation {channel}" for channel in "RGB"),
    "root mean square change",
    *(f"power in band {band}" for band in range(BANDS)),
)


def pictures() -> dict[str, NDArray[np.uint8]]:
    """Every photograph at its sizes, by name such as `coffee 320x200`."""
    return {f"{name} {size[0]}x{size[1]}": photograph(name, size) for name, size in SIZES}


def photograph(name: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """One of scikit-image's photographs at (width, height), bicubic, whatever its shape was."""
    return np.asarray(Image.fromarray(getattr(data, name)()).resize(size, Image.Resampling.BICUBIC))


def windows(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The top left corner, the middle and the bottom right corner: (window, row, column, channel)."""
    height, width = (side - WINDOW for side in pixels.shape[:2])
    corners = ((0, 0), (height // 2, width // 2), (height, width))
    return np.stack([pixels[top : top + WINDOW, left : left + WINDOW] for top, left in corners])


def difference(cut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Windows as differences of neighbours, modulo 256, along rows and columns: a third smaller when compressed."""
    return np.diff(np.diff(cut, axis=-2, prepend=np.uint8(0)), axis=-3, prepend=np.uint8(0))


def restore(differences: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The windows that `difference` was given."""
    return differences.cumsum(axis=-3, dtype=np.uint8).cumsum(axis=-2, dtype=np.uint8)


def statistics(pixels: NDArray[np.uint8], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The STATISTICS of one corrupted picture: in grey levels, powers in grey levels squared."""
    means, deviations = cv2.meanStdDev(pixels)
    change = cv2.norm(pixels, clean) / pixels.size**0.5
    luminance = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY)
    return np.array([*means.ravel(), *deviations.ravel(), change, *band_power(luminance)])


def band_power(luminance: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean power per coefficient in bands of equal ratio, from one period a side to the corner of the spectrum.

    A Hann window keeps the jump between opposite borders out of the high bands.
    """
    taper, band, counts = _bands(*luminance.shape)
    power = np.abs(fft.rfft2((luminance - luminance.mean()) * taper)) ** 2
    return np.bincount(band, power.ravel(), BANDS + 1)[1:] / counts


@cache
def _bands(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.intp]]:
    """The window, scaled to keep power, the band of every coefficient (0: the mean, in none) and the bands' sizes."""
    taper = np.outer(np.hanning(height), np.hanning(width))
    frequency = np.hypot(fft.fftfreq(height)[:, None], fft.rfftfreq(width))
    lowest = 1 / max(height, width)
    band = np.digitize(frequency, np.geomspace(lowest, 0.5**0.5, BANDS + 1)[1:-1]) + 1
    band[frequency < 0.999 * lowest] = 0
    scaled = taper / np.sqrt(np.square(taper).sum())
    return scaled.astype(np.float32), band.ravel(), np.bincount(band.ravel())[1:]
