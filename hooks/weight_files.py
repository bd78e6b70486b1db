"""The weights of a checkpoint, as the headers of its safetensors files describe them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NoReturn, TypeGuard, cast

from .checkpoint_files import read_object
from .provenance import ModelError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
CURE = "Take the checkpoint anew."

LONGEST_HEADER = 100_000_000
"""Bytes of a header, as the format limits it."""

BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
"""Bits of a number of each type of the format."""

PACKED = 8
"""Weights that may be packed in a byte of whole numbers."""


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as a header describes it."""

    file: Path
    dtype: str
    shape: tuple[int, ...]

    @property
    def weights(self) -> int:
        """How many weights it may hold, packed ones included."""
        packed = PACKED * BITS[self.dtype] // 8 if self.dtype[0] in "IU" else 1
        return prod(self.shape) * packed


Stored = Mapping[str, StoredTensor]
"""By name."""


def stored(source: str, directory: Path, named: str | None = None) -> Stored:
    """All tensors that the library reads from a folder: `named` in its config, one file, or the shards of an index.

    Raises ModelError, with the file and a cure, where a file is damaged, where index and files disagree, or where a
    folder has two sets of weights.
    """
    single, index = directory / SINGLE, directory / INDEX
    if named is not None:
        chosen = directory / _plain_name(source, directory / "config.json", named)
        return _of_index(source, chosen) if chosen.name.endswith(".index.json") else header(source, chosen)
    if not index.is_file():
        return header(source, single) if single.is_file() else {}
    if single.is_file() and set(_weight_map(source, index).values()) != {SINGLE}:
        raise ModelError(
            f"model {source!r}: {directory} has two sets of weights, {SINGLE} and those of {INDEX}. Take one away."
        )
    return _of_index(source, index)


def _of_index(source: str, index: Path) -> Stored:
    """The tensors of the shards that an index names, each where it says."""
    placed = _weight_map(source, index)
    found: dict[str, StoredTensor] = {}
    shards = sorted(set(placed.values()))
    if lost := [shard for shard in shards if not (index.parent / shard).is_file()]:
        _refuse(source, index, f"names {lost[0]}, which is not there")
    for file in (index.parent / shard for shard in shards):
        for name, tensor in header(source, file).items():
            if placed.get(name) != file.name:
                elsewhere = f"{index.name} puts in {placed[name]}" if name in placed else f"{index.name} does not name"
                _refuse(source, file, f"holds {name!r}, which {elsewhere}")
            found[name] = tensor
    if lost := sorted(placed.keys() - found.keys()):
        _refuse(source, index, f"puts {lost[0]!r} in {placed[lost[0]]}, which does not hold it")
    return found


def _weight_map(source: str, index: Path) -> dict[str, str]:
    placed = read_object(source, index).get("weight_map")
    if not isinstance(placed, dict) or not placed:
        _refuse(source, index, "has no weight_map")
    places = cast(dict[str, Any], placed)
    return {name: _plain_name(source, index, shard) for name, shard in places.items()}


def _plain_name(source: str, named_in: Path, name: Any) -> str:
    """A file's name that is nothing else: no path leaves the folder."""
    if not isinstance(name, str) or Path(name).name != name or not name.endswith((".safetensors", ".index.json")):
        _refuse(source, named_in, f"names {name!r} as weights, which is no safetensors file beside it")
    return name


def header(source: str, file: Path) -> Stored:
    """The tensors of one safetensors file.

    Raises ModelError where the file is shorter or longer than its header says, or the header is none.
    """
    if not file.is_file():
        _refuse(source, file, "is no regular file" if file.exists() else "is not there")
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, LONGEST_HEADER):
            _refuse(source, file, f"is no whole safetensors file: it has {size} bytes, its header {length}")
        try:
            entries = json.loads(stream.read(length).decode("utf-8"), object_pairs_hook=_once)
        except (ValueError, RecursionError):
            _refuse(source, file, "has a header that is no JSON")
    if not isinstance(entries, dict):
        _refuse(source, file, "has a header that is no JSON object")
    described = cast(dict[str, Any], entries)
    described.pop("__metadata__", None)
    _check_extent(source, file, described, size - 8 - length)
    return {name: StoredTensor(file, each["dtype"], tuple(each["shape"])) for name, each in described.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("a name stands there twice")
    return read


def _check_extent(source: str, file: Path, entries: Mapping[str, Any], length: int) -> None:
    """Raise ModelError unless the tensors fill the file without gap or overlap, each with the bytes of its shape."""
    extents: list[tuple[int, int, str]] = []
    for name, entry in entries.items():
        if (extent := _extent(entry)) is None:
            _refuse(source, file, f"describes the tensor {name!r} in no way that can be read")
        extents.append((*extent, name))
    end = 0
    for start, stop, name in sorted(extents):
        if start != end:
            _refuse(source, file, f"has a gap or an overlap before the tensor {name!r}")
        end = stop
    if end != length:
        _refuse(
            source, file, f"has {length} bytes of weights where its header describes {end}: it is cut or was changed"
        )


def _extent(entry: Any) -> tuple[int, int] | None:
    """First byte of a tensor and that after its last, None where dtype, shape and offsets do not go together."""
    if not isinstance(entry, dict):
        return None
    fields = cast(dict[str, Any], entry)
    dtype, shape, offsets = (fields.get(name) for name in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in BITS or not _whole(shape) or not _whole(offsets) or len(offsets) != 2:
        return None
    start, stop = offsets
    return (start, stop) if (stop - start) * 8 == prod(shape) * BITS[dtype] else None


def _whole(values: Any) -> TypeGuard[list[int]]:
    """Whether a value is a list of whole numbers from 0."""
    return isinstance(values, list) and all(type(each) is int and each >= 0 for each in cast(list[Any], values))


def _refuse(source: str, file: Path, what: str) -> NoReturn:
    raise ModelError(f"model {source!r}: {file} {what}. {CURE}")
