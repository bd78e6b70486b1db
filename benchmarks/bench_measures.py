"""What the measures cost: kernels beside a numpy sum over the same bytes, analyses and the report of large runs.

Seconds are of processors, each pair measured in turn in one process; a run's analyses and its report are processes of
their own, whose largest memory the kernel tells. Runs are made block by block, without a model.

    python benchmarks/bench_measures.py FOLDER [kernels] [answers] [report] [growth]
"""

import argparse
import importlib.metadata
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import large_runs
import numpy as np
import xarray as xr
from large_runs import Size
from measured_memory import largest

from analyses import dirichlet, drift, spectral

PAIRS = 5
STATES = (512, 30, 1024)  # samples, conditions, features: 63 MB
TOKENS = (64, 24, 24, 1024)  # 151 MB
PICTURES = (32, 336, 336, 3)

RUNS = {
    "10,000 x 30, answers": Size(2500, conditions=30, block=64),
    "10,000 x 30, 1 layer of 1,024": Size(2500, conditions=30, block=64, language=(1, 1024)),
    "10,000 x 30, 4 layers of 64": Size(2500, conditions=30, block=64, language=(4, 64)),
}


def seconds(work: Callable[[], object]) -> float:
    """Of processors, of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def ratios(work: Callable[[], object], beside: Callable[[], object]) -> tuple[float, float]:
    """The lowest and the highest of how fast one is beside the other, measured in turn."""
    work()  # loads what is loaded once
    found = [seconds(beside) / seconds(work) for _ in range(PAIRS)]
    return min(found), max(found)


def kernels() -> Iterator[str]:
    """A row for each kernel: its speed as a share of a numpy sum's over the same bytes in memory."""
    draw = np.random.default_rng(0)
    states = xr.DataArray(draw.standard_normal(STATES, np.float32), dims=("sample", "condition", "feature"))
    tokens = xr.DataArray(draw.standard_normal(TOKENS, np.float32), dims=("image", "row", "col", "feature"))
    pictures = xr.DataArray(draw.standard_normal(PICTURES, np.float32), dims=("image", "y", "x", "channel"))
    clean = states.isel(condition=0)
    for name, array, work in (
        ("drift.cosine", states, lambda: drift.cosine(clean, states)),
        ("drift.euclidean", states, lambda: drift.euclidean(clean, states)),
        ("dirichlet.energy", tokens, lambda: dirichlet.energy(tokens)),
        ("dirichlet.energy, scale-free", tokens, lambda: dirichlet.energy(tokens, scale_free=True)),
        ("spectral.token_spectrum", tokens, lambda: spectral.token_spectrum(tokens)),
        ("spectral.band_power, float32", pictures, lambda: spectral.band_power(pictures)),
    ):
        low, high = ratios(work, lambda values=array.values: values.sum())
        yield f"| {name} | {array.nbytes / 1e6:,.0f} MB | {low:.3f}-{high:.3f} |"


def answers(folder: Path) -> Iterator[str]:
    """`probe analyze` of the answers of 5,000 samples under 49 conditions."""
    size = Size(1250, conditions=49, block=64)
    yield from analysed(folder, {"5,000 x 49, answers": size})


def growth(folder: Path) -> Iterator[str]:
    """`probe analyze` of answers of a run, of four and of sixteen times as many images."""
    sizes = {f"{4 * images:,} x 30, answers": Size(images, conditions=30, block=64) for images in (250, 1000, 4000)}
    yield from analysed(folder, sizes)


def analysed(folder: Path, sizes: dict[str, Size]) -> Iterator[str]:
    """A row for each run: seconds and memory of all analyses that it allows."""
    for name, size in sizes.items():
        path = folder / "run"
        large_runs.write(path, size)
        try:
            found = largest(["analyze", str(path)])
        finally:
            shutil.rmtree(path)
        yield (
            f"| analyze: {name} | {found} | | |"
            if isinstance(found, str)
            else (f"| analyze: {name} | {found[1]:.1f} | {found[0] / 1e6:,.0f} MB | |")
        )


def report(folder: Path) -> Iterator[str]:
    """A row for each run: seconds of the report, its memory and the size of its page."""
    for name, size in RUNS.items():
        path, page = folder / "run", folder / "report.html"
        large_runs.write(path, size)
        started = time.perf_counter()
        try:
            found = largest(["report", str(path), "-o", str(page)])
        finally:
            shutil.rmtree(path)
        clock = time.perf_counter() - started
        if isinstance(found, str):
            yield f"| report: {name} | {found} | | |"
            continue
        megabytes = page.stat().st_size / 1e6
        yield (
            f"| report: {name} | {found[1]:.1f}, {clock:.0f} by the clock | {found[0] / 1e6:,.0f} MB "
            f"| {megabytes:.1f} MB |"
        )


def main() -> None:
    """Print the tables that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="*", choices=["kernels", "answers", "report", "growth", []])
    given = parser.parse_args()
    parts = given.parts or ["kernels", "answers", "report", "growth"]
    given.folder.mkdir(parents=True, exist_ok=True)
    versions = ", ".join(f"{each} {importlib.metadata.version(each)}" for each in ("numpy", "scipy", "numba", "xarray"))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{time.strftime('%Y-%m-%d')}; {os.cpu_count()} cores, load {load}; {versions}\n")
    if "kernels" in parts:
        print("| kernel | bytes | of a numpy sum's speed |\n| --- | ---: | ---: |")
        for row in kernels():
            print(row, flush=True)
    runs = {"answers": answers, "report": report, "growth": growth}
    chosen = [name for name in runs if name in parts]
    if chosen:
        print("\n| work | processor, s | memory | page |\n| --- | ---: | ---: | ---: |")
    for name in chosen:
        for row in runs[name](given.folder):
            print(row, flush=True)


if __name__ == "__main__":
    main()
