"""Extraction: from settings to a plan, from a plan to a run of committed units.

Names are imported when first used, so that settings can be read without what executes them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .execution import Execution
    from .run import extract

__all__ = ["Execution", "extract"]

_HOME = {"Execution": "execution", "extract": "run"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"package 'probe.extraction' has no {name!r}; it has {', '.join(__all__)}")
