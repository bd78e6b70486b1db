"""Gives a drawing the histogram and the radial spectrum of a measured one; its lines stay where they are.

Both are taken as a picture of 224 px meets them: over windows of that size, spread evenly over the texture.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from .targets import BANDS, RANKS, Component

Field = NDArray[np.float64]

WINDOW, ACROSS = 224, 8
ROUNDS = 20


def matched(field: Field, target: Component) -> Field:
    """(height, width), with the target's quantiles exactly and its amplitudes per band to within about 1 %.

    Each of the two is imposed in turn, as each disturbs the other a little.
    """
    for _ in range(ROUNDS):
        field = _respectrumed(_ranked(field, target), target)
    return _ranked(field, target)


def amplitudes(field: Field) -> Field:
    """Root mean square cosine coefficient of the windows per radial band, of the field without its mean."""
    weights = _visits(*field.shape)
    field = field - (field * weights).sum() / weights.sum()
    corners = _corners(*field.shape)
    windows = np.stack([field[top : top + WINDOW, left : left + WINDOW] for top, left in corners])
    power = (np.asarray(fft.dctn(windows, axes=(1, 2), norm="ortho")) ** 2).mean(axis=0)
    band = np.digitize(_frequency(WINDOW, WINDOW), BANDS) - 1
    return np.sqrt(np.bincount(band.ravel(), power.ravel()) / np.bincount(band.ravel()))


def quantiles(field: Field) -> Field:
    """The values at the ranks, each place counted once per window that holds it."""
    order, ranks = _order(field)
    return np.interp(RANKS, ranks, field.ravel()[order])


def _ranked(field: Field, target: Component) -> Field:
    """The target's value of the same rank in place of each value."""
    order, ranks = _order(field)
    ranked = np.empty(field.size)
    ranked[order] = np.interp(ranks, RANKS, target.quantiles)
    return ranked.reshape(field.shape)


def _order(field: Field) -> tuple[NDArray[np.intp], Field]:
    """The places from least to largest value, and their ranks in (0, 1)."""
    order = np.argsort(field, axis=None, kind="stable")
    weights = _visits(*field.shape).ravel()[order]
    return order, (np.cumsum(weights) - weights / 2) / weights.sum()


def _respectrumed(field: Field, target: Component) -> Field:
    """Cosine coefficients scaled to the target's amplitude, smoothly from band to band."""
    ratio = np.log(np.asarray(target.amplitudes) / amplitudes(field))
    # the first band is the windows' own means: what is slower than a window shows
    centres = np.log([BANDS[1] / 2, *np.sqrt(np.multiply(BANDS[1:-1], BANDS[2:]))])
    frequency = np.maximum(_frequency(*field.shape), 1e-9)
    scale = np.exp(np.interp(np.log(frequency), centres, ratio))
    scale[0, 0] = 1
    return np.asarray(fft.idctn(np.asarray(fft.dctn(field, norm="ortho")) * scale, norm="ortho"))


def _corners(height: int, width: int) -> list[tuple[int, int]]:
    """Upper left corners of the windows."""
    parts = (np.arange(ACROSS) + 0.5) / ACROSS
    tops, lefts = (height - WINDOW) * parts, (width - WINDOW) * parts
    return [(int(top), int(left)) for top in tops for left in lefts]


def _visits(height: int, width: int) -> Field:
    """How many windows hold each place; none hold the utmost border."""
    visits = np.zeros((height, width))
    for top, left in _corners(height, width):
        visits[top : top + WINDOW, left : left + WINDOW] += 1
    return visits


def _frequency(height: int, width: int) -> Field:
    """Cycles per pixel of each cosine coefficient."""
    return np.hypot(np.arange(height)[:, None] / (2 * height), np.arange(width) / (2 * width))
