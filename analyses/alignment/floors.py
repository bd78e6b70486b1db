"""Floors of alignment: what two representations share because samples share questions and answers.

Definitions, section 13.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates and of `astype` open.

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import control_sampling, labels
from ..labels import Array
from ..statistics.reductions import MEAN, Reduction
from ..statistics.resampling import Floats, Statistic, mean
from . import pairing
from .measures import CLIP, cka, neighbour_overlap
from .shuffling import shuffled

SHUFFLES = 10
"""How often images are shuffled for a floor; its mean is then off by about a third of one shuffle's scatter."""


def neighbour_floor(
    states: xr.DataArray,
    *,
    within: Any,
    image: Any = "image",
    k: int = 10,
    quantile: float = CLIP,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    dim: str = "feature",
    sample_dim: str = "auto",
) -> xr.DataArray:
    """The overlap of a sample's neighbours that is left when images are shuffled within question and answer.

    The mean over `shuffles` of `neighbour_overlap` of the states with the same states, each sample holding that of
    another image with the same `within`. In: DataArray (sample or image, ..., dim), such as the clean states; `within`
    is what images are shuffled in, such as question and clean choice in one text, and `image` the image, each as the
    name of a coordinate or as a list. Out: without `dim`, a share in [0, 1]. nan for a sample whose image is the only
    one within its stratum, and as `neighbour_overlap`. Depends on the seed and on names, not on order. Raises
    ValueError as `neighbour_overlap`. Source: this project; definitions, section 13.

    >>> states = xr.DataArray(np.eye(4), dims=("image", "feature"), coords={"image": list("abcd")})
    >>> neighbour_floor(states, within=["one"] * 4, k=3).values   # all others are among the three nearest
    array([1., 1., 1., 1.])
    """
    overlaps: list[xr.DataArray] = []
    rows = control_sampling.sample_dim_of(states, sample_dim)
    for taken in _shuffles(states, rows, within, image, shuffles, seed):
        own = np.where(taken < 0, np.arange(len(taken)), taken)
        overlap = neighbour_overlap(
            states, _holding(states, rows, own, states), k=k, quantile=quantile, dim=dim, sample_dim=rows
        )
        overlaps.append(overlap.where(xr.DataArray(taken >= 0, dims=rows)))
    return labels.mean(xr.concat(overlaps, "shuffle"), "shuffle")


def cka_floor(
    states: xr.DataArray,
    *,
    within: Any,
    image: Any = "image",
    unbiased: bool = False,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    dim: str = "feature",
    sample_dim: str = "auto",
) -> xr.DataArray:
    """The linear CKA that is left when images are shuffled within question and answer.

    As `neighbour_floor`: the mean over `shuffles` of `cka` of the states with the shuffled ones. Samples whose image is
    the only one within its stratum are left out. nan where no sample is left to shuffle, and as `cka`.

    >>> states = xr.DataArray([[1.0], [2.0], [9.0], [8.0]], dims=("image", "feature"), coords={"image": list("abcd")})
    >>> cka_floor(states, within=["near", "near", "far", "far"]).round(3).item()   # what near and far alone give
    0.922
    """
    values: list[xr.DataArray] = [
        cka(x, y, unbiased=unbiased, dim=dim, sample_dim=sample_dim).drop_vars(["defined", "undefined"])
        for x, y, _ in _shuffled_pairs(states, within, image, shuffles, seed, sample_dim)
    ]
    if not values:
        return _nowhere(states, dim, sample_dim)
    return labels.mean(xr.concat(values, "shuffle"), "shuffle")


def cka_floor_left_out(
    states: xr.DataArray,
    *,
    within: Any,
    image: Any = "image",
    unbiased: bool = False,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    dim: str = "feature",
    sample_dim: str = "auto",
) -> xr.DataArray:
    """`cka_floor` without each image in turn: without the samples that show it or hold its state.

    In, nan, errors: as `cka_floor`. Out: the same with a dimension `left_out`, the images by name in order.

    >>> states = xr.DataArray([[1.0], [2.0], [9.0], [8.0]], dims=("image", "feature"), coords={"image": list("abcd")})
    >>> cka_floor_left_out(states, within=["near", "near", "far", "far"]).round(3).values   # two points lie on a line
    array([1., 1., 1., 1.])
    """
    both = cka_floors(states, within=within, image=image, shuffles=shuffles, seed=seed, dim=dim, sample_dim=sample_dim)
    return both.without.sel(unbiased=unbiased, drop=True)


def cka_floors(
    states: xr.DataArray,
    *,
    within: Any,
    image: Any = "image",
    shuffles: int = SHUFFLES,
    seed: int = 0,
    dim: str = "feature",
    sample_dim: str = "auto",
) -> xr.Dataset:
    """`cka_floor` and `cka_floor_left_out`, unbiased and biased, from one look at the shuffled states.

    In, nan, errors: as `cka_floor`. Out: Dataset whole (unbiased, ...) and without (unbiased, ..., left_out).

    >>> states = xr.DataArray([[1.0], [2.0], [9.0], [8.0]], dims=("image", "feature"), coords={"image": list("abcd")})
    >>> cka_floors(states, within=["near", "near", "far", "far"]).whole.sel(unbiased=False).round(3).item()
    0.922
    """
    rows = control_sampling.sample_dim_of(states, sample_dim)
    images = labels.along(states, image, "names of image", rows=rows)
    names = np.unique(images)
    values: list[xr.Dataset] = []
    for x, y, (shown, held) in _shuffled_pairs(states, within, image, shuffles, seed, sample_dim):
        first, second, core = pairing.paired(dim, sample_dim, x=x, y=y)
        blocks = [np.flatnonzero((shown == name) | (held == name)) for name in names]
        values.append(pairing.all_left_out(first, second, core, blocks, names))
    if not values:
        floor = _nowhere(states, dim, sample_dim).expand_dims(unbiased=list(pairing.WAYS))
        left_out = floor.expand_dims(left_out=names).transpose("unbiased", ..., "left_out")
        return xr.Dataset({"whole": floor, "without": left_out})
    return xr.concat(values, "shuffle").map(labels.mean, dim="shuffle")


def _nowhere(states: xr.DataArray, dim: str, sample_dim: str) -> xr.DataArray:
    return states.isel({dim: 0, control_sampling.sample_dim_of(states, sample_dim): 0}, drop=True) * np.nan


def above_floor(value: Array, floor: Array) -> Array:
    """How far a value lies between its floor and 1: (value - floor) / (1 - floor).

    0 at the floor, 1 at 1, below 0 under the floor. In: two arrays, labelled alike, or numbers. nan where the floor is
    1, which leaves nothing open. Source: this project; definitions, section 13.

    >>> round(float(above_floor(0.5, 0.2)), 3)   # 0.3 of 0.8
    0.375
    """
    left = 1.0 - floor
    left = left.where(left > 0) if isinstance(left, xr.DataArray) else np.where(left > 0, left, np.nan)
    return (value - floor) / left


def _kept_moments(value: Floats, floor: Floats) -> Floats:
    floor = np.broadcast_to(floor.reshape(floor.shape + (1,) * (value.ndim - floor.ndim)), value.shape)
    return np.concatenate([mean.moments(value), mean.moments(floor)], axis=-1)


def _kept(sums: Floats) -> Floats:
    value, floor = mean.value(sums[..., :2]), mean.value(sums[..., 2:])
    return (value - floor) / np.where(floor < 1, 1 - floor, np.nan)


ABOVE_FLOOR = Reduction(MEAN.collapse, Statistic("above_floor", _kept_moments, _kept))
"""Of a value (sample, condition, ...) and its floor (sample): `above_floor` of their means over samples."""


def _shuffled_pairs(
    states: xr.DataArray, within: Any, image: Any, shuffles: int, seed: int, sample_dim: str
) -> Iterator[tuple[xr.DataArray, xr.DataArray, tuple[Any, Any]]]:
    # states of the samples that can be shuffled, what they hold instead, and the images of both
    rows = control_sampling.sample_dim_of(states, sample_dim)
    images = labels.along(states, image, "names of image", rows=rows)
    for taken in _shuffles(states, rows, within, image, shuffles, seed):
        moved = np.flatnonzero(taken >= 0)
        if len(moved):
            own = states.isel({rows: moved})
            yield own, _holding(states, rows, taken[moved], own), (images[moved], images[taken[moved]])


def _shuffles(
    states: xr.DataArray, rows: str, within: Any, image: Any, shuffles: int, seed: int
) -> Iterator[NDArray[np.int64]]:
    if shuffles < 1:
        raise ValueError(f"shuffles={shuffles}: a floor needs at least 1.")
    images = labels.along(states, image, "names of image", rows=rows)
    strata = labels.along(states, within, "names of stratum", rows=rows)
    ids = states[rows].values if rows in states.coords else np.arange(len(images))
    for number in range(shuffles):
        yield shuffled(ids, images, strata, seed=seed, number=number)


def _holding(states: xr.DataArray, rows: str, taken: NDArray[np.int64], like: xr.DataArray) -> xr.DataArray:
    # the states of other samples under the names of those that hold them
    held = states.isel({rows: taken}).reset_coords(drop=True)
    return held.assign_coords({rows: like[rows]}) if rows in like.coords else held
