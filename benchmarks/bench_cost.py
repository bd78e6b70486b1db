"""Is the time that `--dry-run --calibrate` says the time that a run then takes?

    python benchmarks/bench_cost.py [--images N] [--calibrate N]

For several settings: a calibration, then the run itself, in one process, and the same in another order of settings so
that a busy minute does not fall on one of them alone. Bytes are compared to the byte, time as a ratio.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tables import keep, ranged, table, with_what

import stores
from probe.extraction import calibration, disk
from probe.extraction.execution import Execution
from probe.extraction.run import find_target, prepare, run_plan
from probe.extraction.settings import Settings

BASE = Settings("pocket-vlm", "streets", perturb=("driving",))
SETTINGS = {
    "driving, pooled": BASE,
    "driving, tokens": replace(BASE, keep="tokens"),
    "driving, answers": replace(BASE, keep="answers"),
    "common 3": replace(BASE, perturb=("common:3",)),
    "driving, free answers, thumbnails": replace(BASE, free_answers=True, keep_thumbnails=True),
}


@dataclass(frozen=True)
class Outcome:
    """Predicted and actual seconds, and whether the bytes of the units were those that the plan said."""

    predicted: float
    actual: float
    views: int
    bytes: str


def compare(settings: Settings, images: int) -> Outcome:
    """Calibrate a plan on `images` of its images, then run it."""
    execution = Execution(device="cpu")
    plan, reader = prepare(settings, execution)
    costs = calibration.measure(plan, reader, execution, images=images)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        begun = time.perf_counter()
        run_plan(plan, find_target(plan, path), reader, execution)
        actual = time.perf_counter() - begun
        written = stores.summary(path)["bytes"]
    needed = disk.of(plan, resizes=reader.resizes)
    exact = "exact" if written == needed.known else f"{needed.known:,} known of {written:,}"
    if needed.unknown:
        exact += f", texts {costs.texts(plan) / (written - needed.known):.2f} of actual"
    return Outcome(costs.wall(plan), actual, plan.vision_forwards, exact)


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--calibrate", type=int, default=6)
    given = parser.parse_args()
    found: dict[str, list[Outcome]] = {name: [] for name in SETTINGS}
    compare(replace(BASE, limit=8), 4)  # imports and first calls
    for order in (list(SETTINGS), list(SETTINGS)[::-1]):
        for name in order:
            found[name].append(compare(replace(SETTINGS[name], limit=given.images), given.calibrate))
    rows = [
        [
            name,
            f"{those[0].views:,}",
            ranged([each.actual for each in those], 1),
            ", ".join(f"{each.predicted / each.actual:.2f}" for each in those),
            those[0].bytes,
        ]
        for name, those in found.items()
    ]
    every = [each.predicted / each.actual for those in found.values() for each in those]
    keep(
        "cost",
        "Predicted cost",
        [
            f"`python benchmarks/bench_cost.py --images {given.images} --calibrate {given.calibrate}`, "
            f"{with_what('torch', 'transformers', 'zarr')}: `pocket-vlm` on `streets`, each setting twice. "
            f"Predicted over actual: {min(every):.2f} to {max(every):.2f}.",
            table(("setting", "views", "actual, s", "predicted / actual", "bytes of the units"), rows),
        ],
    )


if __name__ == "__main__":
    main()
