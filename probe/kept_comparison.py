"""What tells a kept comparison of runs from a run with answers of its own: a word in its plan."""

from collections.abc import Mapping
from os import PathLike
from typing import Any

COMPARISON = "comparison"
"""The key of the plan under which stands what was compared, in place of settings."""


def refuse(plan: Mapping[str, Any], path: str | PathLike[str]) -> None:
    """Raise ValueError for the plan of a kept comparison, which has no samples.

    >>> refuse({"comparison": {}}, "runs/pair")
    Traceback (most recent call last):
    ValueError: runs/pair is a comparison of runs and has no answers of its own. Give the runs themselves.
    """
    if COMPARISON in plan:
        raise ValueError(f"{path} is a comparison of runs and has no answers of its own. Give the runs themselves.")
