"""Power of the pictures in bands of spatial frequency, under each condition and at the size of the clean picture.

The definition is `analyses.spectral.band_power` of a picture `resized` to the clean size. Here it is computed while the
model reads, so in the fast way: one channel after the other, half of a real picture's spectrum, in float32 about the
mean; Pillow resizes. Source: Wani et al. 2026; definitions, section 7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

from analyses import kernels
from stores import Variable

from ..sample import Pixels
from .token_counts import Sizes

BANDS = 3
CHANNELS = 3
HI = "arXiv 2602.06652"

BAND_POWER = Variable(
    "band_power",
    ("channel", "band"),
    "float32",
    "level squared",
    "mean of |FFT2|^2 in bands of spatial frequency, at the clean picture's size; mean over an image's pictures",
    HI,
    lengths={"channel": CHANNELS, "band": BANDS},
)
"""What is stored of every image under every condition."""

KEPT = 64
"""Sizes whose bands are kept: more than a block has images."""

Power = NDArray[np.float64]


def of_pictures(pictures: Sequence[Pixels], clean_sizes: Sizes) -> Power | None:
    """(channel, band) power of an image's pictures, each at its clean size (height, width): their mean.

    None without a picture, and where the pictures have clean sizes of their own: bands of two sizes are not the same.
    """
    if not pictures or len(set(clean_sizes)) != 1:
        return None
    return np.mean([of_picture(pixels, size) for pixels, size in zip(pictures, clean_sizes, strict=True)], axis=0)


def of_picture(pixels: Pixels, size: tuple[int, int]) -> Power:
    """(channel, band) mean of |FFT2|^2 in each band of a picture brought to a size (height, width), bicubic.

    nan in a band that holds no frequency of that size.
    """
    plane = HalfPlane.of(*size)
    power = np.empty((CHANNELS, BANDS))
    for channel in range(CHANNELS):
        levels = _resized(pixels[..., channel], size)
        total = levels.sum(dtype=np.float64)
        levels -= np.float32(total / levels.size)  # float32: the mean would drown what is fine
        power[channel] = plane.sums(np.asarray(fft.rfft2(levels, overwrite_x=True)))
        power[channel, plane.band[0, 0]] += total**2
    return np.divide(power, plane.count, out=np.full_like(power, np.nan), where=plane.count > 0)


@dataclass(frozen=True)
class HalfPlane:
    """Where the frequencies that `rfft2` gives of a real picture lie.

    The rows `near` hold all bands below the last in their first columns, with the `band` (row, column) of each; what
    lies beyond, and in the rows `far`, is of the last band. `weight` (column) says for how many frequencies each
    stands, `count` (band) how many there are of each band.
    """

    near: NDArray[np.intp]
    far: slice
    band: NDArray[np.intp]
    weight: NDArray[np.float64]
    count: NDArray[np.intp]

    @classmethod
    @lru_cache(maxsize=KEPT)
    def of(cls, rows: int, columns: int) -> "HalfPlane":
        """The half plane of a picture of this size."""
        band = kernels.radial_bands(rows, columns, BANDS, "geometric")
        weight = np.full(columns // 2 + 1, 2.0)
        weight[0] = 1
        if columns % 2 == 0:
            weight[-1] = 1
        inner = band[:, : len(weight)] < BANDS - 1
        down = int(np.nonzero(inner[: rows // 2 + 1])[0].max(initial=0))
        across = int(np.nonzero(inner)[1].max(initial=0)) + 1
        near = np.unique(np.r_[: down + 1, rows - down : rows] % rows)
        return cls(
            near,
            slice(down + 1, max(down + 1, rows - down)),
            band[near, :across],
            weight,
            np.bincount(band.reshape(-1), minlength=BANDS),
        )

    def sums(self, spectrum: NDArray[np.complex64]) -> Power:
        """(band) sums of |spectrum|^2 over all frequencies of a band: of a spectrum (row, column) from `rfft2`."""
        across = self.band.shape[1]
        box = spectrum[self.near, :across]
        squares = (box.real**2 + box.imag**2) * self.weight[:across]
        sums = np.zeros(BANDS)
        np.add.at(sums, self.band, squares)
        for part, weight in (
            (spectrum[:, across:], self.weight[across:]),
            (spectrum[self.far, :across], self.weight[:across]),
        ):
            parts = part.view(np.float32)  # (row, column and real or imaginary part)
            sums[-1] += np.einsum("ij,ij->j", parts, parts).reshape(-1, 2).sum(axis=1) @ weight
        return sums


def _resized(channel: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    levels = channel.astype(np.float32)
    if levels.shape == size:
        return levels
    rows, columns = size
    return np.array(Image.fromarray(levels).resize((columns, rows), Image.Resampling.BICUBIC))  # not rounded to levels
