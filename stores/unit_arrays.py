"""The arrays of one unit before they are written: whether they fit the layout, and which values are not finite."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Array, Unit
from .half_floats import all_finite, bfloat16_to_float32
from .schema import Layout

Payload = Mapping[str, NDArray[Any]]

# The bits of infinity by storage type.
_INFINITE = {"float16": 0x7C00, "bfloat16": 0x7F80, "float32": 0x7F800000}


def check(layout: Layout, unit: Unit, payload: Payload) -> None:
    """Refuse a payload that is not exactly the unit's arrays in their shapes and types.

    Raises ValueError for a unit outside the layout, missing or unknown arrays, shapes and values, and TypeError for
    types.
    """
    if not (0 <= unit.block < layout.blocks and 0 <= unit.condition < len(layout.conditions)):
        raise ValueError(f"{unit}: this layout has {layout.blocks} blocks and {len(layout.conditions)} conditions.")
    arrays = layout.unit_arrays(unit)
    if missing := sorted(arrays.keys() - payload.keys()):
        raise ValueError(f"unit {unit.name} lacks {', '.join(missing)}. Start from `layout.blank(unit)`.")
    if unknown := sorted(payload.keys() - arrays.keys()):
        raise ValueError(f"unit {unit.name} does not take {', '.join(unknown)}; its arrays are {', '.join(arrays)}.")
    for path, array in arrays.items():
        _check_unit_array(array, unit, payload[path])


def _check_unit_array(array: Array, unit: Unit, unit_array: NDArray[Any]) -> None:
    shape = array.unit_shape(unit.block)
    if unit_array.shape != shape:
        raise ValueError(
            f"unit {unit.name}: {array.path} must be {shape} "
            f"({', '.join(dim for dim in array.dims if dim != 'condition')}), not {unit_array.shape}."
        )
    if array.is_text:
        if any(not isinstance(text, str) for text in unit_array.astype(object).flat):
            raise TypeError(
                f"unit {unit.name}: {array.path} takes strings, not {unit_array.dtype} with other values in it."
            )
    elif unit_array.dtype != np.dtype(array.dtype):
        hint = " (pass the bits of bfloat16: view it as uint16)" if array.bfloat16 else ""
        raise TypeError(f"unit {unit.name}: {array.path} is stored as {array.dtype}{hint}, not {unit_array.dtype}.")


def token_counts(array: Array, payload: Payload) -> NDArray[np.int32]:
    """n_tokens (image,) of the site that the array belongs to."""
    return payload[f"{array.path.rpartition('/')[0]}/n_tokens"]


@dataclass(frozen=True)
class NonFinite:
    """The nan and the infinite values in one array of a unit, counted by row: (image or sample row) each."""

    nan: NDArray[np.int64]
    inf: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.bool_]:
        """(row) whether the row has any."""
        return (self.nan + self.inf) > 0

    @property
    def totals(self) -> dict[str, int]:
        """The counts of all rows together."""
        return {"nan": int(self.nan.sum()), "inf": int(self.inf.sum())}


def nonfinite(layout: Layout, unit: Unit, payload: Payload) -> dict[str, NonFinite]:
    """Count nan and infinite values, padding left out, of each float array that has any.

    Padding is the tokens from n_tokens on, the rows without a sample, and the options that a sample does not have.
    """
    found: dict[str, NonFinite] = {}
    for path, array in layout.unit_arrays(unit).items():
        if array.is_float:
            rows = len(payload[path])
            nan, inf = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
            for part, values in _real_cells(layout, unit, array, payload):
                if not all_finite(values, _INFINITE["bfloat16" if array.bfloat16 else array.dtype]):
                    wide = bfloat16_to_float32(values) if array.bfloat16 else values
                    cells = tuple(range(1, wide.ndim))
                    nan[part], inf[part] = np.isnan(wide).sum(cells), np.isinf(wide).sum(cells)
            if nan.any() or inf.any():
                found[path] = NonFinite(nan, inf)
    return found


def _real_cells(layout: Layout, unit: Unit, array: Array, payload: Payload) -> Iterator[tuple[slice, NDArray[Any]]]:
    """The rows of an array without padding, in parts: (rows of the part, their values)."""
    unit_array = payload[array.path]
    if "token" in array.dims:
        before = (slice(None),) * (array.dims.index("token") - 2)  # the axes between (image, condition) and token
        for image, count in enumerate(token_counts(array, payload).tolist()):
            part = slice(image, image + 1)
            yield part, unit_array[(part, *before, slice(max(0, count)))]
    elif "option" in array.dims:
        for row, sample in enumerate(layout.block_samples(unit.block)):
            part = slice(row, row + 1)
            yield part, unit_array[part, : len(sample.options)]
    elif array.dims[0] == "sample":
        part = slice(len(layout.block_samples(unit.block)))
        yield part, unit_array[part]
    else:
        yield slice(None), unit_array
