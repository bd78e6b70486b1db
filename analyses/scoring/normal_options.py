"""Which option a text is, when both are compared in one normal form."""

from collections.abc import Callable

from .scorer import Asked


def option_of(text: str, asked: Asked, normal: Callable[[str], str]) -> str | None:
    """The first option whose normal form is the text's, as it stands in `asked.options`; None where there is none.

    >>> option_of("RED", Asked("1", options=("blue", "red")), str.lower)
    'red'
    """
    found = normal(text)
    return next((option for option in asked.options if normal(option) == found), None)
