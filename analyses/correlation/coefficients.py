"""Correlation coefficients with their intervals and permutation tests.

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


def pearson(x: Array, y: Array, *, dim: str | int = "condition") -> Array:
    """Product-moment correlation along one dimension: cov(x, y) / (sd(x) sd(y)).

    In: x and y (..., dim) with the same labels. Out: without `dim`, in [-1, 1]. Pairs with an undefined side are left
    out; the coordinate `n` counts those that remain. nan below three pairs and where a side does not vary. For bare
    arrays `dim` is an axis (a name means the last one). Raises ValueError where labels differ.
    Source: Cheng, section 3.6.

    >>> round(float(pearson(np.array([1.0, 2.0, 3.0]), np.array([0.0, 3.0, 3.0]))), 4)   # 3 / sqrt(2 * 6)
    0.866
    """
    return _counted("pearson", x, y, dim)


def spearman(x: Array, y: Array, *, dim: str | int = "condition") -> Array:
    """Rank correlation along one dimension: the Pearson correlation of the ranks, equal values sharing their mean rank.

    In, out, nan and errors: as `pearson`; ranks are taken among the defined pairs. 1 where y grows whenever x does.
    Source: Cheng, section 3.6.

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
    """A correlation and its percentile interval when whole clusters of pairs are drawn again.

    In: as `pearson`; `cluster` the image of each pair, as labels or the name of a coordinate along `dim`. Without it
    each pair is drawn for itself, so that the unit is `dim`: right for one pair an image, or for conditions. Out: (...,
    bound), bounds estimate, low, high in [-1, 1], and the coordinate `n`. Clusters without a defined pair are not
    drawn; a draw that has no correlation is left out; low and high are nan where the estimate is, and for a single
    cluster. Numbers per condition that are made from images: `resampled` and `table`. Raises ValueError where labels
    differ and for an unknown method. Source: Field & Welsh 2007.

    >>> x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])
    >>> interval(x, y, cluster=["a", "a", "b", "b"], resamples=100).round(2)   # one image alone: 1; both: 0.8
    array([0.8, 0.8, 1. ])
    """
    pairwise.require_method(method)
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a confidence level lies between 0 and 1, such as 0.95.")
    names = _names(x, dim, cluster)

    def kernel(a: Any, b: Any) -> Any:
        if names is not None and len(names) != a.shape[-1]:
            raise ValueError(f"{len(names)} cluster labels for {a.shape[-1]} pairs along {dim!r}: give one each.")
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
    random ones, the observed one counted in. In: as `pearson`; the pairs along `dim` must be exchangeable, so average
    the samples of an image first (`by_image`), and read a p across conditions with care: severities of one corruption
    are no random draw. Out: without `dim`, in (0, 1]; nan where the correlation is. Raises ValueError as `interval`.
    Source: Good 2005.

    >>> float(permutation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])))   # 2 of 3! orders are as extreme
    0.3333333333333333
    """
    pairwise.require_method(method)

    def kernel(a: Any, b: Any) -> Any:
        return pairwise.p_values(method, a, b, permutations=permutations, seed=seed)

    return _along(kernel, x, y, dim)


def _counted(method: str, x: Array, y: Array, dim: str | int) -> Array:
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
    return None if cluster is None else np.asarray(cluster).astype(str).reshape(-1)
