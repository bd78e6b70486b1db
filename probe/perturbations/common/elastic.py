"""The picture as if printed on rubber: every place moves a little, near places alike (IC)."""

import math

import numpy as np
from numpy.typing import NDArray

from ...sample import Pixels
from ..family import Family, Parameter
from .zoom import between

Values = NDArray[np.float32]
Field = NDArray[np.float64]

GRAIN = 1 << 10
"""Smoothed numbers, of up to 65535, are rounded to 1/GRAIN: far coarser than a Fourier transform in float64 is off."""

BLOCK = 1 << 14
"""Pixels that are worked on at a time: few enough for a core's own cache."""


def elastic_transform(pixels: Pixels, rng: np.random.Generator, *, alpha: float) -> Pixels:
    """Every pixel is read from a place up to a few px away: alpha times a smooth random field.

    The field is uniform in ±0.005 height px, smoothed by a gaussian of 0.01 of each side; borders are mirrored. So the
    mean displacement is the same in px at every size. This is the other reference's transform, which works at any size
    and grows with severity; for the authors' see imagenet_c.
    """
    height, width = pixels.shape[:2]
    across, down = _displacements(height, width, rng, sigmas=(0.01 * height, 0.01 * width))
    amplitude = 0.005 * height * alpha
    return _displaced(pixels.astype(np.float32), amplitude * down, amplitude * across).astype(np.uint8)


def imagenet_c(pixels: Pixels, rng: np.random.Generator, *, alpha: float, sigma: float, affine: float) -> Pixels:
    """The authors' transform, of which ImageNet-C's published pictures are made: a random affine map, then a field.

    The map moves three corners of a square by up to `affine`, borders mirrored; the field is uniform in ±alpha,
    smoothed by a gaussian of sigma. All three are fractions of the shorter side, so that at 224x224 they are the
    authors' constants; at other sizes the field's displacements stay the same in px. Severities are not monotone in
    effect: the second is the strongest. The authors' square is centred in square pictures only; ours in all.
    """
    height, width = pixels.shape[:2]
    side = min(height, width)
    values = _affine(pixels.astype(np.float32), rng.uniform(-affine * side, affine * side, size=(3, 2)))
    across, down = _displacements(height, width, rng, sigmas=(sigma * side, sigma * side))
    return _displaced(values, alpha * side * down, alpha * side * across).astype(np.uint8)


def _displacements(
    height: int, width: int, rng: np.random.Generator, *, sigmas: tuple[float, float]
) -> tuple[Field, Field]:
    """Two smooth fields, made of uniform numbers in ±1: the one across is drawn first, then the one down."""
    drawn = rng.integers(1 << 16, size=(2, height, width), dtype=np.uint16)
    across, down = (_smoothed(2.0 * one - 65535, sigmas) / 65536 for one in drawn)
    return across, down


def _smoothed(field: Field, sigmas: tuple[float, float]) -> Field:
    """Gaussian of sigma px down and across, cut at 3 sigma, the field mirrored beyond its ends, (b a | a b).

    Mirrored so, a smoothing scales each wave of the cosine transform: a gaussian wider than the picture costs no more.
    """
    from scipy import fft

    scales = [_scales(size, sigma) for size, sigma in zip(field.shape, sigmas, strict=True)]
    waves = np.asarray(fft.dctn(field)) * (scales[0][:, None] * scales[1])
    return np.rint(np.asarray(fft.idctn(waves)) * GRAIN) / GRAIN


def _scales(size: int, sigma: float) -> Field:
    """What becomes of each cosine wave of `size` px; of a constant: 1."""
    from scipy import fft

    radius = int(3 * sigma + 0.5)
    steps = range(-radius, radius + 1)
    weights = np.array([math.exp(-(step**2) / (2 * sigma**2)) for step in steps])
    # mirrored twice is repeated: what lies 2 size px apart is one place
    period = np.bincount(np.array(steps) % (2 * size), weights / weights.sum(), minlength=2 * size)
    return np.real(np.asarray(fft.rfft(period)))[:size]


def _displaced(values: Values, down: Field, across: Field) -> Values:
    height, width = values.shape[:2]
    return _read(values, np.arange(height)[:, None] + down, np.arange(width) + across, edge=0.5)


def _affine(values: Values, moves: NDArray[np.float64]) -> Values:
    """The affine map that moves three corners of the central square, of 2/3 of the shorter side, by moves (x, y)."""
    height, width = values.shape[:2]
    half = min(height, width) // 3
    corners = np.array([[1, 1], [1, -1], [-1, -1]]) * half + np.array([width // 2, height // 2])
    first, origin, second = corners + moves
    (ax, ay), (bx, by) = first - origin, second - origin
    area = ax * by - ay * bx
    if half * area == 0:
        return values  # under 3 px there is no square to move
    x, y = np.arange(width) - origin[0], np.arange(height)[:, None] - origin[1]
    along_first, along_second = (x * by - y * bx) / area, (y * ax - x * ay) / area
    rows = corners[1, 1] + 2 * half * along_first
    columns = corners[1, 0] - 2 * half * along_second
    return _read(values, rows, columns, edge=0)


def _read(values: Values, rows: Field, columns: Field, *, edge: float) -> Values:
    """Values at any places, linear between pixels. Beyond the border they are mirrored: at the border pixels' centres
    where edge is 0, (c b | a | b c), at their outer edges where it is 0.5, (b a | a b).
    """
    height, width, channels = values.shape
    flat, read = values.reshape(-1, channels), np.empty_like(values)
    step = max(1, BLOCK // width)
    for top in range(0, height, step):
        part = slice(top, top + step)
        upper, lower, down = _ends(rows[part], height, edge, channels)
        left, right, across = _ends(columns[part], width, edge, channels)
        first = between(flat, upper * width + left, upper * width + right, across)
        second = between(flat, lower * width + left, lower * width + right, across)
        second -= first
        second *= down
        read[part] = first + second
    return read


def _ends(places: Field, size: int, edge: float, channels: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Values]:
    """The two pixels that each place lies between, and its share of the way, once per channel."""
    span = size - 1 + 2 * edge
    turned = (places + edge) / (2 * span)
    inside = span - np.abs((turned - np.floor(turned)) * (2 * span) - span) - edge
    inside = np.clip(inside, 0, size - 1)
    lower = np.minimum(inside.astype(np.intp), max(size - 2, 0))
    share = (inside - lower).astype(np.float32)
    return lower, np.minimum(lower + 1, size - 1), np.repeat(share, channels).reshape(*share.shape, channels)


FAMILIES: tuple[Family, ...] = (
    Family(
        "elastic_transform",
        elastic_transform,
        "smooth random displacement",
        "IC",
        (Parameter("alpha", float, "times the field", low=0, high=1000),),
        severities={
            1: {"alpha": 12.5},
            2: {"alpha": 16.25},
            3: {"alpha": 21.25},
            4: {"alpha": 25.0},
            5: {"alpha": 30.0},
        },
    ),
    Family(
        "elastic_transform.imagenet_c",
        imagenet_c,
        "random affine map and displacement, as in ImageNet-C's published pictures",
        "IC",
        (
            Parameter("alpha", float, "of the shorter side: times the field", low=0, high=100),
            Parameter("sigma", float, "of the shorter side: smoothness of the field", low=0.001, high=2),
            Parameter("affine", float, "of the shorter side: how far corners move", low=0, high=0.3),
        ),
        # the authors write 244 where the side is 224
        severities={
            1: {"alpha": 244 / 224 * 2, "sigma": 244 / 224 * 0.7, "affine": 244 / 224 * 0.1},
            2: {"alpha": 244 / 224 * 2, "sigma": 244 / 224 * 0.08, "affine": 244 / 224 * 0.2},
            3: {"alpha": 244 / 224 * 0.05, "sigma": 244 / 224 * 0.01, "affine": 244 / 224 * 0.02},
            4: {"alpha": 244 / 224 * 0.07, "sigma": 244 / 224 * 0.01, "affine": 244 / 224 * 0.02},
            5: {"alpha": 244 / 224 * 0.12, "sigma": 244 / 224 * 0.01, "affine": 244 / 224 * 0.02},
        },
    ),
)
