"""How fast the common corruptions are, beside the reference implementation's where a checkout of it is given.

    python benchmarks/bench_corruptions.py [--reference PATH] [--rounds N]

--reference    a checkout of github.com/bethgelab/imagecorruptions; needs `pip install numba` beside the project's
               environment for development

Same picture, same run, one thread; ours and the reference's take turns and the median over the rounds counts. Times are
the process's own on the processor, not the clock's, so that they hold on a busy machine and further threads would not
come free. Per corruption: milliseconds a condition, averaged over the five severities, and the ratio reference / ours
of these averages and of the worst severity.
"""

import argparse
import os
import statistics
import time
import timeit
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # read at import

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from reference_checkout import Corrupt, load
from skimage import data

from probe.perturbations import FAMILIES, apply

SIZES = ((224, 224), (1024, 768))
TURN = 10
"""Processor ms; many calls of a fast corruption are one turn."""

NAMES = tuple(name for name, family in FAMILIES.items() if family.paper == "IC" and "." not in name)
"""The 19 of the reference; families with a dot are variants of ours."""


def median_times(ways: list[Callable[[], object]], rounds: int) -> list[float]:
    """Median milliseconds a call of each way, taking turns of TURN ms or of one call where that is longer."""
    for way in ways:
        way()  # compiles, reads files, fills tables: not counted
    calls = [max(1, round(TURN / spent(way, 1))) for way in ways]
    turns = [[spent(way, number) for way, number in zip(ways, calls, strict=True)] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*turns, strict=True)]


def spent(way: Callable[[], object], calls: int) -> float:
    """Processor milliseconds a call."""
    return 1000 * timeit.timeit(way, number=calls, timer=time.process_time) / calls


def times(name: str, pixels: NDArray[np.uint8], reference: Corrupt | None, rounds: int) -> list[list[float]]:
    """Per severity: our milliseconds, and the reference's where there is one."""
    found: list[list[float]] = []
    for severity in FAMILIES[name].severities:
        condition = FAMILIES[name].at(severity)
        ways: list[Callable[[], object]] = [partial(apply, condition, pixels, image_id="bench", seed=0)]
        if reference:
            ways.append(partial(reference, name, severity, pixels, 0))
        found.append(median_times(ways, rounds))
    return found


def row(measured: list[list[float]]) -> str:
    """The columns of one corruption at one size."""
    columns = list(zip(*measured, strict=True))
    ours = statistics.fmean(columns[0])
    if len(columns) == 1:
        return f"{ours:9.2f}"
    worst = min(theirs / mine for mine, theirs in measured)
    theirs = statistics.fmean(columns[1])
    return f"{ours:9.2f} {theirs:9.2f} {theirs / ours:7.1f} {worst:7.1f}"


def show(size: tuple[int, int], reference: Corrupt | None, rounds: int) -> None:
    """Print the table of one size."""
    pixels = np.asarray(Image.fromarray(data.astronaut()).resize(size, Image.Resampling.BICUBIC))
    print(f"\n{size[0]}x{size[1]}, processor ms a condition, median of {rounds}")
    print(f"{'':18}{'ours':>9}" + ("" if reference is None else f" {'reference':>9} {'ratio':>7} {'worst':>7}"))
    total: list[list[float]] = []
    for name in NAMES:
        measured = times(name, pixels, reference, rounds)
        print(f"{name:18}{row(measured)}", flush=True)
        total += measured
    sums = " ".join(f"{sum(column):9.0f}" for column in zip(*total, strict=True))
    print(f"{f'sum of {len(total)}':18}{sums}")


def main() -> None:
    """Measure at both sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="checkout of bethgelab/imagecorruptions")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    if asked.reference:
        warnings.simplefilter("ignore")  # of the checkout, about what it calls
    reference = load(asked.reference) if asked.reference else None
    for size in SIZES:
        show(size, reference, asked.rounds)


if __name__ == "__main__":
    main()
