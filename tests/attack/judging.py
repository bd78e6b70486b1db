"""Trying the inputs of an attack, each with its time and its words."""

import time
from collections.abc import Callable, Iterable

from . import memory
from .outcome import Outcome

SLOW_S = 5.0
"""Seconds after which an input counts as one that hangs."""

LONGEST = 3_000
"""Most characters of a message: more is no line."""


def judged(name: str, inputs: Iterable[tuple[str, Callable[[], str]]]) -> Outcome:
    """The outcome of trying inputs, each (what it is called, what tries it).

    Trying returns "" where the input was accepted, or the words in which it was refused, and raises ValueError with
    such words; anything else that it raises is a failure, as are several lines, more than five seconds, and more memory
    than `memory.LARGEST`.
    """
    tried = refused = most = 0
    slowest, failures = 0.0, []
    for called, attempt in inputs:
        started, begun = time.perf_counter(), memory.begin()
        said = ""
        try:
            said = attempt()
        except ValueError as error:
            said = str(error)
            if type(error) in (
                ValueError,
                UnicodeDecodeError,
                UnicodeEncodeError,
            ):  # a library's own
                failures.append(f"{called}: {type(error).__name__}: {said[:200]}")
        except Exception as error:
            failures.append(f"{called}: {type(error).__name__}: {str(error)[:200]}")
        taken = time.perf_counter() - started
        most = max(most, grown := memory.taken_since(begun))
        slowest, tried, refused = max(slowest, taken), tried + 1, refused + bool(said)
        if taken > SLOW_S:
            failures.append(f"{called}: took {taken:.1f} s")
        if grown > memory.LARGEST:
            failures.append(f"{called}: took {grown / 1e6:,.0f} MB")
        if "\n" in said or len(said) > LONGEST:
            failures.append(f"{called}: says {len(said):,} characters in {said.count(chr(10)) + 1} lines")
    return Outcome(name, tried, refused, tried - refused, tuple(failures), slowest, most)
