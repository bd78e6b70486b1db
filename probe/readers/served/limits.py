"""What a server has left before it refuses, by its headers, so that requests slow down before it does.

    x-ratelimit-remaining-requests, x-ratelimit-remaining-tokens     how much it takes until
    x-ratelimit-reset-requests, x-ratelimit-reset-tokens             it takes all again, in so long ("6m0s", "20ms")

Few requests that are left are spread evenly over that time. Source: OpenAI's guide to rate limits.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "": 1.0}

FEW = 16
"""Requests left below which they are spread; more are never reached by those that are under way."""

LONGEST = 900.0
"""Seconds beyond which a reset is not waited for: of a limit by the day the server itself says when it is reached."""


@dataclass(frozen=True)
class Left:
    """How many requests more a server takes within so many seconds."""

    requests: int
    seconds: float


def left_of(headers: Mapping[str, str], tokens: int) -> Left | None:
    """What is left by either limit, whichever is the narrower; None where the server says nothing.

    `tokens` is what a request takes of the limit by tokens, 0 where that is not known.

    >>> left_of({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "1m30s"}, 0)
    Left(requests=3, seconds=90.0)
    >>> left_of({"x-ratelimit-remaining-tokens": "900", "x-ratelimit-reset-tokens": "20ms"}, 400)
    Left(requests=2, seconds=0.02)
    """
    found: list[Left] = []
    for name, each in (("requests", 1), ("tokens", tokens)):
        remaining = headers.get(f"x-ratelimit-remaining-{name}", "").strip()
        seconds = seconds_of(headers.get(f"x-ratelimit-reset-{name}", ""))
        if each and seconds is not None and re.fullmatch("-?[0-9]{1,15}", remaining):
            found.append(Left(max(0, int(remaining)) // each, seconds))
    return min(found, key=lambda left: left.requests, default=None)


def seconds_of(text: str) -> float | None:
    """A duration in seconds; None for what is none.

    >>> seconds_of("6m0s"), seconds_of("20ms"), seconds_of("1.5"), seconds_of("soon")
    (360.0, 0.02, 1.5, None)
    """
    part = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|d|h|m|s|)"
    if not re.fullmatch(f"(?:{part})+", text := text.strip()):
        return None
    return sum(float(number) * SECONDS[unit] for number, unit in re.findall(part, text))


def tokens_of(text: str) -> int:
    """The tokens that a response says it took; 0 where it does not say."""
    try:
        sent: Any = json.loads(text)
    except (ValueError, RecursionError):
        return 0
    usage = sent.get("usage") if isinstance(sent, dict) else None
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and total > 0 else 0


class Pace:
    """When the next request may go, so that those which a server has left last until it has more."""

    def __init__(self) -> None:
        self._spacing = 0.0
        self._until = self._last = -math.inf

    def told(self, left: Left, under_way: int, now: float) -> None:
        """What the server has left, while so many requests are under way that it may not have counted."""
        free = max(0, left.requests - under_way)
        is_near = free < FEW and left.seconds <= LONGEST
        self._spacing = left.seconds / (free + 1) if is_near else 0.0
        self._until = now + left.seconds

    def wait(self, now: float) -> float:
        """Seconds until a request may go, 0 where it may.

        >>> pace = Pace()
        >>> pace.went(0.0)
        >>> pace.told(Left(2, 9.0), 0, 0.0)
        >>> pace.wait(1.0), pace.wait(3.0), pace.wait(10.0)
        (2.0, 0.0, 0.0)
        """
        return 0.0 if now >= self._until else max(0.0, self._last + self._spacing - now)

    def went(self, now: float) -> None:
        """A request goes."""
        self._last = now
