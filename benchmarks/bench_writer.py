"""How fast raw tokens reach the disk: a whole commit beside a bare file of the same bytes, and zarr-python beside both.

    python benchmarks/bench_writer.py [FOLDER] [--rounds N]

The writers take turns within one run, each into files that are not there yet, so that ratios hold on a busy machine.
CPU seconds of this process, kernel included; medians over the rounds, and the range of the ratio to the bare file. The
whole commit also writes seven small arrays and the marker, counts non-finite values, and takes every file's checksum.
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


def measure(ways: dict[str, Callable[[], object]], clear: Callable[[], None], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each way, taking turns; what the one before wrote is cleared first, untimed."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            clear()
            start = time.process_time()
            way()
            seconds[name].append(time.process_time() - start)
    return {name: times[1:] for name, times in seconds.items()}  # the first round warms up


def ways_to_write(
    root: Path, tokens: int, counts: NDArray[np.int32]
) -> tuple[dict[str, Callable[[], object]], Callable[[], None], int]:
    """The ways to write one unit's tokens, what removes all that they wrote, and their bytes."""
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
    written = [root / file for each in plan.unit_arrays(unit).values() for file, _ in each.files(unit)]
    opened = zarr.open_array(root / array.path, mode="r+").with_config({"write_empty_chunks": True})
    plain = zarr.create_array(
        root / "plain", shape=array.shape, dtype=array.dtype, chunks=(2, 1, *array.shape[2:]), compressors=None
    ).with_config({"write_empty_chunks": True})

    def clear() -> None:
        for file in (root / "bare", ledger.marker(root, unit), *written):
            file.unlink(missing_ok=True)
        shutil.rmtree(root / "plain" / "c", ignore_errors=True)

    def with_zarr(target: "zarr.Array") -> Callable[[], object]:
        def write() -> None:
            target[0:2, 1] = values

        return write

    return (
        {
            "bare file (ndarray.tofile)": lambda: values.tofile(root / "bare"),
            "shard alone": lambda: write_file(root / name, shard_parts(array, values[rows], counts)),
            "whole commit": lambda: writer.commit(unit, payload, report={}),
            "zarr-python, these shards": with_zarr(opened),
            "zarr-python, one chunk a unit": with_zarr(plain),
        },
        clear,
        values.nbytes,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=None, help="on the disk to measure")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for title, tokens, counts in [("fixed grid", 576, (576, 576)), ("ragged", 576, (576, 200))]:
        root = Path(tempfile.mkdtemp(dir=options.folder))
        try:
            ways, clear, size = ways_to_write(root / "run", tokens, np.array(counts, np.int32))
            seconds = measure(ways, clear, options.rounds)
        finally:
            shutil.rmtree(root)
        print(
            f"\n| {title}, {size / 1e6:.0f} MB a unit | GB per CPU second | of the bare file's |\n| --- | --- | --- |"
        )
        bare = seconds["bare file (ndarray.tofile)"]
        for name, times in seconds.items():
            ratios = [one / other for one, other in zip(bare, times, strict=True)]
            spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
            print(f"| {name} | {size / statistics.median(times) / 1e9:.2f} | {spread} |")


if __name__ == "__main__":
    main()
