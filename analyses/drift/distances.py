"""Distances between the clean and the perturbed state of the same sample.

Source: Wani et al. 2026; definitions, section 5.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from .. import kernels, labels
from ..labels import Array


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
