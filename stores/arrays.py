"""One array of the store: its dims, its type, and which of its files one unit owns.

A unit (block of images x condition) owns whole chunks of every array, so that no two writers share a file. Small arrays
have one chunk per unit. Raw tokens have one inner chunk per (image, condition, layer, at most 64 tokens), packed in
shards of all layers of as many images of the block as fit 64 MB.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARD_BYTES = 64 * 2**20
TOKENS_PER_CHUNK = 64
BFLOAT16_NAN = 0x7FC0

SEPARATOR = "."
"""Between the numbers in a chunk file's name: the default "/" makes one to three folders for every file."""


@dataclass(frozen=True, order=True)
class Unit:
    """One block of images under one condition: it is computed, committed and resumed as a whole.

    >>> Unit(3, 12).name
    'b00003-c0012'
    >>> Unit.parse("b00003-c0012")
    Unit(block=3, condition=12)
    """

    block: int
    condition: int

    @property
    def name(self) -> str:
        """The unit's name in the ledger."""
        return f"b{self.block:05d}-c{self.condition:04d}"

    @classmethod
    def parse(cls, name: str) -> "Unit":
        """The unit of a ledger name. Raises ValueError for anything else."""
        block, separator, condition = name.partition("-")
        if separator and block[:1] == "b" and condition[:1] == "c" and (block[1:] + condition[1:]).isdecimal():
            return cls(int(block[1:]), int(condition[1:]))
        raise ValueError(f"{name!r} is no unit name. They look like 'b00003-c0012'.")


@dataclass(frozen=True)
class Array:
    """A Zarr array of the store. `rows` counts the rows of the first axis (image or sample) that one block owns."""

    path: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    rows: int
    chunk: tuple[int, ...]
    shard: tuple[int, ...] | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def per_condition(self) -> bool:
        """Whether every condition has its own part; an array without the axis belongs to condition 0."""
        return "condition" in self.dims

    @property
    def is_text(self) -> bool:
        """Whether the array holds strings (vlen-utf8), which have no fixed size."""
        return self.dtype == "string"

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of the axes of each row, the condition left out."""
        return self.shape[2:] if self.per_condition else self.shape[1:]

    @property
    def bfloat16(self) -> bool:
        """Whether the uint16 numbers are the bits of bfloat16."""
        return self.attrs.get("logical_dtype") == "bfloat16"

    @property
    def is_float(self) -> bool:
        """Whether the values are floating-point numbers, bfloat16 bits included."""
        return self.bfloat16 or self.dtype.startswith("float")

    @property
    def fill(self) -> Any:
        """The value of absent and padded cells: nan, -1 or the empty string, never 0, which is a real value."""
        if self.is_text:
            return ""
        if self.bfloat16:
            return BFLOAT16_NAN
        return math.nan if self.is_float else -1

    @property
    def storage(self) -> "np.dtype[Any]":
        """The numpy type of the stored numbers (object for strings), little-endian as in the files."""
        import numpy as np

        return np.dtype(object) if self.is_text else np.dtype(self.dtype).newbyteorder("<")

    @property
    def item_bytes(self) -> int:
        """Bytes of a stored number, as its type's name says in bits: float16, int32. A string has no fixed size."""
        return int("".join(filter(str.isdecimal, self.dtype))) // 8

    @property
    def file_shape(self) -> tuple[int, ...]:
        """The part of the array that one file holds."""
        return self.shard or self.chunk

    def block_rows(self, block: int) -> int:
        """Number of rows of a block; the last block may have fewer than `rows`."""
        return min(self.rows, self.shape[0] - block * self.rows)

    def unit_shape(self, block: int) -> tuple[int, ...]:
        """The shape of a unit's values: (rows of the block, ...), without the condition axis."""
        return (self.block_rows(block), *self.lengths)

    def files(self, unit: Unit) -> Iterator[tuple[str, slice]]:
        """The files that the unit owns, as (path below the run, rows of the unit array in it)."""
        step = self.file_shape[0]
        for start in range(0, self.block_rows(unit.block), step):
            name = self.file_name((unit.block * self.rows + start) // step, unit.condition)
            yield f"{self.path}/{name}", slice(start, start + step)

    def file_name(self, number: int, condition: int) -> str:
        """The name, in the array's folder, of the file with this number along the rows, under a condition."""
        index = [number, condition] if self.per_condition else [number]
        return SEPARATOR.join(["c", *map(str, index), *["0"] * len(self.lengths)])

    def names(self, units: Iterable[Unit]) -> Iterator[tuple[Unit, str]]:
        """The names of all files of several units in the array's folder: `files` for many at once."""
        tail, step, blocks = f"{SEPARATOR}0" * len(self.lengths), self.file_shape[0], dict[int, list[str]]()
        for unit in units:
            if not self.per_condition and unit.condition:
                continue
            if unit.block not in blocks:
                first = unit.block * self.rows
                last = first + self.block_rows(unit.block)
                blocks[unit.block] = [f"c{SEPARATOR}{row // step}" for row in range(first, last, step)]
            end = f"{SEPARATOR}{unit.condition}{tail}" if self.per_condition else tail
            for start in blocks[unit.block]:
                yield unit, start + end

    @property
    def file_bytes(self) -> int | None:
        """Bytes of each of its files without compression; None where that depends on the values."""
        if self.is_text or self.shard is not None:
            return None
        return math.prod(self.chunk) * self.item_bytes

    def owner(self, file: str) -> Unit:
        """The unit that owns the chunk file of this name.

        Raises ValueError where it is no chunk file.
        """
        mark, *index = file.split(SEPARATOR)
        if mark != "c" or len(index) != len(self.shape) or not all(part.isdecimal() for part in index):
            raise ValueError(f"{self.path}/{file} is no chunk file. They look like {self.path}/c.0.3.0")
        return Unit(int(index[0]) * self.file_shape[0] // self.rows, int(index[1]) if self.per_condition else 0)

    def full(self, shape: tuple[int, ...]) -> "NDArray[Any]":
        """An array of fill values in the stored type."""
        import numpy as np

        return np.full(shape, self.fill, dtype=self.storage)

    def unit_bytes(self, block: int) -> int:
        """Bytes of one unit's files if nothing is compressed or absent. Strings, of unknown length, count as 0."""
        if self.is_text:
            return 0
        size = self.item_bytes
        if self.shard is None:
            return math.prod(self.chunk) * size
        rows, files = self.block_rows(block), math.ceil(self.block_rows(block) / self.shard[0])
        index = 16 * math.prod(s // c for s, c in zip(self.shard, self.chunk, strict=True)) + 4
        return rows * math.prod(self.shard[1:]) * size + files * index


def token_chunk(tokens: int) -> tuple[int, int]:
    """Tokens per inner chunk, and chunks: pieces of at most 64 that waste the least padding.

    >>> token_chunk(196), token_chunk(576), token_chunk(30)
    ((49, 4), (64, 9), (30, 1))
    """
    pieces = max(1, math.ceil(tokens / TOKENS_PER_CHUNK))
    return math.ceil(tokens / pieces), pieces


def shard_rows(block_size: int, row_bytes: int) -> int:
    """Images per shard: the largest divisor of the block that stays within 64 MB, at least one.

    >>> shard_rows(16, 10 * 2**20), shard_rows(16, 100 * 2**20), shard_rows(16, 10)
    (4, 1, 16)
    """
    fitting = [n for n in range(1, block_size + 1) if block_size % n == 0 and n * row_bytes <= SHARD_BYTES]
    return max(fitting, default=1)
