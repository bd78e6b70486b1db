"""What came of an attack."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How many inputs were tried, refused in words and accepted; `failures` say what else happened.

    `most_bytes` is the memory that an input took, beyond what the process had; 0 where that is not measured.
    """

    name: str
    tried: int
    refused: int
    accepted: int
    failures: tuple[str, ...]
    slowest_s: float
    most_bytes: int = 0
