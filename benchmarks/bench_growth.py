"""Does an extraction of 4 and 16 times as many images take 4 and 16 times as long, in the same memory?

    python benchmarks/bench_growth.py [--images N] [--rounds N] [--keep pooled|tokens|answers]

The sizes take turns within a round, each a process of its own: `probe extract pocket-vlm streets` under two conditions.
What a process takes to start is measured on a finished run, and is in the first column of seconds only.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

from tables import Spent, keep, probe, ranged, spent, table, with_what

FACTORS = (1, 4, 16)


def command(images: int, out: Path, kept: str) -> list[str]:
    """An extraction of so many images."""
    chosen = ("-n", str(images), "-p", "low_light:3", "--keep", kept, "--device", "cpu")
    return probe("extract", "pocket-vlm", "streets", *chosen, "-o", str(out))


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", default="pooled")
    given = parser.parse_args()
    taken: dict[int, list[Spent]] = {factor: [] for factor in FACTORS}
    starts: list[float] = []
    for _ in range(given.rounds):
        for factor in FACTORS:
            with tempfile.TemporaryDirectory() as folder:
                extraction = command(factor * given.images, Path(folder) / "run", given.keep)
                taken[factor].append(spent(extraction, OMP_NUM_THREADS="1"))
                if factor == 1:
                    starts.append(spent(extraction, OMP_NUM_THREADS="1").cpu)  # it is finished: nothing is loaded
    start, first = median(starts), taken[1]
    rows = [
        [
            f"{factor} × {given.images} images",
            ranged([each.cpu for each in those], 1),
            ranged([(each.cpu - start) / (one.cpu - start) for each, one in zip(those, first, strict=True)]),
            ranged([each.wall for each in those], 1),
            ranged([each.peak / 1e6 for each in those], 0),
            ranged([each.peak / one.peak for each, one in zip(those, first, strict=True)]),
        ]
        for factor, those in taken.items()
    ]
    headings = ("size", "processor, s", "times the first", "clock, s", "peak, MB", "times the first")
    keep(
        "growth",
        "Growth",
        [
            f"`python benchmarks/bench_growth.py`, {with_what('torch', 'transformers', 'zarr')}: `probe extract "
            f"pocket-vlm streets -p low_light:3 --keep {given.keep}`, one thread, median (least–most) of "
            f"{given.rounds} rounds. Starting a process takes {ranged(starts, 1)} s of processors, not in the ratios.",
            table(headings, rows),
        ],
    )


if __name__ == "__main__":
    main()
