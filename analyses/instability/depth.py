"""At which depth of a model states first move as far as unrelated ones lie apart, per family of perturbations.

The measure is this project's own; definitions, section 9.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr

from .. import labels, pairs
from ..statistics import rates
from ..statistics.by_family import Grouping, Unions
from ..statistics.quantiles import quantiles
from ..statistics.reductions import MEAN
from ..statistics.resampling import BOUNDS, Floats, cluster_sums, mean, weighed
from .unchanged_answers import QUANTILE

REFERENCES = ("nearest", "mean")
"""What a drift has to pass: the nearest of unrelated pairs, then their mean distance."""


def where_first(
    drift: xr.DataArray,
    control: xr.DataArray,
    *,
    quantile: float = QUANTILE,
    family: Any = "family",
    image: Any = "image",
    unions: Unions | None = None,
    layer: str = "layer",
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """The first layer at which drift passes its control, per family of perturbations, with intervals by image.

    In: drift (sample, condition, layer), control (sample, layer, pair) from `drift.control_pairs`; `family`, `image`
    and `unions` as `statistics.by_family`. Out: Dataset, layers ascending: first_layer (family, reference, bound), the
    shallowest layer at which the mean drift exceeds the `quantile` of the control ("nearest") or its mean ("mean"),
    with a percentile interval when images are drawn again, for drift and control at once; infinite where no layer is
    passed, so that an interval may end there. passed (family, reference, layer, bound), the share of images whose own
    mean drift exceeds the same at a layer, with Wilson's interval. nan where no drift or control is defined, and
    intervals of a single image. Raises ValueError without a layer dimension, and where labels differ.

    >>> dims, depth = ("sample", "condition", "layer"), {"layer": [0, 8, 16]}
    >>> drift = xr.DataArray(np.full((40, 1, 3), [0.1, 0.5, 0.7]), dims=dims, coords=depth)
    >>> control = xr.DataArray(np.full((40, 3, 1), 0.4), dims=("sample", "layer", "pair"), coords=depth)
    >>> result = where_first(drift, control, family=["blur"], image=range(40))
    >>> result.first_layer.sel(family="blur", reference="mean").values
    array([8., 8., 8.])
    """
    moved, others = _checked(drift, control, layer)
    grouping = Grouping.of(moved, family, unions)
    names, codes = np.unique(labels.along(moved, image, "image labels"), return_inverse=True)
    codes = codes.reshape(-1)
    each = (moved.isel({layer: [place]}).values.astype(np.float64) for place in range(moved.sizes[layer]))
    layers = [MEAN.collapse(grouping.holds, one).arrays[0] for one in each]
    collapsed = np.concatenate(layers, axis=1)  # (sample, layer, family)
    drifts = cluster_sums(mean.moments(collapsed), codes, len(names))  # (image, layer, family, 2)
    limits, limits_drawn = _references(
        others.values, codes, len(names), quantile, resamples, seed
    )  # (layer, reference)
    estimate = _first(_value(drifts.sum(axis=0)), limits)
    drawn = _first(_value(weighed(drifts, resamples, seed)), limits_drawn)
    numbers = moved[layer].values.astype(np.float64)
    first = _layers(estimate, drawn if len(names) > 1 else drawn[:0], numbers, level)
    table = xr.Dataset(
        {
            "first_layer": (("family", "reference", "bound"), first),
            "passed": ((layer, "family", "reference", "bound"), _passed(_value(drifts), limits, level)),
        },
        coords={
            "family": list(grouping.places),
            "reference": list(REFERENCES),
            "bound": list(BOUNDS),
            layer: moved[layer].values,
        },
        attrs={"unions": grouping.unions, "quantile": quantile},
    )
    return table.transpose("family", "reference", layer, "bound")


def _checked(drift: xr.DataArray, control: xr.DataArray, layer: str) -> tuple[xr.DataArray, xr.DataArray]:
    # (sample, condition, layer) and (sample, layer, pair), layers ascending
    if layer not in drift.dims or layer not in drift.coords:
        raise ValueError(f"drift has dimensions {drift.dims} and no labels of {layer!r}. Name yours with `layer=`.")
    rows = pairs.dims_of(drift)[0]
    if set(control.dims) != {rows, layer, "pair"} or set(drift.dims) != {rows, pairs.CONDITION, layer}:
        raise ValueError(
            f"drift has {drift.dims} and control {control.dims}: pass ({rows}, condition, {layer}) and "
            f"({rows}, {layer}, pair)."
        )
    moved, others = labels.aligned(drift=drift.sortby(layer), control=control.sortby(layer))
    return moved.transpose(rows, pairs.CONDITION, layer), others.transpose(rows, layer, "pair")


def _passed(own: Floats, limits: Floats, level: float) -> Floats:
    # (image, layer, family), (layer, reference) -> (layer, family, reference, bound)
    known = ~(np.isnan(own)[..., None] | np.isnan(limits)[:, None, :])
    passed = (own[..., None] > limits[:, None, :]) & known
    return np.stack(rates.of_clusters(passed.astype(np.float64), known.astype(np.float64), level=level), axis=-1)


def _value(sums: Floats) -> Floats:
    return mean.value(sums)


def _references(
    control: Floats, codes: Any, images: int, quantile: float, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    # (sample, layer, pair) -> (layer, reference), (draw, layer, reference)
    layers = control.shape[1]
    per_pair = np.repeat(codes, control.shape[2])
    nearest = [
        quantiles(control[:, place].reshape(-1), per_pair, images, np.array([quantile]), resamples=resamples, seed=seed)
        for place in range(layers)
    ]
    averaged = labels.mean(xr.DataArray(control, dims=("sample", "layer", "pair")), "pair").values
    sums = cluster_sums(mean.moments(averaged), codes, images)  # (image, layer, 2)
    means, means_drawn = _value(sums.sum(axis=0)), _value(weighed(sums, resamples, seed))
    estimate = np.stack([np.array([each.estimate[0] for each in nearest]), means], axis=-1)
    drawn = np.stack([np.stack([each.drawn[:, 0] for each in nearest], axis=-1), means_drawn], axis=-1)
    return estimate, drawn


def _first(drift: Floats, limits: Floats) -> Floats:
    """The place of the first layer that is passed, (..., layer, family), (..., layer, reference) -> (..., family, ref).

    Infinite where none is, nan where nothing is defined.
    """
    known = ~(np.isnan(drift)[..., :, :, None] | np.isnan(limits)[..., :, None, :])
    passed = drift[..., :, :, None] > limits[..., :, None, :]
    place = np.where(passed.any(axis=-3), passed.argmax(axis=-3), np.inf)
    return np.where(known.any(axis=-3), place, np.nan)


def _layers(estimate: Floats, drawn: Floats, numbers: Floats, level: float) -> Floats:
    """(family, reference, bound) of places as layers; quantiles that are places themselves, so that none is between."""
    bounds = np.full((*estimate.shape, len(BOUNDS)), np.nan)
    bounds[..., 0] = estimate
    orders = [(1 - level) / 2, (1 + level) / 2]
    for place in np.ndindex(estimate.shape):
        defined = drawn[(slice(None), *place)][~np.isnan(drawn[(slice(None), *place)])]
        if len(defined) and not np.isnan(estimate[place]):
            bounds[place][1:] = np.quantile(defined, orders, method="inverted_cdf")
    whole = np.isfinite(bounds)
    return np.where(whole, numbers[np.where(whole, bounds, 0).astype(np.intp)], bounds)
