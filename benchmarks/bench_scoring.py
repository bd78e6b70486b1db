"""How much processor time each benchmark's scorer takes over 100,000 answers: reading, scoring, its own numbers.

Answers are made here, of the kinds that models give; questions recur, as they do under several conditions.

    python benchmarks/bench_scoring.py [benchmark ...]
"""

import importlib
import pkgutil
import random
import sys
import time
from collections.abc import Iterator

import numpy as np

from analyses import scoring
from analyses.scoring import Asked, Scorer

QUESTIONS, CONDITIONS = 10_000, 10
WORDS = (
    *(
        "yes",
        "no",
        "not sure",
        "two",
        "a red bus",
        "the left one",
        "stop sign",
        "1,000",
        "3.5 kg",
        "dont know",
        "black-and-white",
    ),
    *("Joe's diner", "A", "B.", "(C)", "man", "wooden table", "12:30", "the dog's tail", "none", "it is on the right"),
)
FRAMES = (
    "{}",
    "{}.",
    "The answer is {}.",
    "It is {}, because the picture shows {}.",
    "{}\n",
    "Answer: {}",
    "{} and {}",
)
SCENES = (
    "The image features {} standing next to {} on a street. ",
    "There are several people and {} in the background, as well as two chairs and {}. ",
    "In the foreground, {} is visible close to the dining table, with {} placed on it.\n\n",
)
DETAILED = {"chair"}
OBJECTS = (
    "a dog",
    "two buses",
    "a man's bicycle",
    "a wine glass",
    "traffic lights",
    "a bowl of fruit",
    "a baby elephant",
)


def scorers() -> Iterator[Scorer]:
    """Every scorer of the package, by the name of its module."""
    for found in pkgutil.iter_modules(scoring.__path__):
        module = importlib.import_module(f"analyses.scoring.{found.name}")
        if hasattr(module, "SCORER"):
            yield module.SCORER


def answers(draw: random.Random, frames: tuple[str, ...], words: tuple[str, ...], sentences: int) -> list[str]:
    """As many answers as there are pairs, most of them different."""

    def one() -> str:
        text = "".join(draw.choice(frames) for _ in range(sentences))
        return text.format(*(draw.choice(words) for _ in range(text.count("{}")))) + draw.choice(
            ("", "", f" {draw.random():.3f}")
        )

    return [one() for _ in range(QUESTIONS * CONDITIONS)]


def questions(draw: random.Random, scorer: str) -> list[Asked]:
    """Questions with four options, ten references and a picture's objects, or yes and no."""
    options = ("yes", "no") if scorer == "pope" else ()
    if scorer not in {"pope", "vqav2", "textvqa", "gqa", "chair"}:
        options = ("a red bus", "stop sign", "wooden table", "none")
    made: list[Asked] = []
    for number in range(QUESTIONS):
        references = tuple(f"{draw.choice(WORDS)} {number if draw.random() < 0.3 else ''}" for _ in range(10))
        if scorer == "chair":
            references = tuple(f"A man rides {draw.choice(OBJECTS)} near {number} trees." for _ in range(5))
        answer = draw.choice(options) if options else references[0]
        metadata = {
            "objects": "; ".join(draw.sample(("dog", "bus", "person", "chair", "bowl"), 3)),
            "question_type": "open",
        }
        made.append(Asked(str(number), f"question {number}?", options, answer, () if options else references, metadata))
    return made


def seconds(scorer: Scorer) -> None:
    """Print how long each reading takes over all pairs, and the measures after it."""
    draw = random.Random(0)
    detailed = scorer.benchmark in DETAILED
    texts = answers(draw, SCENES, OBJECTS, 6) if detailed else answers(draw, FRAMES, WORDS, 1)
    asked = questions(draw, scorer.benchmark)
    length = sum(len(text.split()) for text in texts) / len(texts)
    for reading in scorer.readings:
        started = time.process_time()
        pairs = list(zip(texts, (one for one in asked for _ in range(CONDITIONS)), strict=True))
        said = [reading.parse(text, one) for text, one in pairs]
        right = [reading.correct(one_said, one) for one_said, (_, one) in zip(said, pairs, strict=True)]
        read = time.process_time()
        parsed = np.array(said, object).reshape(QUESTIONS, CONDITIONS)
        correct = np.array(right).reshape(parsed.shape)
        for measure in scorer.measures:
            measure.terms(parsed, correct, asked)
        done = time.process_time()
        print(
            f"{scorer.benchmark:12}{reading.name:18}{length:6.1f} words  "
            f"read and scored {read - started:5.2f} s  measures {done - read:5.2f} s"
        )


def main() -> None:
    """Time all scorers, or those that are named."""
    for scorer in scorers():
        if not sys.argv[1:] or scorer.benchmark in sys.argv[1:]:
            seconds(scorer)


if __name__ == "__main__":
    main()
