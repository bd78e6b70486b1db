"""Scores of options: ours against three ways to write it by hand with transformers, on the same views, in turn.

    python benchmarks/bench_options.py [--rounds N] [--markdown FILE]

POPE-shaped: an image with six yes/no questions, options of one token. SEED-shaped: an image with two questions of four
options of several tokens. By hand: one whole forward an option; the options of a question as one padded batch; the
question's prefix once, its cache repeated for the options (the usual reuse of keys and values). Pictures are encoded
beforehand for all, so that models alone are compared.
"""

import argparse
import copy
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from bench_extraction import seconds
from sized_llava import Tower, checkpoint
from tiny import picture

import hooks
from hooks.context import option_ids, render
from hooks.encoding import process, stack

VISION, LANGUAGE = Tower(384, 1536, 6, 6), Tower(512, 1536, 8, 8)
IMAGES = 2
POPE = tuple(
    hooks.Question(f"Is there a {thing} in the image? Answer yes or no.", ("yes", "no"))
    for thing in ("bus", "dog", "traffic light", "person", "wine glass", "car")
)
SEED = (
    hooks.Question(
        "What is the man in the picture doing?",
        ("He rides a bicycle.", "He waits for the bus.", "He walks his dog in the park.", "He is eating."),
    ),
    hooks.Question(
        "Where is the dog relative to the car?", ("Behind the car", "In front of it", "Under the car", "On the left")
    ),
)

Scores = list[np.ndarray]


class ByHand:
    """Three ways to score all options of views with a plain model."""

    def __init__(self, model: hooks.Model, views: list[hooks.View]) -> None:
        self.module = model.module
        self.asked = [
            (
                stack(model, [process(model.blueprint, view.pictures, text := render(model.blueprint, question.text))]),
                option_ids(model.blueprint, text, question.options),
            )
            for view in views
            for question in view.questions
        ]

    def each(self) -> Scores:
        """One whole forward an option."""
        return [np.array([self._whole(inputs, [ids])[0] for ids in options]) for inputs, options in self.asked]

    def batched(self) -> Scores:
        """The options of a question in one batch, padded on the right."""
        return [np.array(self._whole(inputs, list(options))) for inputs, options in self.asked]

    def _whole(self, inputs: dict[str, torch.Tensor], options: list[tuple[int, ...]]) -> list[float]:
        longest = max(map(len, options))
        rows = torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in options])
        mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in options])
        many = len(options)
        output = self.module(
            input_ids=torch.cat([inputs["input_ids"].expand(many, -1), rows], dim=1),
            attention_mask=torch.cat([inputs["attention_mask"].expand(many, -1), mask], dim=1),
            pixel_values=inputs["pixel_values"].expand(many, -1, -1, -1),
            logits_to_keep=longest + 1,
        )
        logits = output.logits.float().log_softmax(-1)
        return [
            float(sum(logits[row, place, token] for place, token in enumerate(ids))) for row, ids in enumerate(options)
        ]

    def from_cache(self) -> Scores:
        """The prefix of a question once, its cache repeated for the options."""
        found: Scores = []
        for inputs, options in self.asked:
            output = self.module(**inputs, use_cache=True, logits_to_keep=1)
            first, many = output.logits[0, -1].float().log_softmax(-1), len(options)
            longest = max(map(len, options))
            if longest == 1:
                found.append(np.array([float(first[ids[0]]) for ids in options]))
                continue
            cache = copy.deepcopy(output.past_key_values)
            cache.batch_repeat_interleave(many)
            rows = torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in options])
            mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in options])
            whole = torch.cat([inputs["attention_mask"].expand(many, -1), mask], dim=1)
            logits = self.module(input_ids=rows, attention_mask=whole, past_key_values=cache).logits.float()
            later = logits.log_softmax(-1)
            found.append(
                np.array(
                    [
                        float(first[ids[0]] + sum(later[row, place, token] for place, token in enumerate(ids[1:])))
                        for row, ids in enumerate(options)
                    ]
                )
            )
        return found


def measure(model: hooks.Model, questions: tuple[hooks.Question, ...], rounds: int) -> dict[str, list[float]]:
    """Processor seconds of each way over ours, in turn; all must find the same scores."""
    views = [hooks.View((picture(seed, 480, 640),), questions) for seed in range(IMAGES)]
    encoded = [hooks.capture.encode(model, view) for view in views]
    by_hand = ByHand(model, views)

    def ours() -> Scores:
        readings = hooks.capture.read(model, encoded, (), batch_size=IMAGES, end_of_turn=False)
        return [answer.log_likelihood for reading in readings for answer in reading.answers]

    ways: dict[str, Callable[[], Scores]] = {
        "one forward an option": by_hand.each,
        "options batched": by_hand.batched,
        "cache by hand": by_hand.from_cache,
    }
    with torch.inference_mode():
        scores = ours()
        for name, way in ways.items():
            apart = max(float(np.abs(one - other).max()) for one, other in zip(scores, way(), strict=True))
            assert apart < 1e-3, (name, apart)
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                found[name].append(seconds(way)[1] / seconds(ours)[1])
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        checkpoint(Path(name) / "model", VISION, LANGUAGE)
        model = hooks.load(str(Path(name) / "model"), hooks.LoadOptions(device="cpu", dtype="float32"))
    size = sum(each.numel() for each in model.module.parameters()) / 1e6
    shapes = {"POPE": measure(model, POPE, given.rounds), "SEED": measure(model, SEED, given.rounds)}
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, torch {version('torch')}, transformers {version('transformers')}, CPU, "
        f"{size:.0f} M parameters, 576 tokens an image; processor seconds by hand over ours, median (min-max) of "
        f"{given.rounds}.",
        "",
        f"| | {' | '.join(shapes['POPE'])} |",
        "| --- " + "| ---: " * len(shapes["POPE"]) + "|",
    ]
    for name, ratios in shapes.items():
        cells = [f"{statistics.median(each):.1f} ({min(each):.1f}-{max(each):.1f})" for each in ratios.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    print("\n".join(lines))
    if given.markdown:
        given.markdown.write_text("# Scores of options\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
