"""Which inner chunk of a shard is read fastest, over the three ways that states are asked for.

    python benchmarks/bench_chunks.py [--rounds N]

One site's tokens (image, condition, layer, token, feature), 453 MB of float16, uncompressed, a shard for each unit of
four images, under inner chunks of an image, a layer and so many tokens; the last line is one chunk a unit and layer,
without shards. zarr-python reads everything, a layer, an image and a condition, the layouts in turn, the files in the
system's cache; `ours` reads the first layout whatever its chunks, as those of an image and layer lie together.
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
import zarr
from bench_reader import SELECTIONS, SITE, made, seconds
from tables import keep, table, with_what

from stores import SiteSpec

TOKENS = (16, 64, 192, 576)
BLOCK = 4


def arrays(folder: Path, own: "zarr.Array") -> dict[str, "zarr.Array"]:
    """The numbers of a run's array under each layout."""
    _, _, layers, tokens, features = own.shape
    found: dict[str, zarr.Array] = {}
    for inner in TOKENS:
        found[f"{inner} tokens"] = zarr.create_array(
            folder / str(inner), shape=own.shape, dtype=own.dtype, compressors=None,
            chunks=(1, 1, 1, inner, features), shards=(BLOCK, 1, layers, tokens, features),
        )  # fmt: skip
    found["a unit and layer, no shards"] = zarr.create_array(
        folder / "plain", shape=own.shape, dtype=own.dtype, compressors=None, chunks=(BLOCK, 1, 1, tokens, features)
    )
    for array in found.values():
        array[...] = own[...]
    return found


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    np.ones(4 << 30, np.uint8)  # what a virtual machine's memory takes the first time that it is touched is nobody's
    site = SiteSpec("patches", SITE, tuple(range(12)), 1024, "image", "float16", tokens=576, keep_tokens=True)
    root = Path(tempfile.mkdtemp())
    try:
        run = made(root / "run", site, images=8, block=BLOCK, conditions=4)
        layouts = arrays(root / "layouts", zarr.open_array(run.path / "sites/patches/tokens", mode="r"))
        ours = run.embeddings(SITE)
        speeds: dict[str, list[str]] = {name: [] for name in (*layouts, "ours")}
        for chosen in SELECTIONS.values():
            key = tuple(chosen.get(str(dim), slice(None)) for dim in ours.dims)
            part = ours.isel(chosen)
            ways = {name: lambda array=array, key=key: array[key] for name, array in layouts.items()}
            times = seconds(ways | {"ours": lambda part=part: part.values}, rounds)
            for name, each in times.items():
                speeds[name].append(f"{2 * part.size / statistics.median(each) / 1e9:.2f}")
    finally:
        shutil.rmtree(root)
    keep(
        "chunks",
        "Inner chunks of a shard",
        [
            f"`python benchmarks/bench_chunks.py`, {with_what('numpy', 'zarr')}: GB of what is stored per "
            f"processor second, median of {rounds} rounds.",
            table(("chunks of", *SELECTIONS), [[name, *each] for name, each in speeds.items()]),
        ],
    )


if __name__ == "__main__":
    main()
