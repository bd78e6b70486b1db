"""An extraction against bare forwards of the same batches, at a size where forwards cost something.

    python benchmarks/bench_extraction.py [--images N] [--rounds N] [--readouts NAME]... [--markdown FILE]

A LLaVA of 147 M parameters with random weights: pictures of 640x480 become 576 tokens, one yes/no question an image.
The bare forward is the plain transformers model on the whole prompts, batched as the extraction batches them, with
pictures perturbed and encoded beforehand: what nobody can do without. The extraction perturbs, encodes, reads states
and scores, reduces tokens, and commits. Both in turn, wall and processor seconds. With readouts, the extraction with
them is set against the same without.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch
import transformers
from sized_llava import Tower, checkpoint, dataset

import hooks
import probe
from probe.datasets.registry import open_dataset
from probe.perturbations import catalogue, suites

VISION, LANGUAGE = Tower(512, 2048, 8, 8), Tower(896, 3328, 9, 14)
PERTURB = ("gaussian_noise:1", "brightness:1", "pixelate:1")
SITES = ("vision.layers[-2]:patches", "projector:patches", "language.layers[-1]:context_last")
BATCH = 8


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of one call, all threads together."""
    used, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    return wall, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime


def prepared(source: Path, data: Path) -> list[dict[str, torch.Tensor]]:
    """The whole prompts of all images under each condition, in batches."""
    blueprint = hooks.blueprint(str(source), hooks.LoadOptions(device="cpu"))
    images = open_dataset(str(data)).dataset.images
    batches: list[dict[str, torch.Tensor]] = []
    for condition in suites.parse([*PERTURB]):
        pictures = [
            catalogue.apply(condition, picture.read(), image_id=picture.id, seed=0)
            for image in images
            for picture in image.pictures
        ]
        text = hooks.context.render(blueprint, "is there a bus? Answer yes or no.")
        rows = [hooks.encoding.process(blueprint, (pixels,), text) for pixels in pictures]
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            batches.append({name: torch.cat([row[name] for row in part]) for name in part[0]})
    return batches


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--readouts", action="append", default=[])
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint(folder / "model", VISION, LANGUAGE)
        data = dataset(folder, (480, 640), given.images)
        module = transformers.AutoModelForImageTextToText.from_pretrained(folder / "model", dtype="float32").eval()
        batches = [] if given.readouts else prepared(folder / "model", data)

        def bare() -> None:
            with torch.inference_mode():
                for batch in batches:
                    module(**batch, use_cache=True, logits_to_keep=1)

        loaded = hooks.load(str(folder / "model"), hooks.LoadOptions(device="cpu", dtype="float32"))
        runs = iter(range(1000))

        def extract(readouts: Sequence[str] = given.readouts) -> None:
            probe.extract(
                str(folder / "model"), str(data), out=folder / f"run{next(runs)}", perturb=PERTURB, sites=SITES,
                dtype="float32", readouts=readouts, execution=probe.Execution(device="cpu", batch_size=BATCH),
            )  # fmt: skip

        hooks.load = lambda blueprint: loaded  # both without loading weights
        without = partial(extract, ()) if given.readouts else bare
        without(), extract()
        pairs = [(seconds(without), seconds(extract)) for _ in range(given.rounds)]
    views = given.images * (len(PERTURB) + 1)
    parameters = sum(each.numel() for each in module.parameters()) / 1e6
    compared = "bare forwards, s | extraction"
    if given.readouts:
        compared = f"without, s | with {' and '.join(given.readouts)}"
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, torch {version('torch')}, transformers {version('transformers')}, "
        f"{torch.get_num_threads()} torch threads, {parameters:.0f} M parameters, {views} views in batches of {BATCH}, "
        f"median (min-max) of {given.rounds} pairs.",
        "",
        f"| | {compared}, s | ratio |",
        "| --- | ---: | ---: | ---: |",
    ]
    for place, what in enumerate(("wall", "processor")):
        one, other = ([pair[k][place] for pair in pairs] for k in (0, 1))
        ratios = [b / a for a, b in zip(one, other, strict=True)]
        lines.append(
            f"| {what} | {statistics.median(one):.2f} | {statistics.median(other):.2f} "
            f"| {statistics.median(ratios):.3f} ({min(ratios):.3f}-{max(ratios):.3f}) |"
        )
    print("\n".join(lines))
    if given.markdown:
        given.markdown.write_text("# Extraction against bare forwards\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
