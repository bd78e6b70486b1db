"""A record of a log before it is known what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Record:
    """The values of a line, a row or an entry by name, and its number, counted from 1."""

    line: int
    values: Mapping[str, Any]
