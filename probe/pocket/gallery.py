"""The scenes that training looks at, drawn once and kept on disk as plain arrays."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import world
from .questions import Facts, facts

SIZE = 224
PATCH = 16


@dataclass(frozen=True)
class Gallery:
    """`pixels` (scene, row, col, channel) and `labels` (scene, row, col), uint8 on disk, and each scene's facts."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    facts: tuple[Facts, ...]

    def __len__(self) -> int:
        return len(self.facts)

    def batches(self, size: int, steps: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """`steps` batches of scene indices, every scene once before any comes again."""
        order = np.empty(0, dtype=np.int64)
        for _ in range(steps):
            while len(order) < size:
                order = np.concatenate([order, rng.permutation(len(self))])
            batch, order = order[:size], order[size:]
            yield np.sort(batch)


def gallery(folder: Path, seed: int, count: int) -> Gallery:
    """The first `count` scenes of the world `seed`, drawn into `folder` unless they are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"scenes-v{world.VERSION}-{seed}-{count}"
    paths = {"pixels": stem.with_suffix(".pixels.npy"), "labels": stem.with_suffix(".labels.npy")}
    known = stem.with_suffix(".json")
    if not known.exists():
        shapes = {"pixels": (count, SIZE, SIZE, 3), "labels": (count, SIZE, SIZE)}
        arrays = {name: np.lib.format.open_memmap(paths[name], "w+", np.uint8, shape) for name, shape in shapes.items()}
        rows = []
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
            tasks = ((seed, index) for index in range(count))
            for index, (pixels, labels, fact) in enumerate(pool.map(_draw, tasks, chunksize=32)):
                arrays["pixels"][index], arrays["labels"][index] = pixels, labels
                rows.append(fact)
        known.write_text(json.dumps([_plain(fact) for fact in rows]))
    loaded = tuple(_facts(row) for row in json.loads(known.read_text()))
    return Gallery(np.load(paths["pixels"], mmap_mode="r"), np.load(paths["labels"], mmap_mode="r"), loaded)


def _draw(task: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Facts]:
    scene = world.render(*task, SIZE)
    return scene.pixels, scene.labels, facts(scene)


def _plain(fact: Facts) -> dict[str, object]:
    return {**asdict(fact), "present": sorted(fact.present), "absent": sorted(fact.absent)}


def _facts(row: dict) -> Facts:
    colours = tuple((word, colour) for word, colour in row["colours"])
    return Facts(frozenset(row["present"]), frozenset(row["absent"]), colours, row["safe"])
