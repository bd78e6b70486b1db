"""How the answers of a run without scores were told: by log-probabilities, by their text, or not at all."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import stores
from stores import ledger

from ..readers.answers import CHOICE


@dataclass(frozen=True)
class Told:
    """Answers to questions with options: `scored` by log-probabilities, `read` from their texts, told by neither."""

    scored: int
    read: int
    untold: int

    def __str__(self) -> str:
        """In words.

        >>> print(Told(3, 1, 0))
        Of 4 answers among options 3 are scored by log-probabilities, 1 is read from its text, 0 could not be told.
        """
        of_text = "1 is read from its text" if self.read == 1 else f"{self.read:,} are read from their texts"
        are = "is" if self.scored == 1 else "are"
        return (
            f"Of {self.scored + self.read + self.untold:,} answers among options {self.scored:,} {are} scored by "
            f"log-probabilities, {of_text}, {self.untold:,} could not be told."
        )


def counted(path: Path) -> Told | None:
    """How the answers of a run were told; None where each has scores, or nothing was chosen among.

    Views under conditions that are undefined for them are not counted.
    """
    run = stores.open_run(path)
    if CHOICE.name not in run.answers or "option_text" not in run.samples:
        return None
    has_options = (run.samples.option_text != "").any("option").values[:, None]
    chosen = run.answers[CHOICE.name].values >= 0
    scored = np.isfinite(run.answers.log_likelihood.values).any(axis=-1)
    by_score, by_text = (int(np.count_nonzero(which & has_options)) for which in (chosen & scored, chosen & ~scored))
    with_options = set(run.samples.sample.values[has_options[:, 0]].tolist())
    failed = sum(len(with_options & entry["failed"].keys()) for _, entry in ledger.entries(path))
    return Told(by_score, by_text, failed) if with_options else None
