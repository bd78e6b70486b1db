"""Whether there are model families beside those of the table: asked without importing any, or a model library."""

import sys
from importlib.metadata import entry_points

GROUP = "probe.families"
"""The entry points by which an installed package offers its families."""


def may_be_any() -> bool:
    """Whether a family may have been added in this process, or is offered by an installed package."""
    # to add one, the table must have been imported
    return f"{__package__}.families" in sys.modules or bool(entry_points(group=GROUP))
