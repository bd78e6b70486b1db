"""JSON files that carry the checksum of their own content: what is read is what was written, or it is refused."""

import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from .files import plain, read_regular

LARGEST = 1 << 30
"""Bytes of the longest sealed file that is read."""

_SEAL = re.compile(rb',\n "crc32": ([0-9]{1,10})\n\}\n\Z')
_TAIL = 40


class Broken(ValueError):
    """A sealed file that is not as it was written."""


def seal(content: Mapping[str, Any]) -> bytes:
    """The content as JSON, with the CRC-32 of all bytes before it as the last entry.

    Raises TypeError for what JSON cannot write, ValueError for a number that is not finite and for empty content.

    >>> seal({"unit": "b00000-c0000"}).decode()
    '{\\n "unit": "b00000-c0000",\\n "crc32": 2104055796\\n}\\n'
    """
    if not content:
        raise ValueError("an empty file is not sealed.")
    text = json.dumps(content, indent=1, allow_nan=False, default=plain)
    body = text.removesuffix("\n}").encode("ascii")
    return body + f',\n "crc32": {zlib.crc32(body)}\n}}\n'.encode("ascii")


def unseal(data: bytes) -> dict[str, Any]:
    """What was sealed. Raises Broken.

    >>> unseal(seal({"a": 1}))
    {'a': 1}
    >>> unseal(seal({"a": 1}).replace(b"1", b"2", 1))
    Traceback (most recent call last):
    stores.sealed.Broken: its content has another checksum than it was written with
    """
    require_whole(data)
    try:
        content = json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Broken("it is no JSON") from None
    if not isinstance(content, dict):
        raise Broken("it is no JSON object")
    return {name: value for name, value in cast("dict[str, Any]", content).items() if name != "crc32"}


def require_whole(data: bytes) -> None:
    """Raise Broken where the bytes are not those that were sealed."""
    found = _seal_of(data)
    if found is None:
        raise Broken("it is cut off, or not of this version" if data else "it is empty")
    if zlib.crc32(data[: found.start()]) != int(found[1]):
        raise Broken("its content has another checksum than it was written with")


def has_seal(data: bytes) -> bool:
    """Whether bytes end as sealed ones do, whatever is before that."""
    return _seal_of(data) is not None


def _seal_of(data: bytes) -> "re.Match[bytes] | None":
    return _SEAL.search(data, max(0, len(data) - _TAIL))


def read(path: Path) -> dict[str, Any]:
    """What was sealed in a file. Raises Broken, FileNotFoundError, and OSError for what cannot be read."""
    return unseal(read_regular(path, LARGEST))


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON.")
