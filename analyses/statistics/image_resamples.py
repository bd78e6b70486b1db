"""Numbers that many images make together, and what they would be had other images been drawn.

A condition's mIoU or hallucination rate is one number made from all images. Where such numbers are set against each
other, the images must be drawn again for all of them at once: `resampled` keeps the draws, so that differences,
ratios and correlations of them can be taken draw by draw. Source: Field & Welsh 2007; definitions, section 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import xarray as xr

from .. import labels
from .resampling import BOUNDS, Floats, Statistic, cluster_sums, moment_sums, percentiles, weighed

CELLS = 2**20
"""Numbers of the arrays that are read at once: 8 MB, of which moments are made."""


def resampled(
    statistic: Statistic, *arrays: xr.DataArray, image: str = "image", resamples: int = 2000, seed: int = 0
) -> xr.Dataset:
    """A statistic of all images, and of each set of images that the bootstrap draws.

    In: arrays (image, ...), or (sample, ...) with a coordinate `image`, labelled alike; statistic such as
    `statistics.mean` or `segmentation.summed_miou`. Out: Dataset estimate (...) and draws (draw, ...), in the unit of
    the statistic; what is left of the arrays' dimensions keeps their names and labels, in order. Undefined entries are left out
    of every draw; nan where none is defined. Arrays of files are read a few conditions at a time. Two of them from
    the same images and seed belong draw to draw, and arithmetic keeps that: `clean - degraded`. The coordinate `resampled_from` tells images and seed. The draws of a single
    image are nan. Raises ValueError where labels differ and where images have no names. Source: Field & Welsh 2007.

    >>> from analyses import statistics
    >>> rate = xr.DataArray([0.0, 1.0, 1.0], dims="image", coords={"image": ["a", "b", "c"]})
    >>> result = resampled(statistics.mean, rate, resamples=4)
    >>> round(float(result.estimate), 3), result.draws.sizes["draw"]
    (0.667, 4)
    """  # noqa: E501
    rows, names, codes = _images(arrays, image)
    first, *rest = labels.aligned(**{f"array {place}": array for place, array in enumerate(arrays)})
    first = first.transpose(rows, ...)
    others = [array.transpose(*(dim for dim in first.dims if dim in array.dims), ...) for array in rest]
    estimate, values = _by_conditions(statistic, [first, *others], codes, len(names), resamples, seed)
    if len(names) < 2:
        values = np.full_like(values, np.nan)
    dims = first.dims[1 : 1 + estimate.ndim]
    return xr.Dataset(
        {"estimate": (dims, estimate), "draws": (("draw", *dims), values)},
        coords={
            **{name: coord for name, coord in first.coords.items() if coord.dims and set(coord.dims) <= set(dims)},
            "resampled_from": f"{len(names)} images ({_fingerprint(names)}), seed {seed}",
        },
    )


def bounds(numbers: xr.Dataset, *, level: float = 0.95) -> xr.DataArray:
    """Estimate and percentile interval of numbers from `resampled`.

    In: Dataset estimate (...), draws (draw, ...), also after arithmetic. Out: (..., bound), bounds estimate, low and
    high, in the numbers' unit. Undefined draws are left out; low and high are nan where the estimate is.

    >>> made = xr.Dataset({"estimate": 1.0, "draws": ("draw", [0.0, 1.0, 2.0])})
    >>> bounds(made, level=0.5).values
    array([1. , 0.5, 1.5])
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a confidence level lies between 0 and 1, such as 0.95.")
    estimate = numbers["estimate"]
    values = percentiles(estimate.values, numbers["draws"].transpose("draw", *estimate.dims).values, level)
    coords = {name: coord for name, coord in estimate.coords.items() if name != "resampled_from"}
    return xr.DataArray(values, dims=(*estimate.dims, "bound"), coords={**coords, "bound": list(BOUNDS)})


def by_image(values: xr.DataArray, *, image: str = "image") -> xr.DataArray:
    """Each image's value: the mean over its samples that are defined.

    In: (sample, ...) with a coordinate `image` along the samples. Out: (image, ...), images in order of first
    appearance, in the values' unit; nan where no sample of the image is defined. Raises ValueError without coordinate.

    >>> rate = xr.DataArray([0.0, 1.0, 1.0], dims="sample", coords={"image": ("sample", ["b", "b", "a"])})
    >>> by_image(rate).to_series().to_dict()
    {'b': 0.5, 'a': 1.0}
    """
    rows, names, codes = _images((values,), image)
    ordered = values.transpose(rows, ...)
    entries = np.asarray(ordered, np.float64)
    defined = ~np.isnan(entries)
    count = cluster_sums(defined.astype(np.float64), codes, len(names))
    means = cluster_sums(np.where(defined, entries, 0.0), codes, len(names)) / np.where(count > 0, count, np.nan)
    appearance = np.argsort(np.unique(codes, return_index=True)[1])
    coords = {name: coord for name, coord in ordered.coords.items() if coord.dims and rows not in coord.dims}
    dims = (image, *ordered.dims[1:])
    return xr.DataArray(means[appearance], dims=dims, coords={**coords, image: names[appearance]})


def _by_conditions(
    statistic: Statistic, arrays: Sequence[xr.DataArray], codes: np.ndarray, images: int, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """Estimate (...) and draws (draw, ...), a few conditions at once: sums of all would be large."""
    if "condition" not in arrays[0].dims or not arrays[0].size:
        return _drawn(statistic, arrays, codes, images, resamples, seed)
    axis, count = arrays[0].dims.index("condition") - 1, arrays[0].sizes["condition"]
    few = max(1, 8 * CELLS * count // arrays[0].size)
    parts = [
        _drawn(
            statistic,
            [each.isel(condition=slice(at, at + few)) if "condition" in each.dims else each for each in arrays],
            *(codes, images, resamples, seed),
        )
        for at in range(0, count, few)
    ]
    estimates, draws = zip(*parts, strict=True)
    return np.concatenate(estimates, axis), np.concatenate(draws, axis + 1)


def _drawn(
    statistic: Statistic, arrays: Sequence[xr.DataArray], codes: np.ndarray, images: int, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    sums = moment_sums(statistic, arrays, codes, images, cells=CELLS)
    made, drawn = statistic.value(sums.sum(axis=0)), statistic.value(weighed(sums, resamples, seed))
    return np.asarray(made, np.float64), np.asarray(drawn, np.float64)


def _images(arrays: tuple[xr.DataArray, ...], image: str) -> tuple[str, np.ndarray, np.ndarray]:
    if not arrays or image not in arrays[0].coords or arrays[0][image].ndim != 1:
        raise ValueError(f"no names of images: the first array needs a coordinate {image!r} along its samples.")
    names, codes = np.unique(labels.texts(arrays[0][image].values), return_inverse=True)
    return str(arrays[0][image].dims[0]), names, codes.reshape(-1)


def _fingerprint(names: np.ndarray) -> str:
    return sha256("\n".join(names.tolist()).encode()).hexdigest()[:8]
