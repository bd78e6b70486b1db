"""How many threads numpy's matrix products take.

A small product costs less than waking the library's other threads, which wait for each other busily: on a machine whose
cores have something else to do, one of a millisecond took sixty.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

_lock = Lock()
_inside: list[Any] = []


@contextmanager
def one_thread() -> Generator[None, None, None]:
    """Matrix products on one thread, whoever makes them; as before once the last one who asked for it is through."""
    with _lock:
        if not _inside:
            _inside.append(_libraries().limit(limits=1, user_api="blas"))
            _inside[0].__enter__()
        _inside.append(None)
    try:
        yield
    finally:
        with _lock:
            _inside.pop()
            if len(_inside) == 1:
                _inside.pop().__exit__(None, None, None)


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController  # which looks through all that is loaded: once

    return ThreadpoolController()
