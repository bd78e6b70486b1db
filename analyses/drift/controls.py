"""Control drift: how far unrelated clean states lie apart, and drift on that scale.

Source: Wani et al. 2026; definitions, section 5.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import control_sampling, kernels, labels
from ..labels import Array

CELLS = 2**20
"""Numbers of representations that are compared at once, where they have to be gathered: 4 MB a side."""

ROUNDING = 1e-12
"""The share of its parts below which a difference of float64 sums is rounding."""


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
    """Mean distance of each clean representation to those of `pairs` unrelated samples: the scale of drift.

    In: (sample or image, ..., dim), as `control_pairs`. Out: the same without `dim`, in the metric's unit and range,
    with a coordinate `pairs` that counts the other samples drawn for each and attributes that say how they were drawn.
    Those whose representation is undefined are left out of the mean; nan where none remains or the sample's own
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
    drawn: NDArray[np.int64] | None = None,
) -> Array:
    """Distance of each clean representation to each of `pairs` unrelated ones, unaveraged.

    In: (sample or image, ..., dim); samples need a coordinate `image`, and for the samplings that name a prompt one of
    `prompt` or `question`. Rows of a bare array are images of their own. Out: the same without `dim`, with `pair`, in
    the metric's unit and range; nan where there are fewer unrelated samples than `pairs`, or either is undefined. The
    coordinate `other` (sample, pair) names the other of each pair, None where there is none.
    Samplings: "other_sample" (another image, any question), "other_image_same_prompt" (another image, same prompt),
    "same_image_other_prompt". The others are drawn without replacement by `seed` and the samples' ids, so that they do
    not depend on the samples' order; `drawn` are those of
    `control_sampling.draw_for`, where they are known. Raises ValueError for an unknown metric or sampling and a missing
    coordinate.

    >>> import numpy as np
    >>> control_pairs(np.array([[1.0, 0.0], [0.0, 1.0]]), pairs=2)   # one other each
    array([[ 1., nan],
           [ 1., nan]])
    """
    if not isinstance(clean, xr.DataArray):
        wrapped = _rows_as_images(clean, dim)
        return control_pairs(wrapped, metric=metric, pairs=pairs, sampling=sampling, seed=seed).values
    if metric not in kernels.METRICS:
        raise ValueError(f"metric={metric!r}: unknown. Choose one of {', '.join(kernels.METRICS)}.")
    rows = control_sampling.sample_dim_of(clean, sample_dim)
    if drawn is None:
        drawn = control_sampling.draw_for(clean, sampling=sampling, pairs=pairs, seed=seed, sample_dim=rows)
    result = labels.apply(
        lambda states: _paired(metric, states, drawn), clean, core=[[rows, dim]], out={rows: len(drawn), "pair": pairs}
    )
    counts = (drawn >= 0).sum(axis=1)
    along = {name: coord for name, coord in clean.coords.items() if rows in coord.dims and str(dim) not in coord.dims}
    fewest = int(counts.min(initial=pairs))
    attrs = {"metric": metric, "sampling": sampling, "pairs": pairs, "fewest_pairs": fewest, "seed": seed}
    order = [*(name for name in clean.dims if name != dim), "pair"]
    ids = clean[rows].values if rows in clean.coords else np.arange(len(drawn))
    others = np.array([*np.asarray(ids).tolist(), None], object)[drawn]  # -1: nobody
    along |= {"pairs": (rows, counts), "other": ((rows, "pair"), others)}
    return result.transpose(*order).assign_coords(along).assign_attrs(attrs)


def relative(drift: Array, control: Array, *, sample_dim: str = "auto") -> xr.Dataset:
    """Drift over its control, reduced over samples: a share in percent and a standardised difference.

    percent = 100 mean(drift) / mean(control); percent_sd = 100 sd(drift) / mean(control); cohen_d = (mean(drift) -
    mean(control)) / pooled sd, all sd with ddof = 1, all over the samples that have both; a negative d means that drift
    is smaller than control.
    In: drift (sample, ...), control (sample, ...) from `control`, or (sample, ..., pair) from `control_pairs`, whose
    pairs then enter the spread unaveraged. Out: Dataset percent [%], percent_sd [%], cohen_d [sd], and the counts
    `defined` and `undefined` of samples that went in and that were left out for want of drift or control. nan where
    mean(control) or the pooled sd is 0 or undefined. Raises ValueError where labels differ. Intervals: `statistics`.
    Source: Wani et al. 2026; Cohen 1988.

    >>> import numpy as np
    >>> result = relative(np.array([0.1, 0.3]), np.array([0.7, 0.9]))
    >>> float(result.percent), round(float(result.cohen_d), 3)   # 100 * 0.2/0.8; (0.2-0.8)/0.1414
    (25.0, -4.243)
    """
    if not labels.labelled(drift=drift, control=control):
        drift, control = _rows(drift), _rows(control)
    moved, apart = labels.aligned(drift=drift, control=control)
    labels.require_dims("drift", moved, "control", apart)
    # what the control was selected by (condition="clean") says nothing about the drift
    apart = apart.drop_vars([name for name, coord in apart.coords.items() if coord.ndim == 0])
    rows = control_sampling.sample_dim_of(moved, sample_dim)
    apart = apart if "pair" in apart.dims else apart.expand_dims("pair")
    kept = {
        name: coord for name, coord in {**apart.coords, **moved.coords}.items() if not {rows, "pair"} & {*coord.dims}
    }
    # labels were compared: without them the rest takes a third of the time
    moved, apart = (array.drop_vars(list(array.coords)) for array in (moved, apart))
    both = moved.notnull() & apart.notnull().any("pair")
    count, mean, scatter = _moments(moved.where(both).expand_dims("pair"), both, rows)
    control_count, control_mean, control_scatter = _moments(apart, both, rows)
    scale = 100.0 / control_mean.where(control_mean > 0)
    freedom = count + control_count - 2
    pooled = ((scatter + control_scatter) / freedom.where(freedom > 0)) ** 0.5
    return (
        xr.Dataset(
            {
                "percent": mean * scale,
                "percent_sd": (scatter / (count - 1).where(count > 1)) ** 0.5 * scale,
                "cohen_d": (mean - control_mean) / pooled.where(pooled > 0),
                "defined": count,
                "undefined": (~both).sum(rows),
            }
        )
        .assign_coords(kept)
        .drop_attrs(deep=True)
    )


def _paired(metric: str, states: Any, drawn: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
    # (..., sample, feature) -> (..., sample, pair), some rows at a time: all could hold `pairs` copies
    states = np.asarray(states)
    lead, features = states.shape[:-2], states.shape[-1]
    found = np.full((*lead, *drawn.shape), np.nan, np.result_type(states.dtype, np.float32))
    rows, pairs = np.nonzero(drawn >= 0)
    step = max(1, CELLS // max(1, features))
    for place in np.ndindex(lead):
        for start in range(0, len(rows), step):
            row, pair = rows[start : start + step], pairs[start : start + step]
            found[place][row, pair] = kernels.drift_between(metric, states[place], row, drawn[row, pair])
    return found


def _moments(array: xr.DataArray, chosen: xr.DataArray, rows: str) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Count, mean and sum of squares about the mean, over the pairs of the chosen rows.

    Each row's pairs are summed first: an array of all pairs by all that `chosen` differs in would be large.
    """
    values = array.astype(np.float64)
    middle = values.mean()  # squares about it do not cancel
    known, away = values.notnull().sum("pair"), values - middle
    total, squares = away.sum("pair", skipna=True), (away**2).sum("pair", skipna=True)
    count, shift, square = (part.where(chosen, 0).sum(rows) for part in (known, total, squares))
    mean = shift / count.where(count > 0)
    centre, scatter = mean + middle, square - count * mean**2
    # what is left of equal numbers is rounding: neither a distance nor a spread
    centre = xr.where(abs(centre) <= ROUNDING * abs(middle), 0.0, centre)
    return count, centre, xr.where(scatter <= ROUNDING * square, 0.0, scatter)


def _rows(array: Any, *names: str) -> xr.DataArray:
    values = np.asarray(array)
    extra = [*names, *(f"axis_{axis}" for axis in range(1 + len(names), values.ndim))]
    return xr.DataArray(values, dims=["sample", *extra[: values.ndim - 1]])


def _rows_as_images(array: Any, dim: str | int) -> xr.DataArray:
    values = labels.axis_last(np.asarray(array), dim)
    middle = [f"axis_{axis}" for axis in range(1, values.ndim - 1)]
    return xr.DataArray(values, dims=["image", *middle, "feature"])
