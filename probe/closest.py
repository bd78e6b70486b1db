"""The nearest known name, for error messages that name the cure."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A half sentence that names the closest known name, or nothing where none is close.

    >>> did_you_mean("rotatoin", ["rotation", "scale"])
    " Did you mean 'rotation'?"
    >>> did_you_mean("zebra", ["rotation", "scale"])
    ''
    """
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {matches[0]!r}?" if matches else ""
