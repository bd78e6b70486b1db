"""The bytes of Zarr chunk and shard files, without zarr-python's codec pipeline.

Without compression a chunk file is the C-contiguous values, and a shard file is its inner chunks one after another,
then an index of (offset, length) pairs as little-endian uint64, then the index's CRC-32C. Both are written from
views of the given array, without a copy. Inner chunks of padding are absent: their index entry is 2^64 - 1 twice, and
readers return the fill value.

Source: Zarr v3 specification, sharding codec (`sharding_indexed`), zarr-specs.readthedocs.io.
"""

import math
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from .arrays import Array

ABSENT = 2**64 - 1


def chunk_parts(array: Array, unit_array: NDArray[Any]) -> list[memoryview]:
    """The bytes of a unit's only chunk: its values, then fill values where the last block is short."""
    values = np.ascontiguousarray(unit_array, dtype=array.storage)
    rest = math.prod(array.chunk) - values.size
    return [_bytes(values), _bytes(array.full((rest,)))]


def shard_parts(array: Array, unit_array: NDArray[Any], n_tokens: NDArray[Any]) -> list[memoryview]:
    """The bytes of one shard of raw tokens.

    unit_array (image, layer, token, feature), n_tokens (image,). Values from an image's n_tokens on are not read: the
    last chunk is filled up, later ones are absent. The chunks of images that the last block lacks are absent.
    """
    assert array.shard is not None
    values = np.ascontiguousarray(unit_array, dtype=array.storage)
    per_chunk, pieces = array.chunk[3], array.shard[3] // array.chunk[3]
    token_bytes = values.shape[-1] * values.itemsize
    longest = values.shape[2]
    counts = np.zeros(array.shard[0], dtype=np.int64)
    counts[: len(values)] = np.clip(n_tokens, 0, longest)
    index = _index(counts, layers=array.shard[2], per_chunk=per_chunk, pieces=pieces, chunk=per_chunk * token_bytes)
    if (counts[: len(values)] == per_chunk * pieces).all():
        return [_bytes(values), index]
    filler = _bytes(array.full((per_chunk, values.shape[-1])))
    parts: list[memoryview] = []
    for image, count in zip(values, counts.tolist(), strict=False):
        padding = filler[: -count % per_chunk * token_bytes]
        for layer in image if count else ():
            parts += [_bytes(layer[:count]), padding]
    return [*parts, index]


def _index(counts: NDArray[np.int64], *, layers: int, per_chunk: int, pieces: int, chunk: int) -> memoryview:
    present = np.arange(pieces) * per_chunk < counts[:, None]  # (image, piece)
    present = np.broadcast_to(present[:, None], (len(counts), layers, pieces))
    order = np.cumsum(present).reshape(present.shape) - 1
    entries = np.full((*present.shape, 2), ABSENT, dtype="<u8")
    entries[present, 0] = order[present] * chunk
    entries[present, 1] = chunk
    index = entries.tobytes()
    crc32c = int(google_crc32c.value(index))  # pyright: ignore
    return memoryview(index + crc32c.to_bytes(4, "little"))


def _bytes(values: NDArray[Any]) -> memoryview:
    return values.reshape(-1).view(np.uint8).data
