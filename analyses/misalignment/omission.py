"""Omissions: which classes that are there an answer leaves out, and whether a safety-critical one is among them.

Source: Cheng, sections 3.4 and 4.2; definitions, section 10.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates and `astype` open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array
from .cityscapes import CITYSCAPES
from .class_tables import paired, rate
from .vocabulary import Words, complete


def critical_omission(mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, dim: str = "class") -> Array:
    """Whether some critical class that is there is not mentioned: not (C_crit ∩ C_gt ⊆ C_vlm).

    In: as `hallucination`; the critical classes are the vocabulary's, and bare tables hold its classes in its order.
    Out: (sample, ...): 1 left out, 0 all mentioned; nan where no critical class is there, and where one that is there,
    or its presence, is undefined. Raises ValueError where labels differ or a critical class has no column.
    Source: Cheng, section 3.4; leaving out images without critical classes is ours, see `critical_omission_over_all`.

    >>> critical_omission([{"car"}, {"car"}, set()], [{"car", "sky"}, {"car", "bus"}, {"sky"}])
    array([ 0.,  1., nan])
    """
    return _omission(mentioned, present, vocabulary, dim, harmless=np.nan)


def critical_omission_over_all(
    mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, dim: str = "class"
) -> Array:
    """`critical_omission` as printed: an image without critical classes counts as one where none is left out.

    In, errors: as `critical_omission`. Out: (sample, ...): 1 left out, 0 not; nan only where something is undefined.
    Source: Cheng, section 3.4, whose sum runs over all N images.

    >>> critical_omission_over_all([{"car"}, {"car"}, set()], [{"car", "sky"}, {"car", "bus"}, {"sky"}])
    array([0., 1., 0.])
    """
    return _omission(mentioned, present, vocabulary, dim, harmless=0.0)


def critical_omission_rate(
    mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, sample: str = "sample", dim: str = "class"
) -> xr.DataArray:
    """COR: the mean of `critical_omission` over the samples that show a critical class.

    In: as `critical_omission`. Out: without `sample`, in [0, 1], with the coordinates `defined` and `undefined`
    (numbers of samples; those without a critical class are undefined). nan where none is defined. Source: Cheng,
    section 3.4.

    >>> result = critical_omission_rate([{"car"}, {"car"}, set()], [{"car"}, {"car", "bus"}, {"sky"}])
    >>> float(result), int(result.defined), int(result.undefined)
    (0.5, 2, 1)
    """
    said, there, _ = paired(mentioned, present, vocabulary, dim=dim, sample=sample)
    return rate(critical_omission(said, there, vocabulary=vocabulary, dim=dim), sample)


def critical_omission_rate_over_all(
    mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, sample: str = "sample", dim: str = "class"
) -> xr.DataArray:
    """COR as printed: the mean of `critical_omission_over_all` over all samples.

    In, out: as `critical_omission_rate`, but images without a critical class are in the mean. Source: Cheng, section
    3.4.

    >>> float(critical_omission_rate_over_all([{"car"}, {"car"}, set(), set()], [{"car"}, {"bus"}, {"sky"}, {"sky"}]))
    0.25
    """
    said, there, _ = paired(mentioned, present, vocabulary, dim=dim, sample=sample)
    return rate(critical_omission_over_all(said, there, vocabulary=vocabulary, dim=dim), sample)


def class_omission(mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, dim: str = "class") -> Array:
    """Whether each class that is there is left out.

    In: as `hallucination`, mentioned being a `presence_table` of yes/no answers or a `mention_table`. Out: (sample,
    ..., dim): 1 left out, 0 named; nan where the class is not there, or was not asked. Raises ValueError where labels
    differ. Source: Cheng, section 4.2.

    >>> class_omission(np.array([[1.0, 0.0, 0.0]]), np.array([[1.0, 1.0, 0.0]]))
    array([[ 0.,  1., nan]])
    """
    said, there, bare = paired(mentioned, present, vocabulary, dim=dim)
    omitted = (1.0 - said).where(there > 0).transpose(*said.dims, ...)
    return omitted.values if bare else omitted


def class_omission_rate(
    mentioned: Any, present: Any, *, vocabulary: Words = CITYSCAPES, sample: str = "sample", dim: str = "class"
) -> xr.DataArray:
    """How often each class is left out where it is there: the mean of `class_omission` over samples.

    In: as `class_omission`. Out: (..., dim), in [0, 1], with the coordinates `defined` and `undefined` (numbers of
    samples per class). nan where a class is never there or never asked. Source: Cheng, section 4.2.

    >>> said, there = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    >>> class_omission_rate(said, there).values
    array([0.5, nan])
    """
    said, there, _ = paired(mentioned, present, vocabulary, dim=dim, sample=sample)
    return rate(class_omission(said, there, vocabulary=vocabulary, dim=dim), sample)


def _omission(mentioned: Any, present: Any, vocabulary: Words, dim: str, *, harmless: float) -> Array:
    said, there, bare = paired(mentioned, present, vocabulary, dim=dim)
    critical = sorted(complete(vocabulary).critical)
    named = said.indexes.get(dim, ())
    missing = [name for name in critical if name not in named]
    if missing or not critical:
        lacking = f"no column for {', '.join(missing)}" if critical else "a vocabulary without critical classes"
        raise ValueError(f"{lacking}: make both tables with `mention_table` and `class_table`, of one vocabulary.")

    def kernel(said: Any, there: Any) -> NDArray[np.float64]:
        omitted = np.where(there == 0, 0.0, there * (1.0 - said)).sum(axis=-1)  # nan travels
        value = np.where(np.isnan(omitted), np.nan, omitted > 0)
        return np.where(there.sum(axis=-1) == 0, harmless, value)

    pick = {dim: critical}
    value = labels.apply(kernel, said.sel(pick), there.sel(pick), core=[[dim], [dim]], dtype=np.float64)
    return value.values if bare else value
