"""Encode once against one full forward per option: the same scores, side by side in one run.

Both go through `pocket-vlm` on the same views of `streets`, each image with all its questions. The reference encodes
the image again for every option of every question, as most harnesses do.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

import hooks
from probe import models
from probe.datasets.registry import open_dataset
from probe.extraction.questions import of_sample
from probe.extraction.settings import Settings
from probe.readers.asking import GENERATIVE

IMAGES, ROUNDS = 8, 5
SETTINGS = Settings("pocket-vlm", "streets")


def views() -> list[hooks.View]:
    """Clean views of streets with their scored questions."""
    dataset = open_dataset("streets", limit=IMAGES).dataset
    return [
        hooks.View(
            tuple(picture.read() for picture in image.pictures),
            tuple(
                each.question for s in dataset.samples_of(image.id) for each in of_sample(s, GENERATIVE, SETTINGS, ())
            ),
        )
        for image in dataset.images
    ]


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Print both times, their ratio, and how far the scores lie apart."""
    model, looked = hooks.load(models.source("pocket-vlm")), views()

    def once() -> list[np.ndarray]:
        return [a.log_likelihood for r in hooks.capture.read(model, looked, (), batch_size=8) for a in r.answers]

    def each() -> list[np.ndarray]:
        return [a.log_likelihood for view in looked for a in hooks.options.score_reference(model, view)]

    apart = max(float(np.abs(a - b).max()) for a, b in zip(once(), each(), strict=True))
    pairs = [(timed(once), timed(each)) for _ in range(ROUNDS)]  # in turn, so that noise hits both
    fast, slow = (statistics.median(column) for column in zip(*pairs, strict=True))
    options = sum(len(question.options) for view in looked for question in view.questions)
    print(f"{IMAGES} views, {options} options, median of {ROUNDS} rounds")
    print(f"encode once          {1000 * fast / IMAGES:7.1f} ms a view")
    print(f"forward per option   {1000 * slow / IMAGES:7.1f} ms a view")
    print(f"ratio                {slow / fast:7.1f} x, largest difference {apart:.1e} nats")


if __name__ == "__main__":
    main()
