"""Correlation coefficients with their intervals and permutation tests.

Along conditions the clean one is left out (`units`).

Source: Cheng, section 3.6; definitions, sections 14 and 15.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array
from ..statistics.resampling import BOUNDS
from . import pairwise
from .units import perturbed


def pearson(x: Array, y: Array, *, dim: str | int = "condition") -> Array:
    """Product-moment correlation along one dimension: cov(x, y) / (sd(x) sd(y)).

    In: x and y (..., dim) with the same labels. Out: without `dim`, in [-1, 1]. What is "clean" along `dim`, by a
    coordinate `condition` or `family` of x or y, is left out: a drop is 0 there by construction, and the point (0, 0)
    would make any two drops correlate. Pairs with an undefined side are left out; the coordinate `n` counts those that
    remain. nan below three pairs and where a side does not vary. For bare arrays `dim` is an axis (a name means the
    last one) and every pair counts. Raises ValueError where labels differ. Source: Cheng, section 3.6.

    >>> round(float(pearson(np.array([1.0, 2.0, 3.0]), np.array([0.0, 3.0, 3.0]))), 4)   # 3 / sqrt(2 * 6)
    0.866
    """
    return _counted("pearson", x, y, dim)


def spearman(x: Array, y: Array, *, dim: str | int = "condition") -> Array:
    """Rank correlation along one dimension: the Pearson correlation of the ranks, equal values sharing their mean rank.

    In, out, clean, nan and errors: as `pearson`; ranks are taken among the defined pairs. 1 where y grows whenever x
    does. Source: Cheng, section 3.6.

    >>> round(float(spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 11.0]))), 4)
    1.0
    """
    return _counted("spearman", x, y, dim)


def interval(
    x: Array,
    y: Array,
    *,
    dim: str | int = "condition",
    cluster: Any = None,
    method: str = "pearson",
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Array:
    """A correlation and its interval when whole clusters of pairs are drawn again.

    In: as `pearson`; `cluster` the image of each pair, as labels or the name of a coordinate along `dim`. Without it
    each pair is drawn for itself, so that the unit is `dim`: right for one pair an image, or for conditions. Out: (...,
    bound), bounds estimate, low, high in [-1, 1], and the coordinate `n`. Low and high are percentiles of the draws,
    expanded for few units (Hesterberg 2015), which plain ones leave too narrow: of nine conditions they cover 90 % for
    95. Clusters without a defined pair are not drawn; a draw that has no correlation is left out; low and high are nan
    where the estimate is, and below five units. Numbers per condition that are made from images: `resampled` and
    `table`. Raises ValueError where labels differ and for an unknown method. Source: Field & Welsh 2007.

    >>> x, y = np.arange(10.0), np.array([1.0, 0, 3, 2, 5, 4, 7, 6, 9, 8])
    >>> interval(x, y, cluster=list("aabbccddee"), resamples=100).round(2)
    array([0.94, 0.44, 0.97])
    """
    pairwise.require_method(method)
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a confidence level lies between 0 and 1, such as 0.95.")
    names = _names(x, dim, cluster)
    x, y, kept = _perturbed(x, y, dim)
    names = names if names is None or kept is None else names[kept]

    def kernel(a: Any, b: Any) -> Any:
        return pairwise.intervals(method, a, b, names, resamples=resamples, seed=seed, level=level)

    result = _along(kernel, x, y, dim, out={"bound": len(BOUNDS)})
    if not isinstance(result, xr.DataArray):
        return result
    unit = str(dim) if cluster is None else cluster if isinstance(cluster, str) else "cluster"
    attrs = {"method": method, "unit": unit, "resamples": resamples, "seed": seed, "level": level}
    return result.assign_coords(bound=list(BOUNDS), n=_along(pairwise.count, x, y, dim, dtype=np.int64)).assign_attrs(
        attrs
    )


def permutation(
    x: Array,
    y: Array,
    *,
    dim: str | int = "condition",
    method: str = "pearson",
    permutations: int = 10_000,
    seed: int = 0,
) -> Array:
    """Two-sided p-value of a correlation when any x could have met any y.

    p = share of the orders of y with |r| at least the observed: of all orders up to 8 pairs, else of `permutations`
    random ones, the observed one counted in. In: as `pearson`, clean left out; the pairs along `dim` must be
    exchangeable, so average the samples of an image first (`by_image`), and read a p across conditions with care:
    severities of one corruption are no random draw. Out: without `dim`, in (0, 1]; nan where the correlation is.
    Raises ValueError as `interval`. Source: Good 2005.

    >>> float(permutation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])))   # 2 of 3! orders are as extreme
    0.3333333333333333
    """
    pairwise.require_method(method)
    x, y, _ = _perturbed(x, y, dim)

    def kernel(a: Any, b: Any) -> Any:
        return pairwise.p_values(method, a, b, permutations=permutations, seed=seed)

    return _along(kernel, x, y, dim)


def _perturbed(x: Array, y: Array, dim: str | int) -> tuple[Array, Array, NDArray[np.intp] | None]:
    # x and y without what is clean along `dim`, and the places that are left; None where all are
    if not labels.labelled(x=x, y=y) or dim not in x.dims or dim not in y.dims:
        return x, y, None
    kept = perturbed(str(dim), *labels.aligned(x=x, y=y))
    return (x, y, None) if len(kept) == x.sizes[dim] else (x.isel({dim: kept}), y.isel({dim: kept}), kept)


def _counted(method: str, x: Array, y: Array, dim: str | int) -> Array:
    x, y, _ = _perturbed(x, y, dim)
    result = _along(lambda a, b: pairwise.correlations(method, a, b), x, y, dim)
    if not isinstance(result, xr.DataArray):
        return result
    return result.assign_coords(n=_along(pairwise.count, x, y, dim, dtype=np.int64))


def _along(
    kernel: Callable[[Any, Any], Any],
    x: Array,
    y: Array,
    dim: str | int,
    *,
    out: dict[str, int] | None = None,
    dtype: Any = np.float64,
) -> Array:
    if not labels.labelled(x=x, y=y):
        first, second = (labels.axis_last(np.asarray(array), dim) for array in (x, y))
        labels.require_same_shape(x=first, y=second)
        return kernel(first, second)
    first, second = labels.aligned(x=x, y=y)
    labels.require_dims("x", first, "y", second)
    result = labels.apply(kernel, first, second, core=[[dim], [dim]], out=out, dtype=dtype)
    order = [name for name in (first.dims if first.ndim >= second.ndim else second.dims) if name in result.dims]
    return result.transpose(*order, ..., *(out or {}))


def _names(x: Array, dim: str | int, cluster: Any) -> NDArray[Any] | None:
    if isinstance(cluster, str):
        if not isinstance(x, xr.DataArray) or cluster not in x.coords or x[cluster].dims != (dim,):
            raise ValueError(
                f"cluster={cluster!r}: x has no such coordinate along {dim!r}. Pass the labels themselves."
            )
        cluster = x[cluster].values
    if cluster is None:
        return None
    names = labels.texts(cluster).reshape(-1)
    pairs = x.sizes.get(dim) if isinstance(x, xr.DataArray) else labels.axis_last(np.asarray(x), dim).shape[-1]
    if pairs is not None and len(names) != pairs:
        raise ValueError(f"{len(names)} cluster labels for {pairs} pairs along {dim!r}: give one each.")
    return names
