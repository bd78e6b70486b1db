"""Work that threads do ahead of whoever uses it, in order, with no more of it in memory than there is room for."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")

PICTURE_BYTES = 256 << 20
"""Bytes of pictures that a block holds of each sort: as they were read, and as they are to be shown next."""

MOST_THREADS = 16
"""The most threads that prepare pictures, however many processors there are."""


def usable_threads(processes: int = 1) -> int:
    """How many threads prepare pictures: the processors that this process may use, shared by `processes` like it."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(2, min(MOST_THREADS, usable // processes))


class Room:
    """Bytes that may be held, for threads that share them."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = Lock()

    def take(self, size: int) -> bool:
        """Whether there was room for so many bytes more, which are taken then."""
        with self._lock:
            fits = size <= self._left
            self._left -= size if fits else 0
        return fits


class Ahead(Generic[Made]):
    """The results of (bytes of a result, what makes it), in order; the first are begun at once.

    At most `most` are under way or wait for their turn, and no more than fit into `room` bytes, but always one.
    """

    def __init__(
        self, pool: ThreadPoolExecutor, work: Iterable[tuple[int, Callable[[], Made]]], *, most: int, room: int
    ) -> None:
        self._pool = pool
        self._work = iter(work)
        self._next = next(self._work, None)
        self._most = most
        self._room = room
        self._held = 0
        self._waiting: deque[tuple[int, Future[Made]]] = deque()
        self._begin()

    def __iter__(self) -> Iterator[Made]:
        return self

    def __next__(self) -> Made:
        if not self._waiting:
            raise StopIteration
        size, future = self._waiting.popleft()
        made = future.result()
        self._held -= size
        self._begin()
        return made

    def _begin(self) -> None:
        while self._next is not None:
            size, make = self._next
            if self._waiting and (len(self._waiting) >= self._most or self._held + size > self._room):
                return
            self._waiting.append((size, self._pool.submit(make)))
            self._held += size
            self._next = next(self._work, None)
