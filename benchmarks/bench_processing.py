"""What stands before the model: preparing a view's pictures once for all its questions, and by Pillow or torchvision.

The processors are those of transformers at the size of published models, with small tokenizers; no model runs.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import tiny
from transformers.models.clip import CLIPImageProcessor, CLIPImageProcessorPil
from transformers.models.qwen2_vl import Qwen2VLImageProcessor, Qwen2VLImageProcessorPil
from transformers.models.siglip import SiglipImageProcessor, SiglipImageProcessorPil

import hooks
from hooks import encoding

QUESTIONS, ROUNDS, SIDE = 14, 7, 896
CASES = ("gemma3", "paligemma", "idefics2")
KINDS = {
    "CLIP, 336 px": (CLIPImageProcessor, CLIPImageProcessorPil, {"size": {"shortest_edge": 336}}),
    "SigLIP, 384 px": (SiglipImageProcessor, SiglipImageProcessorPil, {"size": {"height": 384, "width": 384}}),
    "Qwen2-VL": (Qwen2VLImageProcessor, Qwen2VLImageProcessorPil, {}),
}


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def compare(name: str, first: Callable[[], object], second: Callable[[], object]) -> None:
    """Print the medians of both, timed in turn so that noise hits both, and their ratio."""
    first(), second()
    pairs = [(timed(first), timed(second)) for _ in range(ROUNDS)]
    one, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{name:42} {one:8.1f} ms {other:8.1f} ms {other / one:6.2f} x")


def prepared_once(case: str) -> None:
    """One view with many questions, its picture prepared once and for every question."""
    made = hooks.blueprint(str(tiny.checkpoint(case)), tiny.ON_CPU)
    made.processor.image_processor.size = {"height": SIDE, "width": SIDE}
    asked = tuple(hooks.Question(f"question {k}: is there a bus?", ("yes", "no")) for k in range(QUESTIONS))
    view = hooks.View((tiny.picture(0, 480, 640),), asked)

    def each() -> None:
        with patch.object(encoding, "preparing_once", lambda processor, pictures: processor):
            encoding.rows(made, 0, view)

    compare(f"{case}: once, for each of {QUESTIONS} questions", lambda: encoding.rows(made, 0, view), each)


def by_backend(name: str) -> None:
    """One picture of 640x480 by torchvision and by Pillow."""
    fast, slow, settings = KINDS[name]
    picture = Image.fromarray(np.ascontiguousarray(tiny.picture(1, 480, 640)))
    one, other = fast(**settings), slow(**settings)
    compare(
        f"{name}: torchvision, Pillow",
        lambda: one(picture, return_tensors="pt"),
        lambda: other(picture, return_tensors="pt"),
    )


def main() -> None:
    """Print both comparisons."""
    for case in CASES:
        prepared_once(case)
    for name in KINDS:
        by_backend(name)


if __name__ == "__main__":
    main()
