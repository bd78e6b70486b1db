"""All attacks in full, with a table of what came of them: `make attack`."""

import argparse
import platform
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from attack import checkpoints, crashes, damage, datasets, full_disks, grammars, ledgers, memory, pictures, workers
from attack.extraction import EXTRACTION
from attack.outcome import Outcome

Attack = Callable[[int, int], Outcome]

ON_RUNS: dict[str, tuple[Callable[..., Outcome], int, int]] = {
    "crash points": (crashes.crash_points, 200, 200),
    "two writers": (crashes.two_writers, 20, 40),
    "disk errors": (crashes.disk_errors, 200, 200),
    "moved": (crashes.moved_runs, 50, 50),
    "full of bytes": (full_disks.by_bytes, 100, 50),
    "full of inodes": (full_disks.by_inodes, 100, 50),
    "file sizes": (full_disks.by_file_size, 100, 50),
}
"""What is done to runs, how often to those that a writer of the store makes and to those of whole extractions."""

ATTACKS: dict[str, tuple[Attack, int]] = {
    "kills": (workers.kills, 100),
    **{name: (attack, count) for name, (attack, count, _) in ON_RUNS.items()},
    **{f"{name} of extractions": (partial(attack, work=EXTRACTION), few) for name, (attack, _, few) in ON_RUNS.items()},
    "bit flips": (damage.bit_flips, 1_000),
    "losses": (damage.losses, 100),
    "plans": (ledgers.plans, 10_000),
    "markers": (ledgers.markers, 10_000),
    "datasets": (datasets.run, 10_000),
    "pictures": (pictures.run, 10_000),
    "checkpoints": (checkpoints.run, 3_000),
    **{f"grammar of {grammar.name}": (partial(grammars.of_grammar, grammar), 10_000) for grammar in grammars.GRAMMARS},
}
"""Each attack with how often it is tried."""

HEADER = """# Attacks

{date}, {machine}, Python {python}; seed {seed}. Made by `make attack`.

A kill, a stop or an error ends well where nothing that was committed is lost or done again, and the resumed run has the
bytes of one that was never disturbed. A changed input ends well where it is refused in one line, or read as what it is,
within 5 s and {largest:,.0f} MB beyond what the process had (a checkpoint: 4 GiB). Other ends are failures, and listed.

| attack | tried | refused or found | read or ended alike | failures | slowest, s | most memory, MB | all, s |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def main() -> int:
    """Run the attacks and write the table: 1 where one had another end than it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ATTACKS, []], metavar="NAME")
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="try each attack less often")
    asked = parser.parse_args()
    lines, failures = list[str](), list[str]()
    for name in asked.names or ATTACKS:
        attack, count = ATTACKS[name]
        started = time.perf_counter()
        found = attack(max(1, round(count * asked.share)), asked.seed)
        seconds = time.perf_counter() - started
        lines.append(
            f"| {found.name} | {found.tried:,} | {found.refused:,} | {found.accepted:,} | {len(found.failures)} | "
            f"{found.slowest_s:.2f} | {_megabytes(found.most_bytes)} | {seconds:.0f} |"
        )
        failures += found.failures
        sys.stdout.write("\n  ".join([lines[-1], *found.failures[:20]]) + "\n")
        sys.stdout.flush()
    if asked.out:
        machine = f"{platform.system()} {platform.machine()}"
        header = HEADER.format(
            date=date.today(), machine=machine, python=platform.python_version(), seed=asked.seed,
            largest=memory.LARGEST / 1e6,
        )  # fmt: skip
        listed = "".join(f"\n- {failure}" for failure in failures)
        asked.out.write_text(header + "\n".join(lines) + "\n" + (f"\n## Failures\n{listed}\n" if failures else ""))
    return 1 if failures else 0


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f}" if size else "–"


if __name__ == "__main__":
    sys.exit(main())
