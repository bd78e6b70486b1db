"""Parts of the uncompressed files of units, read without their neighbours and made float32 on the way.

A file holds rows (images or samples) one after another, each of them parts along the axis behind the condition (mostly
the layer). What is wanted of it are pieces: bytes that lie together, and what of them goes where. A piece is read into
a buffer that stays in the processor's cache, and from there into its place.
"""

# numcodecs' and google_crc32c's signatures are not typed.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

import errno
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import google_crc32c
import numpy as np
from numcodecs.vlen import VLenUTF8
from numpy.typing import NDArray

from .arrays import Array
from .half_floats import put_bfloat16, put_float16
from .shard import ABSENT

BUFFER_BYTES = 2**19
"""Bytes that are read at once where rows are short: the processor's cache holds them and what they become."""

SHORT_ROW = 2**12
"""Bytes of a row that is read whole, whatever is wanted of it: a disk gives no less."""

LONG_ROW = 2**14
"""Bytes of a row from which on it is converted by itself."""

AT_ONCE = min(os.sysconf("SC_IOV_MAX"), 1024)

Place = tuple[int | slice, ...]


class Unreadable(OSError):
    """A file of a committed unit is missing or short, or a part of it is not as it was written."""


@dataclass(frozen=True)
class Part:
    """What is wanted of each row: runs of neighbours along the axis behind the condition, and a box of all others.

    A run is (first position, length, position in the target).
    """

    runs: tuple[tuple[int, int, int], ...]
    box: tuple[slice, ...]


@dataclass(frozen=True)
class Piece:
    """Bytes of a file: where equal parts of them begin, their shape together, which are wanted, and their place."""

    offsets: Sequence[int]
    shape: tuple[int, ...]
    cut: Place
    place: Place


def chunk_pieces(array: Array, rows: slice, part: Part) -> Iterator[Piece]:
    """The pieces of a chunk file that hold a part of each of its rows, to be placed in (row, …)."""
    lengths, size = array.lengths, array.storage.itemsize
    row_bytes = math.prod(lengths) * size
    whole = not lengths or row_bytes <= SHORT_ROW or part.runs == ((0, lengths[0], 0),)
    if whole:
        step = max(1, BUFFER_BYTES // max(1, row_bytes))
        for start in range(rows.start, rows.stop, step):
            count = min(step, rows.stop - start)
            here = slice(start - rows.start, start - rows.start + count)
            for first, length, place in part.runs if lengths else ():
                cut = (slice(None), slice(first, first + length), *part.box)
                yield Piece((start * row_bytes,), (count, *lengths), cut, (here, slice(place, place + length)))
            if not lengths:
                yield Piece((start * row_bytes,), (count,), (), (here,))
        return
    of_one = row_bytes // lengths[0]
    for first, length, place in part.runs:
        step = max(1, BUFFER_BYTES // (length * of_one))
        for start in range(rows.start, rows.stop, step):
            stop = min(start + step, rows.stop)
            offsets = range(start * row_bytes + first * of_one, stop * row_bytes, row_bytes)
            here = (slice(start - rows.start, stop - rows.start), slice(place, place + length))
            yield Piece(offsets, (stop - start, length, *lengths[1:]), (slice(None), slice(None), *part.box), here)


def shard_pieces(array: Array, starts: NDArray[np.int64], rows: slice, part: Part) -> Iterator[Piece]:
    """The pieces of a shard that hold a part (layer, token, feature) of each of its rows, to be placed in (row, …).

    `starts` are those of `shard_starts`. Tokens that are not in the file are in no piece.
    """
    tokens, features = part.box
    of_token, token_bytes = array.shape[-1], array.shape[-1] * array.storage.itemsize
    step = max(1, BUFFER_BYTES // max(1, token_bytes))
    layers = [(first + k, place + k) for first, length, place in part.runs for k in range(length)]
    for image in range(rows.start, rows.stop):
        for layer, place in layers:
            start, there = starts[image, layer].tolist()
            stop = min(tokens.stop, there)
            for token in range(tokens.start, stop, step):
                count = min(step, stop - token)
                here = (image - rows.start, place, slice(token - tokens.start, token - tokens.start + count))
                yield Piece((start + token * token_bytes,), (count, of_token), (slice(None), features), here)


def shard_index_bytes(array: Array) -> int:
    """Bytes at the end of a shard that say where its inner chunks are."""
    assert array.shard is not None
    return 16 * math.prod(s // c for s, c in zip(array.shard, array.chunk, strict=True)) + 4


def shard_starts(array: Array, index: bytes) -> NDArray[np.int64]:
    """(row, layer, 2) where the tokens of each row and layer begin in a shard, and how many are there, from its index.

    Raises ValueError for an index that this project does not write: tokens lie together from the first one on.
    """
    assert array.shard is not None
    if int(google_crc32c.value(index[:-4])) != int.from_bytes(index[-4:], "little"):  # pyright: ignore
        raise ValueError("its index has another checksum than it was written with")
    rows, _, layers, padded, features = array.shard
    per_chunk = array.chunk[3]
    entries = np.frombuffer(index[:-4], "<u8").reshape(rows, layers, padded // per_chunk, 2)
    offsets, there = entries[..., 0], entries[..., 0] != ABSENT
    count = there.sum(axis=-1)
    chunk_bytes = per_chunk * features * array.storage.itemsize
    follow = offsets[..., 1:] - offsets[..., :-1] == chunk_bytes  # uint64 differences of absent ones are never that
    together = (follow | ~there[..., 1:]).all() and (there[..., :-1] | ~there[..., 1:]).all()
    if not together or (entries[there][:, 1] != chunk_bytes).any():
        raise ValueError("its index is none that this project writes")
    found = np.zeros((rows, layers, 2), np.int64)
    found[..., 0] = np.where(count > 0, offsets[..., 0], 0)
    found[..., 1] = count * per_chunk
    return found


def read(folder: int, name: str, array: Array, rows: slice, part: Part, target: NDArray[Any]) -> None:
    """Read a part of each of the `rows` of a file of an open folder into the target (row, …); what is absent is filled.

    Raises FileNotFoundError where there is no such file, Unreadable where it is not as it was written.
    """
    descriptor, storage = open_file(folder, name), array.storage
    try:
        if array.shard is None:
            pieces = chunk_pieces(array, rows, part)
        else:
            starts = _starts(descriptor, name, array)
            if (starts[rows, :, 1] < part.box[0].stop).any():
                target[...] = np.nan
            pieces = shard_pieces(array, starts, rows, part)
        buffer = np.empty(0, np.uint8)
        for piece in pieces:
            wanted = target[piece.place]
            if target.dtype == storage and wanted.shape == piece.shape and (lines := _lines(wanted, piece)):
                _read_parts(descriptor, name, piece.offsets, lines)
                continue
            size = math.prod(piece.shape) * storage.itemsize
            buffer = buffer if len(buffer) >= size else np.empty(size, np.uint8)
            _read_parts(descriptor, name, piece.offsets, list(buffer[:size].reshape(len(piece.offsets), -1)))
            put(array, buffer[:size].view(storage).reshape(piece.shape)[piece.cut], wanted)
    finally:
        os.close(descriptor)


def read_texts(folder: int, name: str, array: Array) -> NDArray[Any]:
    """(row, …) the texts of all rows of a file of an open folder. Raises as `read`."""
    descriptor = open_file(folder, name)
    try:
        size = os.fstat(descriptor).st_size
        data = np.empty(size, np.uint8)
        _read_at(descriptor, name, 0, [data])
        texts: NDArray[Any] = VLenUTF8().decode(data)
        return texts.reshape(-1, *array.lengths)
    except ValueError as error:
        raise Unreadable(errno.EIO, f"{name} holds no texts ({error})") from None
    finally:
        os.close(descriptor)


def open_file(folder: int, name: str) -> int:
    """The descriptor of a file of an open folder; a link is none."""
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | getattr(os, "O_CLOEXEC", 0), dir_fd=folder)


def put(array: Array, stored: NDArray[Any], target: NDArray[Any]) -> None:
    """Write stored numbers into a target of their shape: floats as float32."""
    if not (array.bfloat16 or stored.dtype == np.float16):
        target[...] = stored
        return
    put_floats = put_bfloat16 if array.bfloat16 else put_float16
    if target.flags.c_contiguous:
        put_floats(stored, target)
    elif target.ndim > 1 and target[0].flags.c_contiguous and target[0].nbytes >= LONG_ROW:
        for row, wide in zip(stored, target, strict=True):
            put_floats(row, wide)
    else:  # several passes over memory that lies together take less time than over some that does not
        wide = np.empty(target.shape, np.float32)
        put_floats(stored, wide)
        target[...] = wide


def _lines(target: NDArray[Any], piece: Piece) -> list[NDArray[Any]]:
    """A target as arrays whose memory lies together, for each part of a piece; none where there are too many."""
    if target.flags.c_contiguous and len(piece.offsets) == 1:
        return [target]
    long = target.ndim > 1 and target[0].flags.c_contiguous and target[0].nbytes >= LONG_ROW
    return list(target) if long else []  # many short ones take longer than a copy


def _read_parts(descriptor: int, name: str, offsets: Sequence[int], buffers: list[NDArray[Any]]) -> None:
    if len(offsets) == 1:
        _read_at(descriptor, name, offsets[0], buffers)
        return
    for offset, buffer in zip(offsets, buffers, strict=True):
        _read_at(descriptor, name, offset, [buffer])


def _starts(descriptor: int, name: str, array: Array) -> NDArray[np.int64]:
    index = np.empty(shard_index_bytes(array), np.uint8)
    offset = os.fstat(descriptor).st_size - len(index)
    if offset < 0:
        raise Unreadable(errno.EIO, f"{name} is cut off")
    _read_at(descriptor, name, offset, [index])
    try:
        return shard_starts(array, index.tobytes())
    except ValueError as error:
        raise Unreadable(errno.EIO, f"{name}: {error}") from None


def _read_at(descriptor: int, name: str, offset: int, buffers: list[NDArray[Any]]) -> None:
    """Fill buffers, each contiguous, with what stands from an offset on."""
    for first in range(0, len(buffers), AT_ONCE):
        some = buffers[first : first + AT_ONCE]
        size = sum(buffer.nbytes for buffer in some)
        done = os.preadv(descriptor, [buffer.data for buffer in some], offset)
        if done < size:  # a call reads 2 GiB at most, and may be interrupted
            done += _read_rest(descriptor, some, offset, done)
        if done < size:
            raise Unreadable(errno.EIO, f"{name} is cut off")
        offset += size


def _read_rest(descriptor: int, buffers: list[NDArray[Any]], offset: int, done: int) -> int:
    """Go on filling buffers of which `done` bytes are there; how many bytes came."""
    came = 0
    for buffer in buffers:
        view = buffer.reshape(-1).view(np.uint8)
        skipped = min(done, len(view))
        done -= skipped
        while skipped < len(view):
            count = os.preadv(descriptor, [view[skipped:].data], offset + skipped)
            if not count:
                return came
            skipped, came = skipped + count, came + count
        offset += len(view)
    return came
