"""Results that `probe analyze` left in a run, as long as the same code would find the same again."""

import hashlib
import json
from typing import Any

from stores import DamagedRun, Run

from . import code
from .results import ANALYSES, Result, knockout, patching, steering

ORIGIN = "made_from"
"""The attribute of a kept result that says what it was made from."""


def origin(run: Run, seed: int) -> str:
    """What a result depends on beside its name: the units that are there, the seed, and the code; in one text.

    Empty where the code has changes that no commit holds: what it found may not be what it would find now.
    """
    made_by = code.revision()
    if made_by["dirty"]:
        return ""
    content: dict[str, Any] = {
        "plan": run.plan["hash"],
        "units": sorted(unit.name for unit in run.committed),
        "segmented": {slug: sorted(unit.name for unit in units) for slug, units in run.segmented.items()},
        "failed": run.failed,
        "seed": seed,
        "code": made_by["commit"],
        "packages": code.packages(),
        **intervened(run),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


INTERVENTIONS = (patching.PAIRS, steering.PAIRS, knockout.PAIRS)
"""The results of a run that others are made from."""


def intervened(run: Run) -> dict[str, str]:
    """When the run's forwards were intervened in, which is no unit of it."""
    there = set(run.results)
    return {name: _when(run, name) for name in INTERVENTIONS if name in there}


def _when(run: Run, name: str) -> str:
    try:
        return str(run.result(name).attrs.get("utc"))
    except DamagedRun:
        return "damaged"


def kept(run: Run, seed: int) -> dict[str, Result]:
    """The results in the run that were made from what it holds now, with this seed and by this code, by name."""
    now = origin(run, seed)
    found: dict[str, Result] = {}
    for name in run.results if now else ():
        try:
            data = run.result(name)
        except DamagedRun:  # it is made again
            continue
        if name in ANALYSES and data.attrs.get(ORIGIN) == now:
            found[name] = Result(ANALYSES[name], data)
    return found
