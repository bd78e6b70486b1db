"""Drift: how far a representation moves when its image is perturbed, and how far that is.

`cosine` and `euclidean` measure it per sample, `tokens` per vision token; `control` measures the same distance between
unrelated samples, the yardstick; `relative` puts one over the other. Source: Wani et al. 2026; definitions, section 5.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from typing import Any

import numpy as np
import xarray as xr

from . import kernels, labels, papers, partners
from .cards import Card
from .labels import Array
from .token_drift import tokens

__all__ = ["CARDS", "by_family", "control", "control_pairs", "cosine", "euclidean", "relative", "tokens"]

CARDS = (
    Card(
        "drift.cosine",
        "How far does the representation turn when the image is perturbed?",
        "1 - cosine",
        "[0, 2]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card("drift.euclidean", "How far does the representation move, its length included?", "state units", "[0, inf)"),
    Card(
        "drift.control",
        "How far apart are the representations of unrelated inputs?",
        "as its metric",
        "as its metric",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "drift.control_pairs",
        "How widely do the distances between unrelated inputs spread, before they are averaged?",
        "as its metric",
        "as its metric",
    ),
    Card(
        "drift.relative",
        "Does a perturbation move the state as far as another input would?",
        "% of control; Cohen's d in standard deviations",
        "[0, inf); (-inf, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
    Card("drift.tokens", "Where on the picture does the representation move?", "as its metric", "as its metric"),
)


def cosine(clean: Array, perturbed: Array, *, dim: str | int = "feature") -> Array:
    """Angle drift of each representation: 1 - cos(clean, perturbed).

    In: (..., dim) twice; `perturbed` may have a `condition` dimension that `clean` lacks. Out: the same without `dim`,
    unitless in [0, 2]; 0 means unmoved, 1 orthogonal, 2 reversed. nan where either vector is zero or not finite.
    For bare arrays `dim` is an axis (a name means the last one). Raises ValueError where labels differ.
    Source: Wani et al. 2026, embedding stability.

    >>> import numpy as np
    >>> cosine(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])).round(4)   # 1 - 1/sqrt(2)
    array([0.2929])
    """
    return _distance("cosine", clean, perturbed, dim)


def euclidean(clean: Array, perturbed: Array, *, dim: str | int = "feature") -> Array:
    """Length of the move of each representation: |perturbed - clean|.

    In: (..., dim) twice; `perturbed` may have a `condition` dimension that `clean` lacks. Out: the same without `dim`,
    in the state's own units, [0, inf); 0 means unmoved. nan where either vector is zero or not finite.
    For bare arrays `dim` is an axis (a name means the last one). Raises ValueError where labels differ.

    >>> import numpy as np
    >>> euclidean(np.array([[1.0, 1.0]]), np.array([[4.0, 5.0]]))   # sqrt(3^2 + 4^2)
    array([5.])
    """
    return _distance("euclidean", clean, perturbed, dim)


def control(
    clean: Array,
    *,
    metric: str = "cosine",
    pairs: int = 25,
    sampling: str = "other_sample",
    seed: int = 0,
    dim: str | int = "feature",
    sample_dim: str = "auto",
) -> Array:
    """Mean distance of each clean representation to those of `pairs` unrelated samples: the yardstick of drift.

    In: (sample or image, ..., dim), as `control_pairs`. Out: the same without `dim`, in the metric's unit and range,
    with a coordinate `pairs` that counts the partners of each sample and attributes that say how they were drawn.
    Partners whose representation is undefined are left out of the mean; nan where none remains or the sample's own
    representation is undefined. Averaging narrows the spread, so Cohen's d against it comes out larger than against
    `control_pairs`. Source: Wani et al. 2026, control drift.

    >>> import numpy as np
    >>> control(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]]), pairs=2)   # a: (1+1)/2, b and c: (1+0)/2
    array([1. , 0.5, 0.5])
    """
    if not isinstance(clean, xr.DataArray):
        return control(_rows_as_images(clean, dim), metric=metric, pairs=pairs, sampling=sampling, seed=seed).values
    unaveraged = control_pairs(
        clean, metric=metric, pairs=pairs, sampling=sampling, seed=seed, dim=dim, sample_dim=sample_dim
    )
    return labels.mean(unaveraged, "pair").assign_attrs(unaveraged.attrs)


def control_pairs(
    clean: Array,
    *,
    metric: str = "cosine",
    pairs: int = 25,
    sampling: str = "other_sample",
    seed: int = 0,
    dim: str | int = "feature",
    sample_dim: str = "auto",
) -> Array:
    """Distance of each clean representation to each of `pairs` unrelated ones, unaveraged.

    In: (sample or image, ..., dim); samples need a coordinate `image`, and for the samplings that name a prompt one of
    `prompt` or `question`. Rows of a bare array are images of their own. Out: the same without `dim`, with `pair`, in
    the metric's unit and range; nan where there are fewer unrelated samples than `pairs`, or either is undefined.
    Samplings: "other_sample" (another image, any question), "other_image_same_prompt" (another image, same prompt),
    "same_image_other_prompt". Partners are drawn without replacement by `seed` and the samples' ids, so that they do
    not depend on the samples' order. Raises ValueError for an unknown metric or sampling and a missing coordinate.

    >>> import numpy as np
    >>> control_pairs(np.array([[1.0, 0.0], [0.0, 1.0]]), pairs=2)   # one partner each
    array([[ 1., nan],
           [ 1., nan]])
    """
    if not isinstance(clean, xr.DataArray):
        wrapped = _rows_as_images(clean, dim)
        return control_pairs(wrapped, metric=metric, pairs=pairs, sampling=sampling, seed=seed).values
    if metric not in kernels.METRICS:
        raise ValueError(f"metric={metric!r}: unknown. Choose one of {', '.join(kernels.METRICS)}.")
    rows = partners.sample_dim_of(clean, sample_dim)
    drawn = partners.draw_for(clean, sampling=sampling, pairs=pairs, seed=seed, sample_dim=rows)
    result = labels.apply(
        lambda states: _paired(metric, states, drawn), clean, core=[[rows, dim]], out={rows: len(drawn), "pair": pairs}
    )
    counts = (drawn >= 0).sum(axis=1)
    along = {name: coord for name, coord in clean.coords.items() if rows in coord.dims and str(dim) not in coord.dims}
    fewest = int(counts.min(initial=pairs))
    attrs = {"metric": metric, "sampling": sampling, "pairs": pairs, "fewest_pairs": fewest, "seed": seed}
    order = [*(name for name in clean.dims if name != dim), "pair"]
    return result.transpose(*order).assign_coords({**along, "pairs": (rows, counts)}).assign_attrs(attrs)


def relative(drift: Array, control: Array, *, sample_dim: str = "auto") -> xr.Dataset:
    """Drift over its control, reduced over samples: a share in percent and a standardised difference.

    percent = 100 mean(drift) / mean(control); percent_sd = 100 sd(drift) / mean(control); cohen_d = (mean(drift) -
    mean(control)) / pooled sd, all sd with ddof = 1; a negative d means that drift is smaller than control.
    In: drift (sample, ...), control (sample, ...) from `control`, or (sample, ..., pair) from `control_pairs`, whose
    pairs then enter the spread unaveraged. Out: Dataset percent [%], percent_sd [%], cohen_d [sd], and the counts
    `defined` and `undefined` of drifts that went in and that were left out as nan. nan where mean(control) or the
    pooled sd is 0 or undefined. Raises ValueError where labels differ. Intervals: `summary`.
    Source: Wani et al. 2026; Cohen 1988.

    >>> import numpy as np
    >>> result = relative(np.array([0.1, 0.3]), np.array([0.7, 0.9]))
    >>> float(result.percent), round(float(result.cohen_d), 3)   # 100 * 0.2/0.8; (0.2-0.8)/0.1414
    (25.0, -4.243)
    """
    if not labels.labelled(drift=drift, control=control):
        drift, control = _rows(drift), _rows(control)
    moved, yardstick = labels.aligned(drift=drift, control=control)
    labels.require_dims("drift", moved, "control", yardstick)
    # what the control was selected by (condition="clean") says nothing about the drift
    yardstick = yardstick.drop_vars([name for name, coord in yardstick.coords.items() if coord.ndim == 0])
    rows = partners.sample_dim_of(moved, sample_dim)
    over = [rows, "pair"] if "pair" in yardstick.dims else [rows]
    count, mean, variance = _moments(moved, [rows])
    control_count, control_mean, control_variance = _moments(yardstick, over)
    yard = 100.0 / control_mean.where(control_mean > 0)
    freedom = count + control_count - 2
    scatter = (count - 1) * variance + (control_count - 1) * control_variance
    pooled = (scatter / freedom.where(freedom > 0)) ** 0.5
    return xr.Dataset(
        {
            "percent": mean * yard,
            "percent_sd": variance**0.5 * yard,
            "cohen_d": (mean - control_mean) / pooled.where(pooled > 0),
            "defined": count,
            "undefined": moved.isnull().sum(rows),
        }
    )


def by_family(drift: Array, *, family: Any = "family", condition: str = "condition") -> xr.DataArray:
    """Each sample's drift under a family: the mean over the family's defined conditions.

    In: (sample, condition, ...), with the family of each condition as a coordinate or a list. Out: (sample, family,
    ...), families in order of first appearance; unit and range as the drift. nan where no condition is defined.
    Source: Wani et al. 2026.

    >>> import numpy as np
    >>> by_family(np.array([[0.1, 0.3, 0.5]]), family=["shift", "shift", "blur"]).values
    array([[0.2, 0.5]])
    """
    array = drift if isinstance(drift, xr.DataArray) else _rows(drift, condition)
    groups = labels.families(array, family, condition)
    means = [labels.mean(array.isel({condition: places}), condition) for places in groups.values()]
    dims = ["family" if dim == condition else dim for dim in array.dims]
    return xr.concat(means, xr.IndexVariable("family", list(groups))).transpose(*dims)


def _distance(metric: str, clean: Array, perturbed: Array, dim: str | int) -> Array:
    kernel = kernels.METRICS[metric]
    if not labels.labelled(clean=clean, perturbed=perturbed):
        labels.require_same_shape(clean=clean, perturbed=perturbed)
        return kernel(labels.axis_last(clean, dim), labels.axis_last(perturbed, dim))
    clean, perturbed = labels.aligned(clean=clean, perturbed=perturbed)
    labels.require_dims("clean", clean, "perturbed", perturbed)
    result = labels.apply(kernel, clean, perturbed, core=[[dim], [dim]])
    order = [name for name in perturbed.dims if name in result.dims]
    return result.transpose(*order, ...)


def _paired(metric: str, states: Any, drawn: Any) -> Any:
    # (..., sample, feature) -> (..., sample, pair), one column at a time: all at once would hold `pairs` copies
    columns: list[Any] = []
    for partner in drawn.T:
        distance = kernels.METRICS[metric](states, states[..., np.maximum(partner, 0), :])
        columns.append(np.where(partner >= 0, distance, np.nan).astype(distance.dtype))
    return np.stack(columns, axis=-1)


def _moments(array: xr.DataArray, dims: list[str]) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    count = array.notnull().sum(dims)
    mean = labels.mean(array, dims)
    variance = ((array.astype(np.float64) - mean) ** 2).sum(dims, skipna=True) / (count - 1).where(count > 1)
    return count, mean, variance


def _rows(array: Any, *names: str) -> xr.DataArray:
    values = np.asarray(array)
    extra = [*names, *(f"axis_{axis}" for axis in range(1 + len(names), values.ndim))]
    return xr.DataArray(values, dims=["sample", *extra[: values.ndim - 1]])


def _rows_as_images(array: Any, dim: str | int) -> xr.DataArray:
    values = labels.axis_last(np.asarray(array), dim)
    middle = [f"axis_{axis}" for axis in range(1, values.ndim - 1)]
    return xr.DataArray(values, dims=["image", *middle, "feature"])
