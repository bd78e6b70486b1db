"""Hallucinations: classes that an answer names and that are not there.

Source: Cheng, section 3.3; definitions, section 10.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array
from .cityscapes import CITYSCAPES
from .class_tables import paired, rate
from .vocabulary import Words

EPSILON = 1e-9
"""Keeps the hallucination of an answer that names nothing at 0."""


def hallucination(mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, dim: str = "class") -> Array:
    """The share of the mentioned classes that are not there: |C_vlm \\ C_gt| / (|C_vlm| + 1e-9).

    In: tables of 0 and 1, mentioned (sample, ..., dim) and present (sample, dim), or two lists with a set of class
    names per sample. Out: (sample, ...), in [0, 1]; 0 for an answer that mentions no class; nan where a class of either
    is undefined. Raises ValueError where labels differ. Source: Cheng, section 3.3.

    >>> hallucination([{"car", "bus"}, set()], [{"car"}, {"car"}]).round(6)   # the bus, of two
    array([0.5, 0. ])
    """

    def kernel(said: Any, there: Any) -> NDArray[np.float64]:
        return (said * (1.0 - there)).sum(axis=-1) / (said.sum(axis=-1) + EPSILON)

    said, there, bare = paired(mentioned, present, vocabulary, dim=dim)
    value = labels.apply(kernel, said, there, core=[[dim], [dim]], dtype=np.float64)
    return value.values if bare else value


def hallucination_rate(
    mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, sample: str = "sample", dim: str = "class"
) -> xr.DataArray:
    """HR: the mean of `hallucination` over samples.

    In: as `hallucination`. Out: without `sample`, in [0, 1], with the coordinates `defined` and `undefined` (numbers of
    samples) and `empty` (share of the defined answers that mention no class, and so score 0). nan where no sample is
    defined. Raises ValueError where labels differ. Source: Cheng, section 3.3.

    >>> result = hallucination_rate([{"car", "bus"}, set()], [{"car"}, {"car"}])
    >>> round(float(result), 6), float(result.empty)   # (1/2 + 0) / 2
    (0.25, 0.5)
    """
    said, there, _ = paired(mentioned, present, vocabulary, dim=dim, sample=sample)
    value: xr.DataArray = hallucination(said, there, dim=dim)
    empty = (said.sum(dim) == 0).astype(np.float64).where(value.notnull())
    return rate(value, sample).assign_coords(empty=labels.mean(empty, sample))


def increase(value: Array, *, clean: str | int = "clean", condition: str = "condition") -> Array:
    """How far a misalignment exceeds the one on the clean image: L(condition) - L(clean).

    In: any value per sample or any rate (..., condition), `clean` the label of the clean condition; for bare arrays,
    whose conditions are the last axis, its place. Out: the same shape and unit, positive for worse; nan where either is
    undefined. Raises ValueError where there is no such condition. Source: Cheng, section 5.5.

    >>> increase(np.array([0.25, 0.5]), clean=0)
    array([0.  , 0.25])
    """
    if not isinstance(value, xr.DataArray):
        if isinstance(clean, str):
            raise ValueError(
                f"clean={clean!r}: the conditions of a bare array have no names. Give the clean one's place."
            )
        values = np.asarray(value, np.float64)
        return values - values[..., [clean]]
    if condition not in value.indexes or clean not in value.indexes[condition]:
        raise ValueError(f"no {condition} {clean!r} to compare with. Name the clean one with `clean=`.")
    return value - value.sel({condition: clean}, drop=True)
