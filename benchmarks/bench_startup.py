"""Processor seconds that a command takes before it has done anything worth waiting for.

    python benchmarks/bench_startup.py [--rounds N] [--before CHECKOUT]

All commands take turns within a round, each in a process of its own; with `--before` the same command of another
checkout goes before each. Bare Python stands beside them: nothing can be faster.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tables import Spent, code_of, keep, probe, ranged, ratios, spent, table, with_what

HERE = Path(__file__).parents[1]
RUN = "RUN"
"""Stands for the path of a small run."""

COMMANDS = (
    "--help", "--version", "lst", f"info {RUN}", f"info {RUN} --verify", "list models", "list datasets",
    "list perturbations", "list suites", "list analyses",
)  # fmt: skip
HEAVY = (
    f"cite {RUN}", f"analyze {RUN} flips", "list sites", f"extract pocket-vlm streets -n 4 -p low_light -o {RUN}",
    "extract pocket-vlm streets -n 4 -p low_light -o NOWHERE --dry-run",
)  # fmt: skip
"""Commands that need arrays or a model's libraries; the first extraction finds a finished run."""


def measure(command: str, checkout: Path, run: Path) -> Spent:
    """One command of a checkout."""
    words = command.replace(RUN, str(run)).replace("NOWHERE", str(run.with_name("nowhere"))).split()
    return spent(probe(*words), folder=checkout, **code_of(checkout))


def rows(commands: Sequence[str], run: Path, rounds: int, before: Path | None) -> list[list[str]]:
    """A row of the table for each command."""
    bare: list[float] = []
    after: dict[str, list[float]] = {command: [] for command in commands}
    earlier: dict[str, list[float]] = {command: [] for command in commands}
    for _ in range(rounds):
        bare.append(spent([sys.executable, "-c", "pass"]).cpu)
        for command in commands:
            if before is not None:
                earlier[command].append(measure(command, before, run).cpu)
            after[command].append(measure(command, HERE, run).cpu)
    found = [["python -c pass", ranged(bare), "", ""]]
    for command in commands:
        times = [ranged(earlier[command]), ranged(ratios(earlier[command], after[command]), 1)] if before else ["", ""]
        found.append([f"`probe {command}`", ranged(after[command]), *times])
    return found


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", type=Path, metavar="CHECKOUT")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        made = measure(HEAVY[3], HERE, run)
        if made.code:
            raise SystemExit(f"the run that is looked at could not be made (exit code {made.code}).")
        light = rows(COMMANDS, run, given.rounds, given.before)
        heavy = rows(HEAVY, run, given.rounds, None)
    headings = ("command", "processor, s", "before, s", "times as much before")
    keep(
        "startup",
        "Start-up",
        [
            f"`python benchmarks/bench_startup.py`, {with_what('numpy', 'xarray', 'zarr', 'rich')}: processor seconds, "
            f"median (least–most) of {given.rounds} rounds, each command in a process of its own.",
            table(headings, light),
            "Commands that need arrays, or a model's processor:",
            table(headings[:2], [row[:2] for row in heavy]),
        ],
    )


if __name__ == "__main__":
    main()
