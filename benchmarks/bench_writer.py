"""How fast raw tokens reach the disk: our direct shard writer beside zarr-python's, and a bare file beside both.

    python benchmarks/bench_writer.py [FOLDER] [--rounds N]

The writers take turns within one run, so that ratios hold on a busy machine; medians over the rounds are shown.
The whole commit also writes seven small arrays and the marker, and counts non-finite values.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from probe.extraction.reductions import VARIABLES
from stores import ConditionRow, Layout, SiteSpec, Unit, Writer, create, hashed, ledger
from stores.files import write_file
from stores.shard import shard_parts

SITE = "sites/vision.layers-patches"


def layout(tokens: int) -> Layout:
    """Two images a block, 12 layers of 1024 features: a shard of 28 MB at 576 tokens."""
    site = SiteSpec(
        "vision.layers-patches", "vision.layers[*]:patches", tuple(range(12)), 1024, "image", "float16",
        tokens=tokens, keep_tokens=True, variables=VARIABLES,
    )  # fmt: skip
    images = tuple(f"image-{k}" for k in range(2))
    return Layout(2, images, (), tuple(ConditionRow(f"c{k}", "f") for k in range(2)), (site,))


def measure(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each way, taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}  # the first round warms up


def ways_to_write(root: Path, tokens: int, counts: NDArray[np.int32]) -> tuple[dict[str, Callable[[], object]], int]:
    """The ways to write one unit's tokens, and their bytes."""
    plan = layout(tokens)
    create(root, plan, plan=hashed({"benchmark": "writer"}), provenance={})
    array = plan.arrays[f"{SITE}/tokens"]
    values = np.random.default_rng(0).normal(size=array.unit_shape(0)).astype("float16")
    writer, unit = Writer(root, plan), Unit(0, 1)
    drift = np.zeros((2, 12, tokens), "float16")
    payload = {
        **plan.blank(unit),
        f"{SITE}/tokens": values,
        f"{SITE}/n_tokens": counts,
        f"{SITE}/token_drift": drift,
    }
    ((name, rows),) = array.files(unit)
    opened = zarr.open_array(root / array.path, mode="r+").with_config({"write_empty_chunks": True})
    opened_comparing = zarr.open_array(root / array.path, mode="r+")

    def commit() -> None:
        writer.commit(unit, payload, report={})
        ledger.marker(root, unit).unlink()

    def with_zarr(target: "zarr.Array") -> Callable[[], object]:
        def write() -> None:
            target[0:2, 1] = values

        return write

    return {
        "bare file": lambda: (root / "bare").write_bytes(values.data),
        "direct": lambda: write_file(root / name, shard_parts(array, values[rows], counts)),
        "direct, whole commit": commit,
        "zarr-python": with_zarr(opened),
        "zarr-python, comparing with fill": with_zarr(opened_comparing),
    }, values.nbytes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=None, help="on the disk to measure")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for title, tokens, counts in [("fixed grid", 576, (576, 576)), ("ragged", 576, (576, 200))]:
        root = Path(tempfile.mkdtemp(dir=options.folder))
        try:
            ways, size = ways_to_write(root / "run", tokens, np.array(counts, np.int32))
            medians = measure(ways, options.rounds)
        finally:
            shutil.rmtree(root)
        print(f"\n{title}: {size / 1e6:.0f} MB a unit")
        print(f"{'':34}{'ms':>8}{'GB/s':>8}{'x zarr':>8}")
        for name, seconds in medians.items():
            ratio = medians["zarr-python"] / seconds
            print(f"{name:34}{seconds * 1e3:8.1f}{size / seconds / 1e9:8.2f}{ratio:8.2f}")


if __name__ == "__main__":
    main()
