"""How much memory each analysis takes, on runs that are larger than it may take.

Runs are made block by block, without a model; each analysis is a process of its own, whose largest resident memory the
kernel tells. `all` are all analyses that the run allows in one process, `compare` a comparison of the run with itself
under another seed. A run is deleted when it has been measured.

    python benchmarks/bench_memory.py FOLDER [run ...] [--only analysis ...]
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import large_runs
from measured_memory import LIMIT, SIZES, command, largest

import stores
from probe.results.registry import ANALYSES


def measure(folder: Path, name: str, only: Sequence[str]) -> None:
    """Make a run, print a row of the table for each analysis, and delete the run."""
    path, other = folder / "run", folder / "other"
    size = large_runs.write(path, SIZES[name])
    samples = stores.open_run(path).sizes.samples_per_block and SIZES[name].images * SIZES[name].questions
    what = f"{name}: {size / 1e6:,.0f} MB, {samples:,} questions, {SIZES[name].conditions} conditions"
    try:
        for analysis in only or (*ANALYSES, "all", "compare"):
            if analysis == "compare":
                large_runs.write(other, SIZES[name], seed=1)
            found = largest(command(analysis, path, other))
            if isinstance(found, str):
                print(f"| {what} | {analysis} | {found} | | |", flush=True)
                continue
            peak, seconds = found
            sign = "" if peak <= LIMIT else " **too much**"
            print(f"| {what} | {analysis} | {peak / 1e6:,.0f}{sign} | {peak / size:.2f} | {seconds:.0f} |", flush=True)
    finally:
        for made in (path, other):
            shutil.rmtree(made, ignore_errors=True)


def main() -> None:
    """Measure the named runs, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("runs", nargs="*", metavar="run", help=", ".join(SIZES))
    parser.add_argument("--only", nargs="+", default=[], metavar="analysis")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    print(f"{time.strftime('%Y-%m-%d')}; limit {LIMIT / 1e6:,.0f} MB\n")
    print("| run | analysis | peak, MB | of the run | processor, s |\n| --- | --- | ---: | ---: | ---: |")
    for name in given.runs or SIZES:
        measure(given.folder, name, given.only)


if __name__ == "__main__":
    main()
