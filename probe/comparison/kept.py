"""A comparison as a run of its own: the shared images and conditions, its results, and where they come from."""

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import stores
from stores import ConditionRow, Layout, ledger, open_run, results

from .. import code
from ..kept_comparison import COMPARISON
from ..results.result import plain
from .compared import Comparison
from .registry import STUDIES, Study


def plan_of(comparison: Comparison) -> dict[str, Any]:
    """What was compared: the runs by their plans, the pairs, the reference, what they share, and the seed."""
    content = {
        "runs": {member.name: member.evidence.run.plan["hash"] for member in comparison.members},
        "pairs": [[pair.base, pair.aligned] for pair in comparison.pairs],
        "reference": comparison.reference,
        "samples": list(comparison.shared.samples),
        "conditions": list(comparison.shared.conditions),
        "datasets": comparison.datasets,
        "seed": comparison.seed,
    }
    return stores.hashed({COMPARISON: content, "settings": {}})


def check_place(path: Path, comparison: Comparison) -> None:
    """Raise ValueError where the path holds another run or comparison: nothing of it would be replaced."""
    there = ledger.read_plan(path)
    if there is None or there == plan_of(comparison):
        return
    what = "another comparison" if COMPARISON in there else "a run"
    raise ValueError(f"{path} already contains {what}. Choose another path for this one.")


def keep(path: Path, comparison: Comparison, found: Sequence[Study]) -> None:
    """Write the comparison; where the same one is there already, its results are replaced.

    It is a run without samples and sites: `open_run(path).result(name)` reads a result, `probe info` says of what.
    Raises ValueError as `check_place`, and what `stores.create` raises.
    """
    check_place(path, comparison)
    with stores.writing(path):
        if ledger.read_plan(path) is None:
            _create(path, comparison)
    origin = {"seed": comparison.seed, "utc": _now(), **code.revision()}
    for study in found:
        results.write(path, study.name, study.data, attrs=plain(origin), made_by="probe compare")


def read(path: Path) -> tuple[Study, ...]:
    """The studies that a kept comparison holds. Raises ValueError for a run that is none."""
    run = open_run(path)
    if COMPARISON not in run.plan:
        raise ValueError(f"{path} is no comparison of runs. Make one with `probe compare RUN RUN -o {path}`.")
    return tuple(Study(STUDIES[name], run.result(name)) for name in STUDIES if name in run.results)


def _create(path: Path, comparison: Comparison) -> None:
    run = comparison.members[0].evidence.run
    images = run.images
    table = run.conditions.sel(condition=list(comparison.shared.conditions))
    columns = (table[name].values.tolist() for name in ("condition", "family", "severity", "parameters"))
    rows = tuple(
        ConditionRow(name, family, int(severity), parameters)
        for name, family, severity, parameters in zip(*columns, strict=True)
    )
    layout = Layout(images.sizes["image"], tuple(images.image.values.tolist()), (), rows)
    stores.create(path, layout, plan=plan_of(comparison), provenance=_provenance(comparison))
    writer = stores.Writer(path, layout)
    for unit in layout.units():
        arrays = layout.blank(unit)
        for name in ("sha256", "width", "height"):
            if f"images/{name}" in arrays:
                arrays[f"images/{name}"] = np.asarray(images[name].values, arrays[f"images/{name}"].dtype)
        writer.commit(unit, arrays, report={})


def _provenance(comparison: Comparison) -> dict[str, Any]:
    """The origin of the comparison, and that of each of its runs."""
    of_runs = {
        member.name: {"path": str(member.path), "plan_hash": member.evidence.run.plan["hash"],
                      "provenance": member.evidence.run.provenance}
        for member in comparison.members
    }  # fmt: skip
    return {
        "compared": of_runs,
        "seed": comparison.seed,
        "code": code.revision(),
        "packages": code.packages(),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "utc": _now(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
