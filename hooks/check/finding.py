"""The result of a check, and how one fails."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model import Model

Check = Callable[["Model"], str]
"""Runs on a model and returns what it measured; raises where something does not hold."""


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: whether it holds, and what was measured, or why it does not hold."""

    name: str
    ok: bool
    detail: str


class Wrong(Exception):
    """Something that was checked does not hold."""


def found(name: str, run: Check, model: "Model") -> Finding:
    """The finding of one check."""
    try:
        return Finding(name, True, run(model))
    except Exception as error:  # a wrong entry can fail anywhere in model or tracer; the finding carries the reason
        return Finding(name, False, str(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}")


def require(condition: bool, message: str) -> None:
    """Raise Wrong with the message unless the condition holds."""
    if not condition:
        raise Wrong(message)
