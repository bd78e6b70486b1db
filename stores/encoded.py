"""The bytes of files that zarr-python encodes: texts, and all arrays of a compressed run."""

# zarr's signatures are only partly typed.
# pyright: reportUnknownMemberType=false

from dataclasses import replace
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore

from .arrays import SEPARATOR, Array
from .creation import create_array


class Encoder:
    """Encodes the files of one array, one after another, through an array in memory that has the shape of a file."""

    def __init__(self, array: Array, *, compress: bool) -> None:
        self.array = array
        self._written: dict[str, Buffer] = {}
        of_one_file = replace(array, path="", shape=array.file_shape)
        made = create_array(MemoryStore(self._written), of_one_file, compress=compress)
        # Comparing chunks with the fill value costs up to 7 times the write; the setting is not stored.
        self._array: zarr.Array[Any] = made.with_config({"write_empty_chunks": True})

    def parts(self, values: NDArray[Any]) -> list[memoryview]:
        """The bytes of the file that holds these values (row, ...), without the condition axis; the rest is filled."""
        array = self.array
        whole = array.full(array.file_shape)
        part = (slice(len(values)), 0) if array.per_condition else (slice(len(values)),)
        whole[part] = values
        self._array[...] = whole
        key = SEPARATOR.join(["c", *["0"] * len(array.shape)])
        return [memoryview(self._written.pop(key).to_bytes())]


def without_padding(array: Array, values: NDArray[Any], counts: NDArray[np.int32]) -> NDArray[Any]:
    """Tokens (image, layer, token, feature) with fill values from each image's count on."""
    filled = values.copy()
    for image, count in zip(filled, counts.tolist(), strict=True):
        image[:, max(0, count) :] = array.fill
    return filled
