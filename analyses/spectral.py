"""Spectra: how much power a picture or a token grid has in each band of spatial frequency.

Source: Wani et al. 2026, spectral drift; definitions, section 7.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from array_api_compat import array_namespace

from . import grids, kernels, labels, papers
from .cards import Card
from .kernels import resizing
from .labels import Array

CARDS = (
    Card(
        "spectral.band_power",
        "How much power has the picture in each band of spatial frequency?",
        "squared pixel units",
        "[0, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "spectral.token_spectrum",
        "How much of the tokens' variation is coarse, how much fine?",
        "squared state units",
        "[0, inf)",
    ),
    Card(
        "spectral.change",
        "Which bands does the perturbation fill, and which does it empty?",
        "squared units",
        "(-inf, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "spectral.relative_change",
        "By what share of the clean power does each band change?",
        "share of clean power",
        "[-1, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
)


def band_power(
    image: Array,
    *,
    bands: int = 3,
    edges: str = "geometric",
    dims: Sequence[str] | Sequence[int] = ("y", "x"),
    keep_dc: bool = True,
) -> Array:
    """Mean spectral power of a picture in radial bands of frequency: mean over the band of |FFT2|^2.

    In: (..., y, x, ...); for bare arrays names in `dims` mean (row, column) of a 2-D array and (..., row, column,
    channel) otherwise. Out: the rest (channels stay apart) with `band` last, lowest first, in squared pixel units,
    [0, inf). `edges`: "geometric" (geomspace(1, r_max + 1, bands + 1) - 1, of which the first band holds the mean),
    "equal_width" or "equal_count"; `keep_dc=False` leaves the mean out. nan where a pixel is undefined, and in a band
    that holds no frequency of a small picture. Labelled output carries the edges, in cycles per picture, as the
    coordinates `band_low` and `band_high`. Raises ValueError for unknown edges. Source: Wani et al. 2026.

    >>> import numpy as np
    >>> band_power(np.ones((4, 4)))   # a flat picture is all mean: 16^2, the only frequency in its band
    array([256.,   0.,   0.])
    """

    def kernel(x: Array) -> Array:
        return kernels.image_spectrum(x, bands, edges, keep_dc)

    if isinstance(image, xr.DataArray):
        return _banded(kernel, image, list(dims), [], bands, edges)
    return kernel(labels.axes_last(image, _plane(image, dims)))


def resized(image: Array, *, rows: int, columns: int, dims: Sequence[str] | Sequence[int] = ("y", "x")) -> Array:
    """A picture at another size, bicubic, antialiased where it shrinks: the perturbed one at the size of the clean.

    In: (..., y, x, ...), `dims` as in `band_power`. Out: the same with `rows` and `columns`, float32 or better, in
    pixel units, neither rounded nor clipped to levels; without coordinates along `dims`. All nan where a pixel is
    undefined. Raises ValueError for a size below 1. Source: Keys 1981, a = -1/2, as Pillow has it.

    >>> import numpy as np
    >>> resized(np.array([[0.0, 4.0], [0.0, 4.0]]), rows=1, columns=2)
    array([[0., 4.]])
    """
    if min(rows, columns) < 1:
        raise ValueError(f"rows={rows}, columns={columns}: a picture has at least one of each.")

    def kernel(x: Array) -> Array:
        return resizing.bicubic(x, rows, columns)

    if isinstance(image, xr.DataArray):
        down, across = (str(name) for name in dims)
        result = labels.apply(kernel, image, core=[[down, across]], out={down: rows, across: columns})
        return result.transpose(*image.dims)
    axes = [axis % image.ndim for axis in _plane(image, dims)]
    xp: Any = array_namespace(image)
    return xp.moveaxis(kernel(labels.axes_last(image, axes)), (-2, -1), tuple(axes))


def token_spectrum(
    tokens: Array,
    *,
    bands: int = 3,
    edges: str = "geometric",
    grid: Sequence[str] = ("row", "col"),
    dim: str = "feature",
    keep_dc: bool = True,
) -> Array:
    """Mean spectral power of a token grid in radial bands, per feature and then averaged over features.

    In: (..., *grid, dim), in this order for bare arrays; `grid` names rows and columns, or frames, rows and columns:
    then each frame has a spectrum of its own, and the result is their mean. Out: the rest with `band` last, in squared
    state units, [0, inf). nan as in `band_power`: where a token is undefined, as the padding of a ragged grid is, and
    in a band that holds no frequency of the grid. Raises ValueError for a grid of other than 2 or 3 dimensions and for
    unknown edges. The same measure as for pixels, on tokens: this project's own.

    >>> import numpy as np
    >>> token_spectrum(2.0 * np.ones((4, 4, 8)), keep_dc=False)   # constant tokens are all mean
    array([nan,  0.,  0.])
    """

    if len(grid) not in (2, 3):
        raise ValueError(f"grid={tuple(grid)}: a token grid has (row, column) or (frame, row, column).")

    def kernel(x: Array) -> Array:
        spectrum = kernels.token_spectrum(x, bands, edges, keep_dc)  # (..., [frame,] band)
        xp: Any = array_namespace(x)
        return spectrum if len(grid) == 2 else xp.mean(spectrum, axis=-2)

    if isinstance(tokens, xr.DataArray):
        return _banded(kernel, tokens, list(grid), [dim], bands, edges)
    return kernel(tokens)


def change(
    clean: Array,
    perturbed: Array,
    *,
    clean_grid: Array | None = None,
    perturbed_grid: Array | None = None,
    axis: str = "axis",
) -> Array:
    """Change of the power in each band: perturbed - clean.

    In: `band_power` of the clean picture and of the perturbed one, `resized` to the clean size first: power grows with
    the number of pixels. Or `token_spectrum` of both, with the grids of their tokens (..., axis), frames, rows and
    columns: power grows with the grid too, and tokens cannot be resized. Out: as perturbed, in squared units; with
    grids, the coordinate `same_grid`. nan where either is, and where the grids differ or are unknown (below 1). Raises
    ValueError where labels differ, where the bands do, as those of pictures of two sizes, and for one grid alone.

    >>> import numpy as np
    >>> change(np.array([4.0, 2.0]), np.array([3.0, 3.0]))
    array([-1.,  1.])
    >>> change(np.ones(3), np.ones(3), clean_grid=np.array([1, 14, 14]), perturbed_grid=np.array([1, 13, 13]))
    array([nan, nan, nan])
    """
    difference = _compared(lambda before, after: after - before, clean, perturbed)
    return _on_one_grid(difference, clean, perturbed, clean_grid, perturbed_grid, axis)


def relative_change(
    clean: Array,
    perturbed: Array,
    *,
    clean_grid: Array | None = None,
    perturbed_grid: Array | None = None,
    axis: str = "axis",
) -> Array:
    """Change of the power in each band as a share of the clean power: (perturbed - clean) / (|clean| + 1e-8).

    In, nan and errors as in `change`. Out: unitless, -1 for an emptied band. Source: Wani et al. 2026.

    >>> import numpy as np
    >>> relative_change(np.array([4.0, 2.0]), np.array([3.0, 3.0])).round(6)
    array([-0.25,  0.5 ])
    """
    share = _compared(lambda before, after: (after - before) / (abs(before) + 1e-8), clean, perturbed)
    return _on_one_grid(share, clean, perturbed, clean_grid, perturbed_grid, axis)


def _banded(kernel: Any, array: xr.DataArray, plane: list[Any], dims: list[Any], bands: int, edges: str) -> Any:
    result = labels.apply(kernel, array, core=[[*plane, *dims]], out={"band": bands})
    rows, columns = (array.sizes[name] for name in plane[-2:])
    limits = kernels.radial_edges(rows, columns, bands, edges)
    return result.assign_coords(
        band=np.arange(bands), band_low=("band", limits[:-1]), band_high=("band", limits[1:])
    ).assign_attrs(edges=edges)


def _compared(difference: Any, clean: Array, perturbed: Array) -> Array:
    if not labels.labelled(clean=clean, perturbed=perturbed):
        labels.require_same_shape(clean=clean, perturbed=perturbed)
        return difference(clean, perturbed)
    before, after = labels.aligned(clean=clean, perturbed=perturbed)
    labels.require_dims("clean", before, "perturbed", after)
    for edge in ("band_low", "band_high"):
        if edge in before.coords and edge in after.coords and not (before[edge] == after[edge]).all():
            raise ValueError(
                f"clean and perturbed differ in {edge!r}, in cycles per picture: {_told(before[edge])} against "
                f"{_told(after[edge])}. Bring both pictures to one size with `resized`, and take the same bands."
            )
    return difference(before, after).transpose(*after.dims)


def _on_one_grid(
    compared: Array, clean: Array, perturbed: Array, clean_grid: Array | None, perturbed_grid: Array | None, axis: str
) -> Array:
    if clean_grid is None and perturbed_grid is None:
        return compared
    if clean_grid is None or perturbed_grid is None:
        raise ValueError("the grid of one side alone: give clean_grid and perturbed_grid, or neither.")
    return grids.where_same(compared, clean, perturbed, clean_grid, perturbed_grid, axis=axis)


def _told(edges: xr.DataArray) -> str:
    return "(" + ", ".join(f"{edge:.4g}" for edge in np.unique(edges.values)) + ")"


def _plane(image: Array, dims: Sequence[str] | Sequence[int]) -> list[int]:
    return [axis for axis in dims if isinstance(axis, int)] or ([-2, -1] if image.ndim == 2 else [-3, -2])
