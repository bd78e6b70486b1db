"""Power in radial frequency bands, of pictures and of token grids."""

# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# numpy's and array_api_compat's stubs leave some return types open.

from functools import lru_cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from . import halves
from .precision import at_least_float32

KEPT = 64
"""Sizes of pictures whose bands are kept."""

EDGES = ("geometric", "equal_width", "equal_count")
"""The ways to place the band edges."""


def image_spectrum(image: Any, bands: int = 3, edges: str = "geometric", keep_dc: bool = True) -> Any:
    """Mean power |FFT2|^2 per radial band: (..., H, W) -> (..., band), in squared units of the image, >= 0.

    The lowest band comes first and holds the mean (DC) unless `keep_dc` is false. A band that contains no frequency of
    this grid is nan, and so is every band of an image with an undefined pixel.
    """
    if isinstance(image, np.ndarray):
        return halves.image_spectrum(at_least_float32(image), half_plane(*image.shape[-2:], bands, edges, keep_dc))
    power = _power(image, axes=(-2, -1))
    return band_means(power, radial_bands(image.shape[-2], image.shape[-1], bands, edges, keep_dc), bands)


def token_spectrum(tokens: Any, bands: int = 3, edges: str = "geometric", keep_dc: bool = True) -> Any:
    """Mean power per radial band of a token grid, averaged over features: (..., H, W, feature) -> (..., band)."""
    xp: Any = array_namespace(tokens)
    rows, columns = tokens.shape[-3:-1]
    if isinstance(tokens, np.ndarray):
        band = radial_bands(rows, columns, bands, edges, keep_dc)
        return halves.token_spectrum(at_least_float32(tokens), band, bands)
    power = xp.mean(_power(tokens, axes=(-3, -2)), axis=-1)
    return band_means(power, radial_bands(rows, columns, bands, edges, keep_dc), bands)


def radial_edges(rows: int, columns: int, bands: int = 3, edges: str = "geometric") -> NDArray[np.float64]:
    """The `bands + 1` edges, in cycles per image, that part the frequencies of a grid.

    geometric: geomspace(1, r_max + 1, bands + 1) - 1; equal_width: linspace(0, r_max, bands + 1); equal_count:
    quantiles of the radii. r_max is the largest radius on the grid.
    """
    if bands < 1:
        raise ValueError(f"bands={bands}: a spectrum needs at least 1 band.")
    radius = _radius(rows, columns)
    if edges == "geometric":
        return np.geomspace(1.0, radius.max() + 1.0, bands + 1) - 1.0
    if edges == "equal_width":
        return np.linspace(0.0, radius.max(), bands + 1)
    if edges == "equal_count":
        return np.quantile(radius, np.linspace(0.0, 1.0, bands + 1))
    raise ValueError(f"edges={edges!r}: unknown way to place band edges. Choose one of {', '.join(EDGES)}.")


def radial_bands(rows: int, columns: int, bands: int, edges: str, keep_dc: bool = True) -> NDArray[np.int64]:
    """The band of every frequency, (row, column) in FFT order; -1 for a DC that is left out.

    Band k holds the radii in [edge k, edge k+1); the last band holds its upper edge too, so that no frequency is lost.
    """
    inner = radial_edges(rows, columns, bands, edges)[1:-1]
    band = np.searchsorted(inner, _radius(rows, columns), side="right").astype(np.int64)
    if not keep_dc:
        band[0, 0] = -1
    return band


def band_means(power: Any, band: NDArray[np.int64], bands: int) -> Any:
    """Mean of `power` over the frequencies of each band: (..., H, W) -> (..., band)."""
    xp: Any = array_namespace(power)
    means: list[Any] = []
    for index in range(bands):
        members = band == index
        count = int(members.sum())
        inside = xp.asarray(members, device=device(power))
        total = xp.sum(xp.where(inside, power, 0.0), axis=(-2, -1))
        means.append(total / count if count else total * xp.nan)
    stacked = xp.stack(means, axis=-1)
    # an undefined pixel makes every frequency undefined; `where` must not hide that from a band
    return xp.where(xp.isfinite(xp.sum(power, axis=(-2, -1)))[..., None], stacked, xp.nan)


@lru_cache(maxsize=KEPT)
def half_plane(rows: int, columns: int, bands: int, edges: str, keep_dc: bool) -> halves.HalfPlane:
    """The half of a picture's frequencies that `rfft2` gives; the last band holds all columns beyond some."""
    return halves.HalfPlane.of(radial_bands(rows, columns, bands, edges, keep_dc), bands)


def _power(x: Any, axes: tuple[int, int]) -> Any:
    xp: Any = array_namespace(x)
    transform = xp.fft.fftn(at_least_float32(x), axes=axes)
    return xp.real(transform) ** 2 + xp.imag(transform) ** 2


def _radius(rows: int, columns: int) -> NDArray[np.float64]:
    vertical = np.fft.fftfreq(rows)[:, None] * rows
    horizontal = np.fft.fftfreq(columns)[None, :] * columns
    return np.hypot(vertical, horizontal)
