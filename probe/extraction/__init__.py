"""Extraction: from settings to a plan, from a plan to a run of committed units."""

from .execution import Execution
from .run import extract

__all__ = ["Execution", "extract"]
