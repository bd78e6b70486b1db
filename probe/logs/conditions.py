"""The conditions of logs: ours by their ids, and any others by the names that they have there."""

import json
import re
from collections.abc import Iterable

from stores import ConditionRow

from ..closest import did_you_mean
from ..errors import PlanError
from ..extraction.plan import condition_row
from ..perturbations import suites
from ..perturbations.catalogue import FAMILIES
from ..perturbations.condition import CLEAN, Condition
from ..perturbations.family import SpecError

LONGEST_SEVERITY = 9


def ours(name: str) -> Condition | None:
    """The condition of ours that has this id; None where none has."""
    try:
        found = [condition for condition in suites.parse([name]) if condition.id == name]
    except SpecError:
        return None
    return found[0] if found else None


def row(name: str) -> ConditionRow:
    """A condition by its name: one of ours, `family:severity` of somebody else's, or a family of that name alone.

    >>> row("gaussian_noise:3").severity, row("resolution:768").severity, row("rainy night").family
    (3, 768, 'rainy night')

    A name that begins with a family of ours and is none of its conditions is a family by itself.
    """
    known = ours(name)
    if known is not None:
        return condition_row(known)
    family, _, severity = name.rpartition(":")
    is_severity = re.fullmatch("[0-9]+", severity) is not None and len(severity) <= LONGEST_SEVERITY
    if family and family not in FAMILIES and is_severity:
        return ConditionRow(name, family, int(severity), json.dumps({"severity": int(severity)}))
    return ConditionRow(name, name)


def rows(names: Iterable[str], clean: str) -> tuple[ConditionRow, ...]:
    """The conditions of a run: the one that is called `clean` first, under our name for it, then the others.

    Raises PlanError where none is called so: every analysis compares with it.
    """
    found = list(dict.fromkeys(names))
    if clean not in found:
        there = f"There are: {', '.join(found[:20])}"
        raise PlanError(
            f"no condition of the logs is called {clean!r}.{did_you_mean(clean, found)} {there}. Name the one that the "
            "others are compared with: --clean NAME."
        )
    if clean != CLEAN.id and CLEAN.id in found:
        raise PlanError(f"--clean {clean}, and the logs have a condition 'clean' as well. Leave --clean out.")
    others = [name for name in found if name != clean]
    named = "{}" if clean == CLEAN.id else json.dumps({"called": clean})
    first = ConditionRow(CLEAN.id, CLEAN.family, -1, named)
    return (first, *map(row, others))
