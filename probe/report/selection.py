"""Which pairs of a sample and a condition are shown where there are more than a page holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hooks.settings import whole

from .population import Population

SHARES = {"flips": 0.4, "dangerous": 0.25, "others": 0.35}
"""Of the places on the page; what one group leaves goes to the others, in this order."""

FARTHEST = 0.6
"""Of the others: the share that moved farthest. The rest is drawn from all others."""


@dataclass(frozen=True)
class Selection:
    """The pairs that are shown, as places in a population, in its order.

    `shown` and `there` count each group of `SHARES`, `farthest` those of the others that were taken by their drift.
    `judged` of the `asked` samples were searched for dangerous pairs.
    """

    samples: NDArray[np.intp]
    conditions: NDArray[np.intp]
    shown: dict[str, int]
    there: dict[str, int]
    farthest: int
    judged: int = 0
    asked: int = 0

    @property
    def sentence(self) -> str:
        """What is shown of how many, for the page.

        >>> none = np.zeros(0, np.intp)
        >>> Selection(none, none, {"flips": 2, "dangerous": 0, "others": 3}, {"flips": 9, "dangerous": 0, "others": 20},
        ...     2).sentence
        'Shown: 5 of 29 pairs of a sample and a condition: 2 of 9 flips and 3 of 20 others, of which 2 moved farthest
        and 1 was drawn at random.'
        """
        shown, there = sum(self.shown.values()), sum(self.there.values())
        if there == 0:
            return "There is no sample under a perturbation to show."
        if shown == there:
            return f"Shown: all {there:,} pairs of a sample and a condition.{self._searched}"
        parts = [f"{self.shown[name]:,} of {count:,} {name}" for name, count in self.there.items() if count]
        listed = " and ".join(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        return f"Shown: {shown:,} of {there:,} pairs of a sample and a condition: {listed}{self._how}.{self._searched}"

    @property
    def _searched(self) -> str:
        if self.judged == self.asked:
            return ""
        return f" Dangerous ones were looked for in {self.judged:,} of {self.asked:,} samples, drawn at random."

    @property
    def _how(self) -> str:
        if self.shown["others"] in (0, self.there["others"]):
            return ""
        drawn = self.shown["others"] - self.farthest
        random = f"{drawn:,} {'was' if drawn == 1 else 'were'} drawn at random"
        return f", of which {self.farthest:,} moved farthest and {random}" if self.farthest else f", of which {random}"


def choose(population: Population, *, samples: int, seed: int) -> Selection:
    """At most so many pairs: flips, dangerous ones and others by `SHARES`, drawn under a seed where there are more."""
    most = whole("samples", samples, least=0)
    rng = np.random.default_rng(whole("seed", seed, least=0))
    flips, dangerous = population.is_flip, population.is_dangerous
    groups = {"flips": flips, "dangerous": dangerous, "others": population.known & ~flips & ~dangerous}
    pools = {name: np.flatnonzero(mask) for name, mask in groups.items()}
    there = {name: len(pool) for name, pool in pools.items()}
    shown = places(there, most)
    drift = population.drift.reshape(-1)
    far = _farthest(pools["others"], drift, shown["others"])
    pools["others"] = np.setdiff1d(pools["others"], far)
    left = {**shown, "others": shown["others"] - len(far)}
    drawn = [rng.permutation(pools[name])[: left[name]] for name in groups]
    chosen = np.sort(np.concatenate([far, *drawn]))
    rows, columns = np.divmod(chosen, max(1, population.known.shape[1]))
    return Selection(rows, columns, shown, there, len(far), int(population.judged.sum()), len(population.judged))


def places(there: dict[str, int], most: int) -> dict[str, int]:
    """How many of each group are shown.

    >>> places({"flips": 1000, "dangerous": 10, "others": 9000}, 100)
    {'flips': 55, 'dangerous': 10, 'others': 35}
    """
    taken = {name: min(count, int(most * SHARES[name])) for name, count in there.items()}
    for name, count in there.items():
        taken[name] += min(count - taken[name], max(0, most - sum(taken.values())))
    return taken


def _farthest(pool: NDArray[np.intp], drift: NDArray[np.float64], shown: int) -> NDArray[np.intp]:
    """Those of the pool with the largest drift, `FARTHEST` of those that are shown; the first of equals."""
    if shown == len(pool):
        return pool[:0]
    known = pool[np.isfinite(drift[pool])]
    order = np.argsort(-drift[known], kind="stable")
    return known[order[: int(FARTHEST * shown)]]
