"""The nearest known name, for error messages that name the cure."""

from collections.abc import Iterable
from difflib import get_close_matches

SHORTEST = 3
"""Fewer characters begin too many names to mean one."""

LONGEST = 200
"""More characters are no name, and take long to compare."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A half sentence that names the known name that this one begins, else the closest, or nothing where none is close.

    >>> did_you_mean("rotatoin", ["rotation", "scale"])
    " Did you mean 'rotation'?"
    >>> did_you_mean("rot", ["rotation", "scale"])
    " Did you mean 'rotation'?"
    >>> did_you_mean("zebra", ["rotation", "scale"])
    ''
    """
    if len(name) > LONGEST:
        return ""
    names = list(known)
    begun = [one for one in names if len(name) >= SHORTEST and one.startswith(name)]
    matches = begun or get_close_matches(name, names, n=1, cutoff=0.6)
    return f" Did you mean {matches[0]!r}?" if matches else ""
