"""Spectra of real numpy arrays: of a frequency and its mirror image one is enough, and not every one has to be known.

The definitions stand in `spectrum`. Here powers are taken about the mean, which would drown what is fine in float32,
and some pictures at a time.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
# scipy's stubs leave some return types open.

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CELLS = 2**17
"""Numbers that are transformed at once; they and what is made of them stay in the cache."""


@dataclass(frozen=True)
class HalfPlane:
    """Where the frequencies of a real picture lie that `rfft2` gives.

    `near` (row, column): the band of those in the first columns, -1 of a DC that is left out; all columns behind are of
    the last band. `weight` (column) says for how many frequencies each stands, `count` (band) how many there are.
    """

    near: NDArray[np.int64]
    weight: Floats
    count: NDArray[np.int64]

    @staticmethod
    def of(band: NDArray[np.int64], bands: int) -> "HalfPlane":
        """Of the band of every frequency, (row, column) in FFT order."""
        columns = band.shape[1]
        weight = np.full(columns // 2 + 1, 2.0)
        weight[0] = 1
        if columns % 2 == 0:
            weight[-1] = 1
        inner = np.nonzero((band[:, : len(weight)] < bands - 1).any(axis=0))[0]
        across = int(inner.max(initial=0)) + 1
        return HalfPlane(band[:, :across], weight, np.bincount(band[band >= 0], minlength=bands))


def image_spectrum(image: NDArray[Any], plane: HalfPlane) -> NDArray[Any]:
    """Mean power per band: (..., H, W) of floating numbers, nan where undefined -> (..., band)."""
    from scipy import fft  # which other kernels do not need

    (*lead, rows, columns), bands = image.shape, len(plane.count)
    pictures = image.reshape(-1, rows, columns)
    sums = np.empty((len(pictures), bands))
    across, rest = plane.near.shape[1], plane.weight[plane.near.shape[1] :]
    for some in _parts(len(pictures), rows * columns):
        levels = pictures[some]
        mean = levels.mean(axis=(1, 2), dtype=np.float64)
        lines = np.asarray(fft.rfft(levels - mean.astype(levels.dtype)[:, None, None], overwrite_x=True))
        box = np.asarray(fft.fft(lines[..., :across], axis=1))
        power = _squared(box) * plane.weight[:across]
        power[:, :1, :1] += (mean * rows * columns)[:, None, None] ** 2  # what rounding left of the mean is nothing
        for band in range(bands):
            sums[some, band] = power[:, plane.near == band].sum(axis=1)
        # Parseval: of a column in one band the power is known without its transform
        parts = lines[..., across:].view(levels.dtype)
        columns_of = np.einsum("nij,nij->nj", parts, parts).reshape(len(levels), -1, 2).sum(axis=2)
        sums[some, -1] += rows * (columns_of @ rest)
    means = np.divide(sums, plane.count, out=np.full_like(sums, np.nan), where=plane.count > 0)
    return means.astype(image.dtype).reshape(*lead, bands)


def token_spectrum(tokens: NDArray[Any], band: NDArray[np.int64], bands: int) -> NDArray[Any]:
    """Mean power per band, averaged over features: (..., H, W, feature) of floating numbers -> (..., band).

    A sine and a cosine of each frequency instead of a complex number: products with two small matrices, whose squares
    add up to the same power in every band, since a frequency and its mirror images lie in one.
    """
    *lead, rows, columns, features = tokens.shape
    grids = tokens.reshape(-1, rows, columns, features)
    power = np.empty((len(grids), rows, columns))
    down, across = (waves(length).astype(tokens.dtype) for length in (rows, columns))
    for some in _parts(len(grids), rows * columns * features):
        grid = grids[some]
        mean = grid.mean(axis=(1, 2), dtype=np.float64)
        away = (grid - mean.astype(grid.dtype)[:, None, None]).reshape(len(grid), rows, -1)
        moved = across @ (down @ away).reshape(len(grid), rows, columns, features)
        power[some] = np.vecdot(moved, moved) * (rows * columns)
        power[some, 0, 0] += (rows * columns * mean**2).sum(axis=-1) * (rows * columns)
    order = band[np.ix_(*(_order(length) for length in (rows, columns)))]
    counts = np.bincount(band[band >= 0], minlength=bands)
    sums = np.stack([power[:, order == number].sum(axis=1) for number in range(bands)], axis=-1)
    means = np.divide(sums, features * counts, out=np.full_like(sums, np.nan), where=counts > 0)
    undefined = ~np.isfinite(power.sum(axis=(1, 2)))
    return np.where(undefined[:, None], np.nan, means).astype(tokens.dtype).reshape(*lead, bands)


@lru_cache(maxsize=64)
def waves(length: int) -> Floats:
    """(wave, place) the cosines and sines of all frequencies, orthonormal, in the order of `_order`."""
    place, frequency = np.arange(length), _order(length)
    angle = 2 * np.pi * np.outer(frequency, place) / length
    made = np.where((np.arange(length) % 2 == 1)[:, None], np.cos(angle), np.sin(angle))
    made[0] = 1.0
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def _order(length: int) -> NDArray[np.intp]:
    # frequency of each wave: 0, 1, 1, 2, 2, ...
    return (np.arange(length) + 1) // 2


def _squared(box: NDArray[np.complexfloating[Any, Any]]) -> Floats:
    return box.real.astype(np.float64) ** 2 + box.imag.astype(np.float64) ** 2


def _parts(count: int, each: int) -> Iterator[slice]:
    step = max(1, CELLS // max(1, each))
    return (slice(start, start + step) for start in range(0, count, step))
