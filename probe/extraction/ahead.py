"""Work that threads do ahead of whoever uses it, in order, with no more of it in memory than there is room for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

Made = TypeVar("Made")

PICTURE_BYTES = 256 << 20
"""Bytes of pictures that a block holds of each sort: as they were read, and as they are to be shown next."""


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


def ahead(
    pool: ThreadPoolExecutor, work: Iterable[tuple[int, Callable[[], Made]]], *, most: int, room: int
) -> Iterator[Made]:
    """The results of (bytes of a result, what makes it), in order.

    At most `most` are under way or wait for their turn, and no more than fit into `room` bytes, but always one.
    """
    waiting: deque[tuple[int, Future[Made]]] = deque()
    held = 0
    for size, make in work:
        while waiting and (len(waiting) >= most or held + size > room):
            done, future = waiting.popleft()
            held -= done
            yield future.result()
        waiting.append((size, pool.submit(make)))
        held += size
    while waiting:
        yield waiting.popleft()[1].result()
