"""Labelled arrays of Python objects, such as texts, in which each stays the object that it is.

xarray passes new objects by way of pandas, which makes a text of its own for every cell: a hundred bytes for each.
"""

# pyright: reportUnknownMemberType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray


def with_objects(like: xr.DataArray, values: NDArray[Any]) -> xr.DataArray:
    """An array with the dimensions, labels and attributes of another, and these objects, of its shape.

    >>> texts = with_objects(xr.DataArray([0, 1], dims="sample"), np.array(["yes", None], object))
    >>> texts.dims, texts.values.tolist()
    (('sample',), ['yes', None])
    """
    if values.shape != like.shape:
        raise ValueError(f"objects of shape {values.shape} for an array of shape {like.shape}: give one for each cell.")
    kept = xr.Variable(like.dims, values, like.attrs, fastpath=True)
    return xr.DataArray(kept, coords=like.coords, name=like.name)


def each_once(texts: NDArray[Any]) -> NDArray[Any]:
    """Texts, (row, ...), of numpy's own type as Python's, equal ones as one object: answers recur under conditions.

    >>> one, other = each_once(np.array(["yes", "yes"], np.dtypes.StringDType()))
    >>> one is other
    True
    """
    known: dict[str, str] = {}
    flat = np.empty(texts.size, object)
    for place, text in enumerate(texts.flat):
        flat[place] = known.setdefault(text, text)
    return flat.reshape(texts.shape)
