"""The same thing done of many files of a run: one after another in a folder, many at once in an object store."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from .object_paths import ObjectPath

AT_ONCE = 16
"""Requests that an object store has at a time: each takes long, and they hardly slow one another."""

T = TypeVar("T")
R = TypeVar("R")


def each(home: Path, do: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
    """What `do` returns of each thing, in order."""
    if not isinstance(home, ObjectPath):
        yield from map(do, things)
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(do, thing) for thing in things]
        try:
            for future in waiting:
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()
