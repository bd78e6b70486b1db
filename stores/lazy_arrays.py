"""Arrays of a run as xarray's lazy indexing takes them: what is selected is read, decoded and masked in one pass."""

# xarray's signatures are only partly typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from . import object_reads, unit_files
from .arrays import Array
from .each import each
from .object_paths import ObjectPath
from .paths import zarr_store
from .presence import DamagedRun, describe
from .unit_files import Part

CHUNK_BYTES = 64 * 2**20
"""The size in memory that chunks of large arrays approach: they extend over conditions, then over files."""

Source: TypeAlias = "int | ObjectPath | zarr.Array[Any]"
"""Where the files of an array are: an open folder, a prefix, or the array as zarr-python reads it."""

Key = tuple[int | slice | NDArray[Any], ...]


@dataclass(frozen=True, eq=False)
class StoredArray(BackendArray):
    """An array of the run at `root`: floats as float32, texts as objects, fill values where a unit is not committed.

    (row, [condition,] …), its rows those of the store with these numbers. `committed` is (block, condition). Any number
    of threads may read at once: each opens the files that it needs, and nothing is kept open.
    """

    root: Path
    array: Array
    rows: NDArray[np.intp]
    committed: NDArray[np.bool_]
    compressed: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """(row, [condition,] …)."""
        return (len(self.rows), *self.array.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 for all floats, object for texts."""
        return np.dtype(np.float32) if self.array.is_float else self.array.storage

    def variable(self) -> xr.Variable:
        """The array as a lazy variable, with its dimensions and attributes."""
        attrs = {name: value for name, value in self.array.attrs.items() if name != "logical_dtype"}
        return xr.Variable(self.array.dims, indexing.LazilyIndexedArray(self), attrs)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> NDArray[Any]:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: Key) -> NDArray[Any]:
        wanted = [np.atleast_1d(np.arange(n)[k]) for n, k in zip(self.shape, key, strict=True)]
        conditions = wanted[1] if self.array.per_condition else np.zeros(1, np.intp)
        inner = wanted[2:] if self.array.per_condition else wanted[1:]
        cuts = [_cut(each) for each in inner[1:]]
        part = Part(_runs(inner[0]) if inner else (), tuple(cuts))
        lengths = [*map(len, inner[:1]), *(cut.stop - cut.start for cut in cuts)]
        found = np.empty((len(wanted[0]), len(conditions), *lengths), self.dtype)
        if found.size:
            self._fill(found, wanted[0], conditions, part)
        for axis, (positions, cut) in enumerate(zip(inner[1:], cuts, strict=True), start=3):
            if len(positions) != cut.stop - cut.start or (np.diff(positions) != 1).any():
                found = np.take(found, positions - cut.start, axis=axis)
        found = found if self.array.per_condition else found[:, 0]
        return found[tuple(slice(None) if isinstance(k, slice | np.ndarray) else 0 for k in key)]

    def _fill(self, found: NDArray[Any], rows: NDArray[np.intp], conditions: NDArray[np.intp], part: Part) -> None:
        """Read what is committed of found (row, condition, …), file by file."""
        step, per_block, array = self.array.file_shape[0], self.array.rows, self.array
        fill = "" if array.is_text else math.nan if array.is_float else -1

        def stored() -> Iterator[tuple[int, int, slice, NDArray[Any]]]:
            for number, here, place in _by_file(self.rows[rows], step):
                committed = self.committed[number * step // per_block]
                for k, condition in enumerate(conditions.tolist()):
                    target = found[place, k]
                    if committed[condition]:
                        yield number, condition, here, target
                    else:
                        target[...] = fill

        source = self._open()
        try:
            for _ in each(self.root, lambda file: self._read_file(source, *file[:3], part, file[3]), stored()):
                pass
        finally:
            if isinstance(source, int):
                os.close(source)

    def _open(self) -> Source:
        path = self.root / self.array.path
        if self.compressed:
            return zarr.open_array(zarr_store(path), mode="r")
        if isinstance(path, ObjectPath):
            return path
        return os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))

    def _read_file(
        self,
        source: Source,
        number: int,
        condition: int,
        rows: slice,
        part: Part,
        target: NDArray[Any],
    ) -> None:
        array = self.array
        name = array.file_name(number, condition)
        try:
            if isinstance(source, zarr.Array):
                first = number * array.file_shape[0]
                stored = slice(first + rows.start, first + rows.stop)
                unit_files.put(array, _through_zarr(source, array, stored, condition, part), target)
            elif isinstance(source, ObjectPath) and array.is_text:
                target[...] = _taken(object_reads.read_texts(source / name, array)[rows], part)
            elif isinstance(source, ObjectPath):
                object_reads.read(source / name, array, rows, part, target)
            elif array.is_text:
                target[...] = _taken(unit_files.read_texts(source, name, array)[rows], part)
            else:
                unit_files.read(source, name, array, rows, part, target)
        except (FileNotFoundError, unit_files.Unreadable) as error:
            wrong = error.strerror if isinstance(error, unit_files.Unreadable) else f"{name} is missing"
            raise DamagedRun(describe(self.root, {array.owner(name): (f"{array.path}/{wrong}",)})) from None


def chunk_sizes(variable: xr.Variable, step: int, rows: NDArray[np.intp]) -> dict[str, int | tuple[int, ...]]:
    """How a variable (row, condition, …) is cut, by dimension: into whole files of `step` rows of the store.

    `rows` of the store are shown. A chunk that cuts through a file would open it more than once.
    """
    counts = np.unique(rows // step, return_counts=True)[1].tolist()
    conditions = variable.shape[1]
    cell = max(1, variable.dtype.itemsize * math.prod(variable.shape[2:])) * max(counts, default=1)
    along = max(1, min(conditions, CHUNK_BYTES // cell))
    together = max(1, CHUNK_BYTES // (cell * along)) if along == conditions else 1
    cut = tuple(sum(counts[k : k + together]) for k in range(0, len(counts), together))
    return {str(variable.dims[0]): cut, "condition": along}


def _runs(positions: NDArray[np.intp]) -> tuple[tuple[int, int, int], ...]:
    """Runs of neighbours among positions: (first, length, where the run begins among the positions).

    >>> _runs(np.array([2, 3, 4, 0]))
    ((2, 3, 0), (0, 1, 3))
    """
    starts = np.flatnonzero(np.diff(positions, prepend=-2) != 1).tolist()
    ends = [*starts[1:], len(positions)]
    return tuple((int(positions[start]), end - start, start) for start, end in zip(starts, ends, strict=bool(starts)))


def _cut(positions: NDArray[np.intp]) -> slice:
    """From the least to the largest of the positions."""
    return slice(int(positions.min()), int(positions.max()) + 1) if len(positions) else slice(0, 0)


def _by_file(rows: NDArray[np.intp], step: int) -> Iterator[tuple[int, slice, slice]]:
    """Runs of neighbouring rows within a file of `step` rows: its number, which of its rows, where they are wanted."""
    breaks = (np.diff(rows, prepend=-2) != 1) | (np.diff(rows // step, prepend=-1) != 0)
    starts = np.flatnonzero(breaks).tolist()
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        number, first = divmod(int(rows[start]), step)
        yield number, slice(first, first + end - start), slice(start, end)


def _taken(values: NDArray[Any], part: Part, first: int = 0) -> NDArray[Any]:
    """A part of each of the values (row, …), whose axis of runs begins with the position `first`."""
    if not part.runs:
        return values
    positions = [start + k - first for start, length, _ in part.runs for k in range(length)]
    return values[:, positions][(slice(None), slice(None), *part.box)]


def _through_zarr(source: "zarr.Array[Any]", array: Array, rows: slice, condition: int, part: Part) -> NDArray[Any]:
    """(row, …) a part of each of the rows, as it is stored, without the layers before and behind those wanted."""
    first = min((start for start, _, _ in part.runs), default=0)
    lead = [slice(first, max(start + length for start, length, _ in part.runs))] if part.runs else []
    key = (rows, condition) if array.per_condition else (rows,)
    values: NDArray[Any] = np.asarray(source[(*key, *lead)])
    return _taken(values, part, first)
