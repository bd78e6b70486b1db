"""Parts of the uncompressed objects of units, read by ranges: `unit_files` for a run in an object store.

All that is wanted of an object is asked for at once, and what lies near together comes in one answer.
"""

# numcodecs' signatures are not typed.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

import errno
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numcodecs.vlen import VLenUTF8
from numpy.typing import NDArray

from .arrays import Array
from .object_paths import ObjectPath
from .unit_files import Part, Piece, Unreadable, chunk_pieces, put, shard_index_bytes, shard_pieces, shard_starts


def read(file: ObjectPath, array: Array, rows: slice, part: Part, target: NDArray[Any]) -> None:
    """Read a part of each of the `rows` of an object into the target (row, …); what is absent is filled.

    Raises FileNotFoundError where there is no such object, Unreadable where it is not as it was written, StoreFailed.
    """
    if array.shard is None:
        pieces = list(chunk_pieces(array, rows, part))
    else:
        starts = _starts(file, array)
        if (starts[rows, :, 1] < part.box[0].stop).any():
            target[...] = np.nan
        pieces = list(shard_pieces(array, starts, rows, part))
    for piece, data in zip(pieces, _asked(file, pieces, array.storage.itemsize), strict=True):
        put(array, data.view(array.storage).reshape(piece.shape)[piece.cut], target[piece.place])


def read_texts(file: ObjectPath, array: Array) -> NDArray[Any]:
    """(row, …) the texts of all rows of an object. Raises as `read`."""
    try:
        texts: NDArray[Any] = VLenUTF8().decode(np.frombuffer(file.read(), np.uint8))
        return texts.reshape(-1, *array.lengths)
    except ValueError as error:
        raise Unreadable(errno.EIO, f"{file.name} holds no texts ({error})") from None


def _asked(file: ObjectPath, pieces: Sequence[Piece], item: int) -> list[NDArray[np.uint8]]:
    """The bytes of each piece."""
    starts = [offset for piece in pieces for offset in piece.offsets]
    lengths = [math.prod(piece.shape) * item // len(piece.offsets) for piece in pieces for _ in piece.offsets]
    try:
        parts = file.ranges(starts, lengths)
    except EOFError:
        raise Unreadable(errno.EIO, f"{file.name} is cut off") from None
    if any(len(part) != length for part, length in zip(parts, lengths, strict=True)):
        raise Unreadable(errno.EIO, f"{file.name} is cut off")
    found: list[NDArray[np.uint8]] = []
    for piece in pieces:
        own, parts = parts[: len(piece.offsets)], parts[len(piece.offsets) :]
        found.append(np.frombuffer(own[0] if len(own) == 1 else b"".join(own), np.uint8))
    return found


def _starts(file: ObjectPath, array: Array) -> NDArray[np.int64]:
    size = shard_index_bytes(array)
    index = file.tail(size)
    if len(index) < size:
        raise Unreadable(errno.EIO, f"{file.name} is cut off")
    try:
        return shard_starts(array, index)
    except ValueError as error:
        raise Unreadable(errno.EIO, f"{file.name}: {error}") from None
