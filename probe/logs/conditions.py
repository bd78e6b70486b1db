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


def theirs(name: str) -> Condition:
    """A condition that is none of ours: `family:severity` of somebody else's, or a family of that name alone.

    >>> theirs("resolution:768").severity, theirs("rainy night").family, theirs("gaussian_noise:9").family
    (768, 'rainy night', 'gaussian_noise:9')

    A name that begins with a family of ours and is none of its conditions is a family by itself.
    """
    family, _, severity = name.rpartition(":")
    is_severity = re.fullmatch("0|[1-9][0-9]*", severity) is not None and len(severity) <= LONGEST_SEVERITY
    return (
        Condition(family, (), int(severity)) if family and family not in FAMILIES and is_severity else Condition(name)
    )


def row(condition: Condition, called: str) -> ConditionRow:
    """A condition as the store has it, where logs call it so.

    >>> row(theirs("resolution:768"), "resolution:768").parameters, row(CLEAN, "384").parameters
    ('{"severity": 768}', '{"called": "384"}')
    """
    if condition == CLEAN:
        return ConditionRow(CLEAN.id, CLEAN.family, -1, json.dumps({} if called == CLEAN.id else {"called": called}))
    if condition == ours(called):
        return condition_row(condition)
    if condition.severity is None:
        return ConditionRow(called, condition.family)
    return ConditionRow(called, condition.family, condition.severity, json.dumps({"severity": condition.severity}))


def of_logs(names: Iterable[str], clean: str) -> dict[str, Condition]:
    """The conditions of a run by what the logs call them: that called `clean` first, which is ours, then the others.

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
    return {clean: CLEAN} | {name: ours(name) or theirs(name) for name in found if name != clean}
