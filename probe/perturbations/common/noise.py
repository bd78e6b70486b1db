"""Noise drawn for every value alone: gaussian, shot, impulse and speckle (IC). Results are cut off, not rounded."""

from functools import lru_cache
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from ...sample import Pixels
from ..family import Family, Parameter

LEVELS = 256
DRAWS = 2**32
"""How many different 32-bit numbers there are: every probability is a multiple of one in so many."""


def gaussian_noise(pixels: Pixels, rng: np.random.Generator, *, sigma: float) -> Pixels:
    """v + sigma z with z standard normal per pixel and channel (full scale = 1), clipped."""
    noise = rng.standard_normal(pixels.shape, np.float32)
    noise *= 255 * sigma
    noise += pixels
    return np.clip(noise, 0, 255, out=noise).astype(np.uint8)


def speckle_noise(pixels: Pixels, rng: np.random.Generator, *, sigma: float) -> Pixels:
    """v (1 + sigma z) with z standard normal per pixel and channel, clipped: the brighter, the noisier."""
    noise = rng.standard_normal(pixels.shape, np.float32)
    noise *= sigma
    noise += 1
    noise *= pixels
    return np.clip(noise, 0, 255, out=noise).astype(np.uint8)


def impulse_noise(pixels: Pixels, rng: np.random.Generator, *, amount: float) -> Pixels:
    """Salt and pepper: `amount` of the values, each channel alone, become 255 or 0, either with the same chance."""
    drawn = rng.integers(0, DRAWS, pixels.shape, np.uint32)
    half = round(amount * DRAWS / 2)
    noise = np.where(drawn < half, np.uint8(0), np.uint8(255))
    return np.where(drawn < 2 * half, noise, pixels)


def shot_noise(pixels: Pixels, rng: np.random.Generator, *, photons: float) -> Pixels:
    """k / photons with k ~ Poisson(photons v) per pixel and channel (v in [0, 1]), clipped.

    Drawn by Walker's alias method (1977), because there are only 256 means: one 32-bit number picks a column of the
    level's table with its low bits and, with the others, the column's own count or its alias. Every probability is
    right to 2 ** -32.
    """
    bits, own, values = _alias_table(photons)
    drawn = rng.integers(0, DRAWS, pixels.shape, np.uint32)
    column = (pixels.astype(np.uint32) << bits) | (drawn & ((1 << bits) - 1))
    alias = (drawn >> bits) >= own.take(column)
    return values.take(2 * column + alias)


@lru_cache(maxsize=16)
def _alias_table(photons: float) -> tuple[int, NDArray[np.uint32], Pixels]:
    """How many bits pick a column, the share of each that is its own, and the two values of each.

    Columns are laid out (level, column); the values (level, column, own or alias).
    """
    weights = _weights(photons)
    white = weights.shape[1] - 1
    bits = white.bit_length()
    full = DRAWS >> bits
    counts = np.arange(1 << bits)
    left = np.zeros((LEVELS, counts.size), np.int64)
    left[:, : white + 1] = weights
    own, alias = np.full_like(left, full), np.tile(counts, (LEVELS, 1))
    levels, done = np.arange(LEVELS), np.zeros(left.shape, bool)
    # the poorest column takes what it lacks from the richest; all levels at once, ties to the lowest count
    for _ in range(counts.size - 1):
        poor = np.where(done, DRAWS + 1, left).argmin(axis=1)
        rich = np.where(done, -1, left).argmax(axis=1)
        own[levels, poor], alias[levels, poor] = left[levels, poor], rich
        left[levels, rich] -= full - left[levels, poor]
        done[levels, poor] = True
    values = (np.minimum(counts / photons, 1) * 255).astype(np.uint8)
    return bits, own.astype(np.uint32).ravel(), values[np.stack(np.broadcast_arrays(counts, alias), axis=-1)].ravel()


def _weights(photons: float) -> NDArray[np.int64]:
    """(level, count): the probabilities times 2 ** 32. The last count, white, stands for all that are clipped to it.

    Multiplied up from an unscaled first term, mean ** k / k!, and divided by their sum: no exp, whose last bit depends
    on the processor.
    """
    white = ceil(photons)
    mean = photons * np.arange(LEVELS) / 255
    counts = np.arange(1, white + ceil(12 * sqrt(photons)) + 60)  # beyond: less than 1e-17
    terms = np.cumprod(np.hstack([np.ones((LEVELS, 1)), mean[:, None] / counts]), axis=1)
    below = np.cumsum(terms, axis=1)
    ends = np.rint(below[:, :white] / below[:, -1:] * DRAWS).astype(np.int64)
    return np.diff(ends, axis=1, prepend=0, append=DRAWS)


_SIGMA = Parameter("sigma", float, "standard deviation, of full scale", low=0, high=10)

FAMILIES: tuple[Family, ...] = (
    Family(
        "gaussian_noise",
        gaussian_noise,
        "additive gaussian noise",
        "IC",
        (_SIGMA,),
        severities={1: {"sigma": 0.08}, 2: {"sigma": 0.12}, 3: {"sigma": 0.18}, 4: {"sigma": 0.26}, 5: {"sigma": 0.38}},
    ),
    Family(
        "shot_noise",
        shot_noise,
        "photon counting noise",
        "IC",
        (Parameter("photons", float, "counted at full scale", low=0.1, high=500),),
        severities={
            1: {"photons": 60.0},
            2: {"photons": 25.0},
            3: {"photons": 12.0},
            4: {"photons": 5.0},
            5: {"photons": 3.0},
        },
    ),
    Family(
        "impulse_noise",
        impulse_noise,
        "salt and pepper per channel",
        "IC",
        (Parameter("amount", float, "of the values", low=0, high=1),),
        severities={
            1: {"amount": 0.03},
            2: {"amount": 0.06},
            3: {"amount": 0.09},
            4: {"amount": 0.17},
            5: {"amount": 0.27},
        },
    ),
    Family(
        "speckle_noise",
        speckle_noise,
        "gaussian noise in proportion to the value",
        "IC",
        (Parameter("sigma", float, "standard deviation, of the value", low=0, high=10),),
        severities={1: {"sigma": 0.15}, 2: {"sigma": 0.2}, 3: {"sigma": 0.35}, 4: {"sigma": 0.45}, 5: {"sigma": 0.6}},
    ),
)
