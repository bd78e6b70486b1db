"""Which pairs of a sample and a condition are intervened in: flips, kept ones that match them, and random ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stores import Run

    from ..results import Evidence

Kind = Literal["flip", "kept", "random"]


@dataclass(frozen=True)
class Pair:
    """A sample under a condition by their places in the run, and why it was chosen."""

    sample: int
    condition: int
    kind: Kind

    @property
    def place(self) -> tuple[int, int]:
        """The sample and the condition."""
        return self.sample, self.condition


def choose(evidence: "Evidence", count: int, *, seed: int) -> tuple[Pair, ...]:
    """At most `count` pairs: flips up to a third, drawn at random; a kept one for each; the rest random, of any kind.

    A kept pair has its flip's condition and, among the samples that keep their answers under it, the nearest clean
    margin; none is taken twice. Only perturbations are drawn from, no controls, and only samples whose option is known
    on both images. Random pairs are drawn from all of these, so that they stand for the run.
    """
    flipped, known = among(evidence)
    margin = evidence.margin.sel(condition="clean").values
    random = np.random.default_rng(seed)
    flips = draw(flipped, count // 3, random)
    kept = _matched(flips, known & ~flipped, margin)
    rest = draw(known, count - len(flips) - len(kept), random)
    drawn: tuple[tuple[Kind, list[tuple[int, int]]], ...] = (("flip", flips), ("kept", kept), ("random", rest))
    return tuple(Pair(*place, kind) for kind, places in drawn for place in places)


def among(evidence: "Evidence") -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(sample, condition) twice: the flips under perturbations, and all pairs whose option is known on both images."""
    chosen = evidence.choice.transpose("sample", "condition")
    clean = evidence.clean_choice.values[:, None]
    known = (chosen.values >= 0) & (clean >= 0) & evidence.is_perturbed(chosen)[None]
    return known & (chosen.values != clean), known


def draw(pool: NDArray[np.bool_], count: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """At most so many of these (sample, condition), in order."""
    places = np.argwhere(pool)
    some = np.sort(random.permutation(len(places))[: max(0, count)])
    return [(int(sample), int(condition)) for sample, condition in places[some]]


def along_pairs(run: "Run", pairs: Sequence[Pair]) -> dict[str, tuple[str, NDArray[Any]]]:
    """Sample, image, condition, family and kind of each pair."""
    answers, conditions = run.answers, run.conditions
    samples, under = ([getattr(pair, name) for pair in pairs] for name in ("sample", "condition"))
    along = {
        "sample": answers.sample.values[samples],
        "image": answers.image.values[samples],
        "condition": conditions.condition.values[under],
        "family": conditions.family.values[under],
        "kind": np.array([pair.kind for pair in pairs]),
    }
    return {name: ("pair", values.astype(object)) for name, values in along.items()}


def _matched(
    flips: list[tuple[int, int]], kept: NDArray[np.bool_], margin: NDArray[np.float64]
) -> list[tuple[int, int]]:
    free, found = kept & np.isfinite(margin)[:, None], list[tuple[int, int]]()
    for sample, condition in flips:
        there = np.flatnonzero(free[:, condition])
        if len(there):
            nearest = int(there[np.argmin(abs(margin[there] - margin[sample]))])
            free[nearest, condition] = False
            found.append((nearest, condition))
    return found
