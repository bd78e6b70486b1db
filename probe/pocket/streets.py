"""Drawn street scenes as a dataset: pictures with exact label maps, and questions about them."""

from functools import lru_cache, partial

import numpy as np

from probe.sample import Dataset, Image, LabelMap, Picture, Pixels, Sample, fingerprint
from probe.scenes import SceneFacts

from . import questions, world
from .questions import Facts

EVALUATION_SEED = 20_000
"""The seed of the world that is asked about; the pocket models were trained on others."""

_QUESTION_STREAM = 1_000_003


def streets(count: int = 256, *, seed: int = EVALUATION_SEED, size: world.Size = 224) -> Dataset:
    """`count` scenes with five samples each: two multiple choices of four, two of presence, one of safety.

    Scene i and its samples do not depend on `count`. Pixels and label maps are drawn when they are read.
    """
    samples: list[Sample] = []
    for index in range(count):
        samples += _questions(seed, index, size)
    return Dataset("streets", _images(count, seed, size), tuple(samples), _fingerprint("streets", seed, size))


def streets_describe(count: int = 256, *, seed: int = EVALUATION_SEED, size: world.Size = 224) -> Dataset:
    """The same scenes with one request each to describe them; the answer is the reference text."""
    samples = tuple(questions.ask_description(_facts(seed, index, size), _id(index)) for index in range(count))
    name = "streets-describe"
    return Dataset(name, _images(count, seed, size), samples, _fingerprint(name, seed, size))


def read_pixels(seed: int, index: int, size: world.Size) -> Pixels:
    """The picture of one scene."""
    return world.render(seed, index, size).pixels


def read_labels(seed: int, index: int, size: world.Size) -> LabelMap:
    """The label map of one scene."""
    return world.render(seed, index, size).labels


def read_scene(seed: int, index: int, size: world.Size) -> SceneFacts:
    """What the label map of one scene says of it."""
    return _known(seed, index, size)[1]


def _images(count: int, seed: int, size: world.Size) -> tuple[Image, ...]:
    return tuple(
        Image.of(
            Picture(
                _id(index),
                partial(read_pixels, seed, index, size),
                partial(read_labels, seed, index, size),
                read_scene=partial(read_scene, seed, index, size),
            )
        )
        for index in range(count)
    )


def _id(index: int) -> str:
    return f"streets-{index:06d}"


@lru_cache(maxsize=65_536)
def _known(seed: int, index: int, size: world.Size) -> tuple[Facts, SceneFacts]:
    scene = world.render(seed, index, size)
    return questions.facts(scene), SceneFacts.of_train_ids(scene.labels)


def _facts(seed: int, index: int, size: world.Size) -> Facts:
    return _known(seed, index, size)[0]


def _questions(seed: int, index: int, size: world.Size) -> tuple[Sample, ...]:
    rng = np.random.default_rng([seed, index, _QUESTION_STREAM])
    return questions.ask(_facts(seed, index, size), rng, _id(index))


def _fingerprint(name: str, seed: int, size: world.Size) -> str:
    return fingerprint(name, world.VERSION, questions.VERSION, str(seed), str(size))
