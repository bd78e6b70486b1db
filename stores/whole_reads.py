"""Chunked arrays whose values, where nothing is computed of them, are read straight into their place.

A dask array puts its chunks together in one more array of the whole size: twice the memory, and more than the time.
"""

# dask's and xarray's signatures are only partly typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportIncompatibleMethodOverride=false

from collections.abc import Mapping
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray


class ReadWhole(da.Array):
    """A dask array in every respect but one: `compute`, and so `values`, of it or of a selection reads its `source`.

    What is calculated from it is a plain dask array, chunk by chunk.
    """

    source: xr.Variable

    def compute(self, **_: Any) -> NDArray[Any]:
        """The values, read in this thread; whatever a scheduler would be told makes no difference."""
        return self.source.copy(deep=False).values  # not into the source: it would keep them

    def __getitem__(self, index: Any) -> da.Array:
        part = super().__getitem__(index)
        along = index if isinstance(index, tuple) else (index,)
        return _of(part, self.source[along]) if part is not self and all(map(_is_along_axis, along)) else part


def _is_along_axis(key: Any) -> bool:
    """Whether a key selects along its own axis alone; dask takes one with many positions, so that none interact."""
    return isinstance(key, int | np.integer | slice) or (np.ndim(key) == 1 and np.asarray(key).dtype.kind == "i")


def chunked(variable: xr.Variable, chunks: Mapping[str, Any]) -> xr.Variable:
    """A lazy variable in chunks, by dimension."""
    cut: Any = variable.chunk(chunks)
    return xr.Variable(cut.dims, _of(cut.data, variable), cut.attrs)


def _of(array: da.Array, source: xr.Variable) -> ReadWhole:
    make: Any = ReadWhole  # typed as if it were made like object
    whole = make(array.dask, array.name, array.chunks, dtype=array.dtype, meta=array)
    whole.source = source
    return whole
