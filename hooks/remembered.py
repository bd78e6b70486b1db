"""What functions make of texts, remembered while the texts are not too long together."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import TypeVar

CHARACTERS = 2**23
"""Characters of the texts whose results one function remembers: all conditions of an image ask the same questions."""

Made = TypeVar("Made")


def remembered(function: Callable[..., Made]) -> Callable[..., Made]:
    """The function, which makes nothing twice of texts that were asked for lately; all arguments must be hashable.

    Many short texts are remembered, or a few long ones: those that were not asked for longest go first.
    """
    made: OrderedDict[tuple[Hashable, ...], Made] = OrderedDict()
    lock, held = Lock(), [0]

    @wraps(function)
    def once(*key: Hashable) -> Made:
        with lock:
            if key in made:
                made.move_to_end(key)
                return made[key]
        found = function(*key)
        with lock:
            if key not in made:
                made[key] = found
                held[0] += _length(key)
            while held[0] > CHARACTERS:
                oldest, _ = made.popitem(last=False)
                held[0] -= _length(oldest)
        return found

    return once


def _length(key: tuple[Hashable, ...]) -> int:
    return sum(len(part) for part in key if isinstance(part, str))
