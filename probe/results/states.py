"""The states of a site, read in pieces: whatever the size of a run, a few pieces of it are in memory at a time.

What an analysis keeps are the few numbers that it makes of each piece. What is held beside a piece are the clean states
of all samples, where samples are set against each other, at as many layers as fit `HELD_BYTES`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stores import Run

PIECE_BYTES = 2**24
"""What a measure is given at once; it makes a handful of arrays of that size."""

HELD_BYTES = 2**26
"""Clean states that are held at once, in float32; one layer at least."""

Measure = Callable[[xr.DataArray, xr.DataArray], Mapping[Any, xr.DataArray]]
"""States of some rows under one condition, (row, layer, feature), and under others, (row, condition, layer, feature).

It gives what is kept of them, (row, condition, ...) each.
"""


@dataclass(frozen=True)
class States:
    """The states of a stored site: a vector for each row (image or sample), condition and layer, in float32.

    They are read in this thread, chunk after chunk of `stores.lazy_arrays.CHUNK_BYTES`. nan where nothing is known.
    """

    run: Run
    site: str

    @cached_property
    def layers(self) -> list[int]:
        """The numbers of the stored layers."""
        return self.lazy().layer.values.tolist()

    @cached_property
    def names(self) -> list[str]:
        """The site at each of its stored layers, as a user would ask for it: `language.layers[4]:context_last`."""
        return [self._at([layer]) for layer in self.layers]

    def lazy(self, layers: Sequence[int] | None = None) -> xr.DataArray:
        """(row, condition, layer, feature), not read yet, at some of the layers or all."""
        states = with_layers(self.run.pooled(self.site if layers is None else self._at(layers)))
        row = next(name for name in ("image", "sample") if name in states.dims)
        return states.transpose(row, "condition", "layer", "feature")

    def under(self, condition: str, layers: Sequence[int] | None = None) -> xr.DataArray:
        """(row, layer, feature) of all rows under one condition, in memory."""
        states = self.lazy(layers).sel(condition=condition, drop=True)
        made = np.empty(states.shape, states.dtype)
        for rows in _chunks(states, 0):
            made[rows] = read(states[rows]).values
        return states.copy(deep=False, data=made)

    def groups(self, rows: int, beside: int = 0) -> list[list[int]]:
        """The layers in groups for which clean states of so many rows, or so many numbers each, fit `HELD_BYTES`."""
        step = max(1, HELD_BYTES // max(1, 4 * rows * max(beside, self.lazy().sizes["feature"])))
        return [self.layers[start : start + step] for start in range(0, len(self.layers), step)]

    def together(self, rows: int) -> int:
        """For how many conditions the states of so many rows at one layer fit `HELD_BYTES`."""
        return max(1, HELD_BYTES // max(1, 4 * rows * self.lazy().sizes["feature"]))

    def measured(
        self, measure: Measure, layers: Sequence[int] | None = None, *, beside: str = "clean"
    ) -> dict[str, xr.DataArray]:
        """(row, condition, ...) what a measure makes of each row's states, against those under one condition."""
        states, made = self.lazy(layers), dict[str, xr.DataArray]()
        row = str(states.dims[0])
        for rows, conditions, first, piece in self.pieces(layers, beside=beside):
            for name, part in measure(first, piece).items():
                part = part.transpose(row, "condition", ...)
                if name not in made:
                    made[str(name)] = _empty(states.isel(layer=0, feature=0, drop=True), part)
                made[str(name)].values[rows, conditions] = part.values
        return made

    def pieces(
        self, layers: Sequence[int] | None = None, *, beside: str = "clean", conditions: slice = slice(None)
    ) -> Iterator[tuple[slice, slice, xr.DataArray, xr.DataArray]]:
        """Places of rows and conditions, their states under one condition, and all their states: piece by piece.

        Of some conditions alone where these are given; places are then among them.
        """
        states = self.lazy(layers)
        place, states = states.indexes["condition"].get_loc(beside), states[:, conditions]
        first_column = conditions.indices(self.run.sizes.conditions)[0]
        for rows in _chunks(states, 0):
            first: xr.DataArray | None = None
            for columns in _chunks(states, 1):
                chunk, at = read(states[rows, columns]), place - first_column - columns.start
                if first is None:  # a file is read whole, so it is not read for one condition where that is there
                    there = 0 <= at < chunk.shape[1]
                    first = chunk[:, at] if there else read(self.lazy(layers)[rows, place])
                    first = first.drop_vars([name for name in first.coords if not first[name].dims])
                for few in _parts(chunk.shape[0], chunk[0].nbytes):
                    for some in _parts(chunk.shape[1], chunk[few][:, 0].nbytes):
                        places = _from(rows, few), _from(columns, some)
                        yield *places, first[few], chunk[few, some]

    def _at(self, layers: Sequence[int]) -> str:
        where, _, tokens = self.site.partition(":")
        chosen = f"{where.partition('[')[0]}[{','.join(map(str, layers))}]:{tokens}"
        return chosen if "[" in where else self.site


def with_layers(data: Any) -> Any:
    """The same with the axis that the reader drops where a site names one layer."""
    return data if "layer" in data.dims else data.expand_dims(layer=[int(data.layer)])


def read(states: xr.DataArray) -> xr.DataArray:
    """A part of lazy states in memory, read by this thread: several would hold a chunk each."""
    return states.compute(scheduler="synchronous")


def _chunks(states: xr.DataArray, axis: int) -> list[slice]:
    lengths = states.chunks[axis] if states.chunks else (states.shape[axis],)
    ends = list(accumulate(lengths))
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]


def _parts(length: int, each: int) -> list[slice]:
    step = max(1, PIECE_BYTES // max(1, each))
    return [slice(start, min(start + step, length)) for start in range(0, length, step)]


def _from(whole: slice, part: slice) -> slice:
    return slice(whole.start + part.start, whole.start + part.stop)


def _empty(pairs: xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    values: NDArray[Any] = np.full((*pairs.shape, *like.shape[2:]), np.nan, like.dtype)
    coords = {**like.coords, **pairs.coords}
    beside = {name: coord for name, coord in coords.items() if not {*like.dims[:2]} & {*coord.dims}}
    along = {name: coord for name, coord in pairs.coords.items() if coord.dims}
    return xr.DataArray(values, dims=like.dims, coords={**beside, **along}, attrs=like.attrs)
