"""How fast a run is read: its labelled float32 arrays beside plain zarr-python reading the numbers as they are stored.

    python benchmarks/bench_reader.py [FOLDER] [--rounds N]

Two plain arrays stand for zarr-python: the run's own, and one of the same numbers with one uncompressed chunk for each
unit, which zarr-python reads fastest as a whole. Readers take turns within one run, the files in the system's cache.
CPU seconds of this process, kernel included; medians over the rounds, and the range of the ratio to the faster array.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from stores import ConditionRow, Layout, Run, SampleRow, SiteSpec, Writer, create, hashed, open_run

SITE = "vision.layers[*]:patches"
SELECTIONS: dict[str, dict[str, int]] = {
    "everything": {}, "a layer": {"layer": 5}, "an image": {"image": 3}, "a condition": {"condition": 1}
}  # fmt: skip


def made(root: Path, site: SiteSpec, *, images: int, block: int, conditions: int) -> Run:
    """A complete run of random states."""
    samples = tuple(SampleRow(f"s{k}", k, "?", "a", "mcq", ("a", "b", "c", "d")) for k in range(images))
    names = tuple(ConditionRow(f"c{k}", "f") for k in range(conditions))
    plan = Layout(block, tuple(f"i{k}" for k in range(images)), samples, names, (site,))
    create(root, plan, plan=hashed({"benchmark": "reader"}), provenance={})
    writer, random = Writer(root, plan), np.random.default_rng(0).normal(size=100_003).astype(np.float32)
    for unit in plan.units():
        payload = plan.blank(unit)
        for name, array in plan.unit_arrays(unit).items():
            if name.endswith("/n_tokens"):
                payload[name][...] = site.tokens
            elif name.endswith(("/tokens", "/pooled", "/log_likelihood")):
                values = np.resize(random, payload[name].shape)
                payload[name] = (
                    (values.view(np.uint32) >> 16).astype("u2") if array.bfloat16 else values.astype(array.dtype)
                )
        writer.commit(unit, payload, report={})
    return open_run(root)


def plain_copy(run: Run, name: str, rows: int) -> tuple["zarr.Array", "zarr.Array"]:
    """The run's own array, and one of the same numbers with one chunk for each unit."""
    own = zarr.open_array(run.path / name, mode="r")
    copy = zarr.create_array(
        run.path.with_name("plain"), shape=own.shape, dtype=own.dtype, chunks=(rows, 1, *own.shape[2:]),
        compressors=None, overwrite=True,
    )  # fmt: skip
    copy[...] = own[...]
    return own, copy


def seconds(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each way, taking turns."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            found[name].append(time.process_time() - start)
    return {name: times[1:] for name, times in found.items()}


def report(title: str, ours: Any, plain: tuple["zarr.Array", "zarr.Array"], rounds: int) -> None:
    """Measure the selections that the array has, and print a line for each."""
    for selection, chosen in SELECTIONS.items():
        if not chosen.keys() <= set(ours.dims):
            continue
        key = tuple(chosen.get(str(dim), slice(None)) for dim in ours.dims)
        part = ours.isel(chosen)
        ways = {
            "ours": lambda part=part: part.values,
            "its own": lambda key=key: plain[0][key],
            "a chunk a unit": lambda key=key: plain[1][key],
        }
        times = seconds(ways, rounds)
        size = part.size * plain[0].dtype.itemsize
        rates = {name: size / statistics.median(each) / 1e9 for name, each in times.items()}
        best = [min(pair) for pair in zip(times["its own"], times["a chunk a unit"], strict=True)]
        ratios = [one / other for one, other in zip(best, times["ours"], strict=True)]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        shown = " | ".join(f"{rate:.3g}" for rate in rates.values())
        print(f"| {title} | {selection} | {size / 1e6:.3g} | {shown} | {spread} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=None, help="on the disk to measure")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    np.ones(4 << 30, np.uint8)  # what a virtual machine's memory takes the first time that it is touched is nobody's
    print(
        "| array | read | MB | ours, GB per CPU second | zarr, its own | zarr, a chunk a unit | of the faster zarr's |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for dtype in ("float16", "bfloat16", "float32"):
        for title, layers, features, tokens, sizes in (
            (f"tokens {dtype}", 12, 1024, 576, {"images": 8, "block": 4, "conditions": 4}),
            (f"pooled {dtype}", 24, 1024, None, {"images": 256, "block": 16, "conditions": 10}),
        ):
            site = SiteSpec(
                "patches", SITE, tuple(range(layers)), features, "image", dtype, tokens=tokens, keep_tokens=bool(tokens)
            )
            root = Path(tempfile.mkdtemp(dir=options.folder))
            try:
                run = made(root / "run", site, **sizes)
                name = "tokens" if tokens else "pooled"
                plain = plain_copy(run, f"sites/patches/{name}", sizes["block"])
                report(title, run.embeddings(SITE), plain, options.rounds)
                if dtype == "float32" and not tokens:
                    plain = plain_copy(run, "answers/log_likelihood", sizes["block"])
                    report("answers float32", run.answers.log_likelihood, plain, options.rounds)
            finally:
                shutil.rmtree(root)


if __name__ == "__main__":
    main()
