"""Which images of a dataset are taken: a random but fixed subset, or the first ones."""

from dataclasses import replace
from hashlib import sha256

from ..sample import Dataset, fingerprint


def first(dataset: Dataset, number: int) -> Dataset:
    """The first `number` images with all their samples."""
    return _subset(dataset, frozenset(image.id for image in dataset.images[:number]))


def at_random(dataset: Dataset, number: int, *, seed: int) -> Dataset:
    """A random subset of `number` images with all their samples, in the dataset's order.

    An image is in by its own id and the seed alone: the order of the files, other images and the machine change
    nothing, and a larger number keeps all images of a smaller one.

    >>> from ..sample import Image
    >>> dataset = Dataset("letters", tuple(Image(name, ()) for name in "abcdef"), (), "0")
    >>> [image.id for image in at_random(dataset, 3, seed=42).images]
    ['d', 'e', 'f']
    """
    ranked = sorted((image.id for image in dataset.images), key=lambda name: _rank(seed, name))
    return _subset(dataset, frozenset(ranked[:number]))


def _rank(seed: int, name: str) -> bytes:
    return sha256(f"{seed}\0{name}".encode()).digest()


def _subset(dataset: Dataset, ids: frozenset[str]) -> Dataset:
    images = tuple(image for image in dataset.images if image.id in ids)
    if len(images) == len(dataset.images):
        return dataset
    samples = tuple(sample for sample in dataset.samples if sample.image_id in ids)
    identity = fingerprint(dataset.fingerprint, *(image.id for image in images))
    return replace(dataset, images=images, samples=samples, fingerprint=identity)
