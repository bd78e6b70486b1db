"""Spatial frequency: a part of the spectrum alone (HI), noise in one band (HI), one wave at a time (FH).

rho = sqrt(fx^2 + fy^2) / max, fx and fy in cycles per pixel: 0 is the mean, 1 the corner of the spectrum.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ..sample import Pixels
from .condition import Skipped
from .family import Family, Parameter

CUTOFFS = (0.0, 0.11, 0.22, 0.33, 0.44, 0.56, 0.67, 0.78, 0.89, 1.0)
"""Ninths in two digits, so that an id says the very number that was used."""

LEVELS = (1.0, 2.0, 4.0, 8.0, 16.0)
CUT = 0.25

CYCLES = (0, 1, 2, 4, 8, 16, 32)
"""Octaves: 85 waves reach as far as FH's 63 x 63 square and tell 1 cycle from 2, which an even grid would not."""

NORM = 15.7
"""FH's for 224 x 224: 0.07 of full scale per pixel. For its 32 x 32 pictures FH takes 4."""

HALF_UP = 0.5 + 1e-6


def low_pass(pixels: Pixels, rng: np.random.Generator, *, cutoff: float) -> Pixels:
    """The frequencies with rho <= cutoff, each channel by itself, rounded and clipped.

    0 leaves the mean colour; 1 is the clean picture, bit for bit.
    """
    if cutoff >= 1:
        return pixels
    height, width, _ = pixels.shape
    return _levels(_kept(pixels, radii(height, width) <= cutoff))


def high_pass(pixels: Pixels, rng: np.random.Generator, *, cutoff: float, keep_dc: bool) -> Pixels:
    """The frequencies with rho >= cutoff, each channel by itself, rounded and clipped; 0 is the clean picture.

    Above 0 the mean (rho = 0) is lost with the rest, so that all that was darker than it is clipped to black. On
    photographs that puts 15 to 40 % of the variance back below the cutoff. `keep_dc` holds on to the mean; then it is
    3 % at most.
    """
    if cutoff <= 0:
        return pixels
    height, width, _ = pixels.shape
    keep = radii(height, width) >= cutoff
    keep[0, 0] |= keep_dc
    return _levels(_kept(pixels, keep))


def band_noise(pixels: Pixels, rng: np.random.Generator, *, band: str, epsilon: float, cut: float) -> Pixels:
    """The picture plus `banded_noise` of its size, rounded and clipped."""
    height, width, _ = pixels.shape
    return _levels(pixels + banded_noise(height, width, rng, band=band, epsilon=epsilon, cut=cut))


def banded_noise(
    height: int, width: int, rng: np.random.Generator, *, band: str, epsilon: float, cut: float
) -> NDArray[np.float64]:
    """Gaussian noise, in levels of 255, of which only rho <= cut ("low") or rho > cut ("high") is left.

    (height, width, 3), channels independent, scaled so that the largest |value| of all is epsilon. Raises Skipped for
    "high" on a picture of one pixel, which has no frequency but its mean.
    """
    rho = radii(height, width)
    noise = _kept(rng.standard_normal((height, width, 3)), rho <= cut if band == "low" else rho > cut)
    peak = np.abs(noise).max()
    if peak == 0:
        raise Skipped(f"band_noise: a picture of {width}x{height} px has no frequency in the {band} band.")
    return noise * (epsilon / peak)


def fourier_basis(pixels: Pixels, rng: np.random.Generator, *, i: int, j: int, epsilon: float) -> Pixels:
    """The picture plus or minus, drawn for each channel, epsilon times `basis`, rounded and clipped.

    epsilon is the l2 norm over the pixels of a channel, full scale = 1: epsilon / sqrt(height width) per pixel, so a
    picture of another size needs another epsilon to be disturbed as much (FH: 15.7 at 224 x 224, 4 at 32 x 32).
    """
    height, width, _ = pixels.shape
    signs = 2 * rng.integers(0, 2, 3) - 1
    wave = 255 * epsilon * basis(height, width, i, j)
    return _levels(pixels + wave[:, :, None] * signs)


def basis(height: int, width: int, i: int, j: int) -> NDArray[np.float64]:
    """(cos t + sin t) / sqrt(height width), t = 2 pi (i y / height + j x / width): (height, width), of l2 norm 1.

    i and j count cycles per picture, down and across; they wrap, so that (i, j) and (i + height, j) are one. Its
    spectrum is (i, j) and (-i, -j) alone, with FH's phase. (-i, -j) is the same wave a quarter of a period on, hence
    orthogonal: the height * width waves are an orthonormal basis, of which one half plane has all frequencies.

    >>> basis(1, 4, 0, 1).round(6).tolist()
    [[0.5, 0.5, -0.5, -0.5]]
    """
    down, across = _angles(height, i)[:, None], _angles(width, j)
    # cos t + sin t, taken apart so that each axis has its own few sines
    wave = np.cos(down) * (np.cos(across) + np.sin(across)) + np.sin(down) * (np.cos(across) - np.sin(across))
    return wave / math.sqrt(height * width)


def radii(height: int, width: int) -> NDArray[np.float64]:
    """rho of the real FFT's frequencies, (height, width // 2 + 1), in [0, 1].

    >>> radii(2, 2).round(3).tolist()
    [[0.0, 0.707], [0.707, 1.0]]
    """
    rows = np.arange(height)
    # cycles per pixel times height * width: integers, so that equal frequencies compare equal with a cutoff
    fy, fx = np.minimum(rows, height - rows) * width, np.arange(width // 2 + 1) * height
    squared = fy[:, None] ** 2 + fx**2
    return np.sqrt(squared / max(1, squared.max()))


def _angles(size: int, cycles: int) -> NDArray[np.float64]:
    # whole turns are taken off before any rounding
    return np.arange(size, dtype=np.float64) * cycles % size * (2 * math.pi / size)


def _kept(values: NDArray[np.generic], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(row, column, channel) with the frequencies that `keep` marks, those of the real FFT."""
    from scipy import fft

    spectrum = np.asarray(fft.rfft2(values, axes=(0, 1)))
    spectrum *= keep[:, :, None]
    return np.asarray(fft.irfft2(spectrum, s=values.shape[:2], axes=(0, 1), overwrite_x=True))


def _levels(values: NDArray[np.float64]) -> Pixels:
    """Rounded to the nearest level and clipped; written over.

    Halves go up, with a margin: a sum that should be a half may miss it by a last bit, on some processors and not on
    others.
    """
    np.floor(np.add(values, HALF_UP, out=values), out=values)
    return np.clip(values, 0, 255, out=values).astype(np.uint8)


_CUTOFF = Parameter("cutoff", float, "of rho", low=0, high=1)

FAMILIES: tuple[Family, ...] = (
    Family(
        "low_pass",
        low_pass,
        "coarse structure alone",
        "HI",
        (_CUTOFF,),
        listed=tuple({"cutoff": cutoff} for cutoff in reversed(CUTOFFS)),
    ),
    Family(
        "high_pass",
        high_pass,
        "fine structure alone",
        "HI",
        (_CUTOFF, Parameter("keep_dc", bool, "hold on to the mean colour", default=False)),
        listed=tuple({"cutoff": cutoff} for cutoff in CUTOFFS),
    ),
    Family(
        "band_noise",
        band_noise,
        "gaussian noise, coarse or fine alone",
        "HI",
        (
            Parameter("band", str, "rho <= cut or rho > cut", choices=("low", "high")),
            Parameter("epsilon", float, "largest change, in levels of 255", low=0, high=255),
            Parameter("cut", float, "of rho", default=CUT, low=0, high=0.99),
        ),
        listed=tuple({"band": band, "epsilon": epsilon} for band in ("low", "high") for epsilon in LEVELS),
    ),
    Family(
        "fourier_basis",
        fourier_basis,
        "one wave of the Fourier heat map",
        "FH",
        (
            Parameter("i", int, "cycles down the picture", low=-100_000, high=100_000),
            Parameter("j", int, "cycles across it", low=-100_000, high=100_000),
            Parameter("epsilon", float, "l2 norm per channel, full scale = 1", default=NORM, low=0, high=10_000),
        ),
        listed=tuple(
            {"i": i, "j": j}
            for i in CYCLES
            for j in (*(-cycles for cycles in reversed(CYCLES[1:])), *CYCLES)
            if i > 0 or j >= 0
        ),
    ),
)
