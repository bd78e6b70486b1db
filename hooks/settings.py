"""What a setting must be: one place says so, in the same words to Python and to the command line.

Each function takes the setting's name and what was given, and returns it as a plain Python value; numpy's numbers,
switches and texts count as Python's. ValueError says what is wrong, what came and what to do.
"""

import operator
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from os import PathLike, fsdecode
from os.path import expanduser
from typing import Any


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """One of a few words.

    >>> choice("keep", "pooled", ["tokens", "pooled"])
    'pooled'
    >>> choice("keep", "poled", ["tokens", "pooled"])
    Traceback (most recent call last):
    ValueError: keep 'poled' is unknown. Did you mean 'pooled'? Choose one of: tokens, pooled.
    """
    if isinstance(value, str) and value in choices:
        return str(value)
    near = get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name} {value!r} is unknown.{hint} Choose one of: {', '.join(choices)}.")


def whole(name: str, value: Any, *, least: int | None = None) -> int:
    """A whole number, of at least `least`. True and 2.5 are none.

    >>> whole("limit", 0, least=1)
    Traceback (most recent call last):
    ValueError: limit 0 is too small. Give 1 or more.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise ValueError(f"{name} {value!r} is no whole number. Give one, such as {max(least or 0, 1)}.")
    if least is not None and number < least:
        raise ValueError(f"{name} {number} is too small. Give {least} or more.")
    return number


def switch(name: str, value: Any) -> bool:
    """On or off.

    >>> switch("plain", "no")
    Traceback (most recent call last):
    ValueError: plain 'no' is neither on nor off. Give True or False.
    """
    if type(value).__name__ in ("bool", "bool_"):  # numpy's is called either
        return bool(value)
    raise ValueError(f"{name} {value!r} is neither on nor off. Give True or False.")


def text(name: str, value: Any) -> str:
    """A text that is not blank.

    >>> text("revision", " ")
    Traceback (most recent call last):
    ValueError: revision ' ' is no name. Give a text, or leave it out.
    """
    if isinstance(value, str) and value.strip():
        return str(value)
    raise ValueError(f"{name} {value!r} is no name. Give a text, or leave it out.")


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Several texts; one alone may stand for itself.

    >>> texts("perturb", "driving"), texts("perturb", ["white", "driving:1"])
    (('driving',), ('white', 'driving:1'))
    """
    if isinstance(value, str):
        value = (value,)
    if isinstance(value, Iterable):
        return tuple(text(name, each) for each in value)
    raise ValueError(f"{name} {value!r} is no list of texts. Give some, or leave it out.")


def place(name: str, value: Any) -> str:
    """A name, or the path of a file or folder as text: `~` is the home folder, the rest stays as it is written.

    >>> from pathlib import Path
    >>> place("dataset", Path("data") / "questions.jsonl")
    'data/questions.jsonl'
    """
    if isinstance(value, bytes | PathLike):
        value = fsdecode(value)
    written = text(name, value)
    if "\0" in written:
        raise ValueError(f"{name} {written!r} holds a null character, which no path can. Check how it is spelt.")
    return expanduser(written)
