"""Which families of perturbations are taken together, and under which name. Definitions, section 4."""

from collections.abc import Sequence

from analyses import statistics

from ..perturbations import SUITES, rereading
from .overlays import OWN_ANSWER

NAMED = ("invariance", "driving", "common")
"""Suites that stand as unions of their own beside all perturbations."""

CONTROLS = frozenset({"clean", OWN_ANSWER, "another_image", rereading.NAME, *SUITES["priors"].specs})
"""Families that are controls: what happens under them is no instability."""


def unions_of(families: Sequence[str]) -> dict[str, list[str]]:
    """The named unions of these families: those suites of which there are some beside others, then all perturbations.

    >>> unions_of(["clean", "scale", "rotation", "low_light", "white"])
    {'invariance': ['scale', 'rotation'], 'all perturbations': ['scale', 'rotation', 'low_light']}
    """
    perturbing = [name for name in dict.fromkeys(families) if name not in CONTROLS]
    suites = {name: {spec.partition(":")[0] for spec in SUITES[name].specs} for name in NAMED}
    held = {name: [family for family in perturbing if family in own] for name, own in suites.items()}
    named = {name: own for name, own in held.items() if 1 < len(own) < len(perturbing)}
    return {**named, statistics.ALL: perturbing}
