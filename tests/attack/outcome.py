"""What came of an attack."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How many inputs were tried, refused in words and accepted; `failures` say what else happened."""

    name: str
    tried: int
    refused: int
    accepted: int
    failures: tuple[str, ...]
    slowest_s: float
