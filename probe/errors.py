"""The errors that a user can fix: each says what was wrong, what came and what to do."""

from collections.abc import Sequence
from pathlib import Path


class PlanError(ValueError):
    """The run as asked for cannot be done."""


class PlanMismatch(PlanError):
    """A run at this path was planned differently."""

    def __init__(self, path: Path, differences: Sequence[str]) -> None:
        self.differences = tuple(differences)
        listed = "\n".join(f"  {line}" for line in differences)
        super().__init__(
            f"{path} contains a run with another plan:\n{listed}\n"
            "Ask for the same plan to resume it, or choose another path."
        )


class Interrupted(KeyboardInterrupt):
    """Stopped by the user; what was committed is safe."""

    def __init__(self, path: Path, done: int, total: int) -> None:
        super().__init__(
            f"Interrupted: {done} of {total} units are safe in {path}. Run the same command again to go on."
        )
