"""How fast one process can feed a model: an extraction whose forwards cost nothing, at the shape of LLaVA-1.5-7B.

    python benchmarks/bench_ceiling.py [--images N] [--rounds N] [--markdown FILE]

24 vision and 32 language layers that return what they get, 576 tokens of 336x336 pixels, the processor of the model,
one yes/no question an image. What is left is ours, the libraries' and the calls of 56 empty layers: milliseconds of
processor time of the main thread a view, which a GPU waits for, and views a second of wall time. `width` 4096 adds the
copies of real states.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from sized_llava import Tower, checkpoint, dataset
from transformers.models.clip.modeling_clip import CLIPEncoderLayer
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from probe.extraction import execution, run
from probe.extraction.settings import Settings

VISION, LANGUAGE = 24, 32
PERTURB = ("gaussian_noise:1", "brightness:1", "pixelate:1")
SITES = ("vision.layers[-2]:patches", "projector:patches", "language.layers[-1]:context_last")


@dataclass(frozen=True)
class Shape:
    """One row of the table."""

    name: str
    width: int
    picture: tuple[int, int]
    keep: str


SHAPES = [
    Shape(f"{size[1]}x{size[0]}, width {width}, {keep}", width, size, keep)
    for width, keep in ((16, "pooled"), (16, "tokens"), (4096, "pooled"), (4096, "tokens"))
    for size in ((480, 640), (768, 1024))
]


def empty(layer: Any, hidden_states: torch.Tensor, *_: Any, past_key_values: Any = None, **__: Any) -> torch.Tensor:
    """What a layer does instead: it returns its input, and tells the cache that it was there."""
    if past_key_values is not None:
        nothing = hidden_states.new_zeros(len(hidden_states), 1, hidden_states.shape[1], 1)
        past_key_values.update(nothing, nothing, layer.self_attn.layer_idx)
    return hidden_states


def measure(shape: Shape, source: Path, data: Path, out: Path) -> tuple[float, float, int]:
    """Seconds of the main thread and of the wall, and views, of one extraction without loading."""
    settings = Settings(str(source), str(data), perturb=PERTURB, sites=SITES, keep=shape.keep)
    how = execution.Execution(device="cpu", batch_size=8)
    plan, described = run.prepare(settings, how)
    reader = described.open(out)
    target = run.find_target(plan, out)
    with run.writing(out) as own:
        execution.begin(plan, target, reader.provenance, how)
        target = run.again(plan, target)
        busy, started = time.thread_time(), time.perf_counter()
        execution.run_blocks(plan, target, own, reader, how, lambda unit: None)
        return time.thread_time() - busy, time.perf_counter() - started, plan.vision_forwards


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for layer in (CLIPEncoderLayer, LlamaDecoderLayer):
        layer.forward = empty  # before nnsight looks at it
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "nnsight"))
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {versions}, one torch thread, batches of 8, {given.images} images under "
        f"{len(PERTURB) + 1} conditions, min-max of {given.rounds}.",
        "",
        "| pictures, states | main thread, ms a view | views a second |",
        "| --- | ---: | ---: |",
    ]
    print("\n".join(lines), flush=True)
    for shape in SHAPES:
        if given.only not in shape.name:
            continue
        found = []
        for _ in range(given.rounds):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                checkpoint(
                    folder / "model",
                    Tower(min(shape.width, 1024), 1, VISION, 1),
                    Tower(shape.width, 1, LANGUAGE, 1),
                    head_dim=2,
                )
                for images in (8, given.images):  # the first loads and compiles what the second uses
                    data = dataset(folder, shape.picture, images)
                    measured = measure(shape, folder / "model", data, folder / f"run{images}")
                found.append(measured)
        busy = sorted(1000 * main_thread / views for main_thread, _, views in found)
        speed = sorted(views / wall for _, wall, views in found)
        lines.append(
            f"| {shape.name} | {statistics.median(busy):.2f} ({busy[0]:.2f}-{busy[-1]:.2f}) "
            f"| {statistics.median(speed):.0f} ({speed[0]:.0f}-{speed[-1]:.0f}) |"
        )
        print(lines[-1], flush=True)
    if given.markdown:
        given.markdown.write_text("# What one process can feed\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
